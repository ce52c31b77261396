/** What to do and how, with sounds that show both ends of the scale. */

import { h, paragraphs, pressed } from "../dom.js";
import { pick, t } from "../i18n.js";
import { keyHelp } from "./keys.js";
import { loadSounds } from "./loading.js";
import { show } from "./page.js";
import { picture } from "./picture.js";
import { scaleLabels } from "./scale.js";

export async function instructions({ study, session, engine, sounds, startAudio }) {
  const place = h("div", {});
  const examples = h("div", { class: "examples" });
  const next = h("button", { class: "primary" }, t("instructions_done"));
  show(
    t("instructions_title"),
    picture(),
    paragraphs(pick(study.texts.instructions) || t("instructions_text")),
    h(
      "div",
      { class: "card" },
      h("h2", {}, t("scale_title")),
      scaleLabels(study.scale),
      h("p", {}, t(`scale_text_${study.scale}`)),
    ),
    h("div", { class: "card" }, h("h2", {}, t("examples_title")), place, examples),
    h("details", {}, h("summary", {}, t("keys_title")), keyHelp()),
    h("div", { class: "actions" }, next),
  );
  const gone = pressed(next);
  const leaving = new AbortController();
  const offered = Object.entries(await session.examples()).filter(([, sound]) => sound);
  if (offered.length) {
    await Promise.race([gone, offer(offered)]);
  }
  await gone;
  leaving.abort(); // whatever is still loading must not reach the engine any more
  engine.stop();
  await session.complete("instructions", {});

  async function offer(entries) {
    const buffers = await loadSounds(
      place,
      { sounds, session },
      entries.map(([, sound]) => sound),
    );
    // Whoever goes on before the examples are there has the practice trial's sounds by now.
    if (leaving.signal.aborted) return;
    await engine.load(buffers);
    const buttons = entries.map(([name], index) =>
      h(
        "button",
        { class: "play", "aria-pressed": "false", click: () => toggle(index) },
        t(`example_${name}`),
      ),
    );
    examples.replaceChildren(...buttons);
    const follow = () =>
      buttons.forEach((button, index) => {
        button.setAttribute("aria-pressed", String(engine.track === index));
      });
    engine.addEventListener("report", follow, { signal: leaving.signal });
  }

  async function toggle(index) {
    if (!(await startAudio())) return;
    if (engine.track === index) await engine.stop();
    else await engine.select(index);
  }
}
