/** The study's questions. Resolves when the server has stored the answers. */

import { h } from "../dom.js";
import { pick, t } from "../i18n.js";
import { storage } from "../state/storage.js";
import { Refused } from "../transport/api.js";
import { show } from "./page.js";

const MOST_BUTTONS = 5;

export async function questionnaire({ study, session }) {
  const error = h("p", { class: "error", role: "alert" });
  const next = h("button", { class: "primary" }, t("next"));
  const form = h(
    "form",
    { class: "questionnaire" },
    study.questionnaire.map(showQuestion),
    error,
    h("div", { class: "actions" }, next),
  );
  const draft = `autofx:questionnaire:${session.state.token}`;
  restoreFields(form, JSON.parse(storage.read(draft) ?? "{}"));
  form.addEventListener("input", () => {
    storage.write(draft, JSON.stringify(Object.fromEntries(new FormData(form))));
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  show(t("questionnaire_title"), h("p", {}, t("questionnaire_text")), form);
  for (;;) {
    await new Promise((resolve) => form.addEventListener("submit", resolve, { once: true }));
    next.disabled = true;
    try {
      await session.complete("questionnaire", { answers: readAnswers(form, study.questionnaire) });
      storage.remove(draft);
      return;
    } catch (problem) {
      if (!(problem instanceof Refused)) throw problem;
      error.textContent = problem.message;
      next.disabled = false;
    }
  }
}

/** Fills in what was chosen and typed before the page was left. */
function restoreFields(form, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements.namedItem(name); // radio buttons come as a list, which has a value
    if (field) field.value = value;
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
  if (question.options.length > MOST_BUTTONS) return showList(question, label);
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

/** A choice of many as a list that unfolds. */
function showList({ id, required, options }, label) {
  const list = h(
    "select",
    { name: id, required },
    h("option", { value: "" }, "–"),
    options.map((option) => h("option", { value: option.value }, pick(option.label))),
  );
  return h("label", { class: "field" }, label, list);
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
