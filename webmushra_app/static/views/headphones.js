/** The headphone check: which of three tones is the quietest? Six rounds, see audio/tones.js. */

import { drawRounds, LEAST_CORRECT, makeTones, N_ROUNDS, N_TONES } from "../audio/tones.js";
import { h, pressed } from "../dom.js";
import { t } from "../i18n.js";
import { show, showMessage } from "./page.js";

export async function headphones(tools) {
  const advisory = tools.study.headphone_check === "advisory";
  for (;;) {
    const correct = await takeCheck(tools, advisory);
    const passed = correct >= LEAST_CORRECT;
    const skipped = correct === null;
    const result = { correct: correct ?? 0, total: skipped ? 0 : N_ROUNDS, passed, skipped };
    if (passed || skipped) return tools.session.complete("headphones", result);
    await tools.session.complete("headphones", result);
    if (!(await offerRetry(advisory))) return;
  }
}

/** Resolves to how many rounds were right, or null if the listener skipped the check. */
async function takeCheck({ engine, startAudio }, mayskip) {
  const skip = h("button", {}, t("headphones_skip"));
  const play = h("button", { class: "play" }, t("headphones_play"));
  const choices = Array.from({ length: N_TONES }, (_, tone) =>
    h("button", { class: "choice", disabled: true }, t("headphones_choice", { n: tone + 1 })),
  );
  const progress = h("p", { role: "status" });
  show(
    t("headphones_title"),
    h("p", {}, t("headphones_text")),
    h(
      "div",
      { class: "card" },
      progress,
      h("div", { class: "actions" }, play),
      h(
        "div",
        { class: "choices", role: "group", "aria-label": t("headphones_question") },
        choices,
      ),
    ),
    mayskip ? h("div", { class: "actions" }, skip) : "",
  );
  const skipped = pressed(skip, null);
  let correct = 0;
  for (const [index, round] of drawRounds().entries()) {
    progress.textContent = t("headphones_round", { n: index + 1, total: N_ROUNDS });
    for (const choice of choices) choice.disabled = true;
    await engine.load([makeTones(round, engine.context.sampleRate)]);
    await engine.setRepeat(false);
    const answer = await Promise.race([askRound(play, choices, engine, startAudio), skipped]);
    engine.stop();
    if (answer === null) return null;
    correct += answer === round.quieter;
  }
  return correct;
}

/** Plays as often as asked, and resolves to the tone that was chosen. */
function askRound(play, choices, engine, startAudio) {
  play.onclick = async () => {
    if (!(await startAudio())) return;
    await engine.seek(0);
    await engine.select(0);
    for (const choice of choices) choice.disabled = false;
  };
  return Promise.race(choices.map((choice, tone) => pressed(choice, tone)));
}

async function offerRetry(advisory) {
  if (!advisory)
    return showMessage(t("headphones_failed"), t("headphones_required"), t("retry")).then(
      () => true,
    );
  const retry = h("button", {}, t("retry"));
  const goOn = h("button", { class: "primary" }, t("headphones_go_on"));
  show(
    t("headphones_failed"),
    h("p", {}, t("headphones_advice")),
    h("div", { class: "actions" }, goOn, retry),
  );
  return Promise.race([pressed(retry, true), pressed(goOn, false)]);
}
