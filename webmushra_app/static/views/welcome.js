/** Welcome: what the test is, how long it takes, and consent. Resolves when the listener agrees. */

import { h, paragraphs, pressed } from "../dom.js";
import { pick, t } from "../i18n.js";
import { show } from "./page.js";

export async function welcome(study) {
  const texts = pick(study.texts.welcome) || t("welcome_text");
  const agree = h("button", { class: "primary" }, t("agree"));
  show(
    pick(study.title),
    paragraphs(texts),
    h(
      "ul",
      { class: "facts" },
      h("li", {}, t("fact_time", { n: Math.max(1, Math.round(study.estimate_s / 60)) })),
      h("li", {}, t("fact_trials", { n: study.n_trials, stimuli: study.n_stimuli })),
      h("li", {}, t("fact_device")),
      h("li", {}, t("fact_resume")),
    ),
    h(
      "section",
      { class: "card" },
      h("h2", {}, t("consent_title")),
      paragraphs(pick(study.consent.text)),
    ),
    h("div", { class: "actions" }, agree),
  );
  await pressed(agree);
  agree.disabled = true;
}

/** Offers to go on with a session begun earlier on this device; resolves to true to resume. */
export function offerResume(study) {
  const resume = h("button", { class: "primary" }, t("resume"));
  const anew = h("button", {}, t("begin_anew"));
  show(
    pick(study.title),
    h("p", {}, t("resume_text")),
    h("div", { class: "actions" }, resume, anew),
  );
  return Promise.race([pressed(resume, true), pressed(anew, false)]);
}
