/** Thanks, and the completion code or the way back to where the listener came from. */

import { h, paragraphs } from "../dom.js";
import { pick, t } from "../i18n.js";
import { show } from "./page.js";

export function waitForAnswers() {
  show(t("sending_title"), h("p", {}, t("sending_text")));
}

export function thank({ study, session }) {
  const { code, redirect } = session.state.completion;
  const copy = navigator.clipboard
    ? h("button", { click: () => copyCode(code, copy) }, t("copy"))
    : null; // not over plain http
  show(
    t("thanks_title"),
    paragraphs(pick(study.texts.thanks) || t("thanks_text")),
    h("div", { class: "card completion" }, h("p", {}, t("code")), h("code", {}, code), copy),
    redirect?.startsWith("https://")
      ? h("div", { class: "actions" }, h("a", { class: "primary", href: redirect }, t("go_back")))
      : "",
  );
}

async function copyCode(code, button) {
  await navigator.clipboard.writeText(code);
  button.textContent = t("copied");
}
