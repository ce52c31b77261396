/**
 * The level check: how many tones were played? Two rounds in a row must be right, so that who hears
 * nothing passes with a chance of 1 in 25.
 */

import { COUNTS, drawCount, makeCount } from "../audio/tones.js";
import { h, pressed } from "../dom.js";
import { t } from "../i18n.js";
import { show } from "./page.js";

const ROUNDS = 2;

/** Resolves to true when the counts were right, to false at the first that was wrong. */
export async function countTones({ session, engine, startAudio }) {
  for (let round = 1; round <= ROUNDS; round++) {
    const played = drawCount();
    const counted = await askCount({ engine, startAudio }, played, round);
    session.report("level_check", { played, counted });
    if (counted !== played) return false;
  }
  return true;
}

async function askCount({ engine, startAudio }, played, round) {
  const play = h("button", { class: "play", disabled: true }, t("count_play"));
  const choices = COUNTS.map((n) => h("button", { class: "choice", disabled: true }, String(n)));
  show(
    t("count_title"),
    h("p", {}, t("count_text")),
    h(
      "div",
      { class: "card" },
      h("p", { role: "status" }, t("headphones_round", { n: round, total: ROUNDS })),
      h("div", { class: "actions" }, play),
      h("div", { class: "choices", role: "group", "aria-label": t("count_title") }, choices),
    ),
  );
  await engine.load([makeCount(played, engine.context.sampleRate)]);
  await engine.setRepeat(false);
  play.disabled = false;
  play.onclick = async () => {
    if (!(await startAudio())) return;
    await engine.seek(0);
    await engine.select(0);
    for (const choice of choices) choice.disabled = false;
  };
  const counted = await Promise.race(
    choices.map((choice, index) => pressed(choice, COUNTS[index])),
  );
  engine.stop();
  return counted;
}
