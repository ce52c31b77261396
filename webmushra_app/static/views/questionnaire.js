/** The study's questions. Resolves when the server has stored the answers. */

import { h } from "../dom.js";
import { pick, t } from "../i18n.js";
import { Refused } from "../transport/api.js";
import { show } from "./page.js";

export async function questionnaire({ study, session }) {
  const error = h("p", { class: "error", role: "alert" });
  const form = h(
    "form",
    { class: "questionnaire" },
    study.questionnaire.map(showQuestion),
    error,
    h("div", { class: "actions" }, h("button", { class: "primary" }, t("next"))),
  );
  show(t("questionnaire_title"), h("p", {}, t("questionnaire_text")), form);
  for (;;) {
    await new Promise((resolve) => {
      const submit = (event) => {
        event.preventDefault();
        resolve();
      };
      form.addEventListener("submit", submit, { once: true });
    });
    try {
      await session.complete("questionnaire", { answers: readAnswers(form, study.questionnaire) });
      return;
    } catch (problem) {
      if (!(problem instanceof Refused)) throw problem;
      error.textContent = problem.message;
    }
  }
}

function showQuestion(question) {
  const label = question.required ? `${pick(question.label)} *` : pick(question.label);
  if (question.type === "choice") return showChoice(question, label);
  const kind =
    question.type === "number"
      ? { type: "number", step: "any", min: question.min, max: question.max }
      : { type: "text", maxlength: 300 };
  const input = h("input", { ...kind, name: question.id, required: question.required });
  return h("label", { class: "field" }, label, input);
}

function showChoice(question, label) {
  const options = question.options.map((option) => {
    const attributes = { type: "radio", name: question.id, value: option.value };
    return h(
      "label",
      {},
      h("input", { ...attributes, required: question.required }),
      pick(option.label),
    );
  });
  return h("fieldset", { class: "field" }, h("legend", {}, label), options);
}

function readAnswers(form, questions) {
  const typed = new FormData(form);
  const entries = questions
    .map(({ id, type }) => [
      id,
      type === "number" ? typed.get(id) && Number(typed.get(id)) : typed.get(id),
    ])
    .filter(([, answer]) => answer !== null && answer !== "");
  return Object.fromEntries(entries);
}
