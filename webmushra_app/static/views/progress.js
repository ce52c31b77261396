/** How far the listener is, and how long it still takes. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/** @returns {{title: string, bar: HTMLElement}} of one trial */
export function progressOf(state, { position, training }) {
  const practice = state.trials.filter((trial) => trial.training).length;
  const n = training ? position : position - practice;
  const total = training ? practice : state.trials.length - practice;
  const title = t(training ? "practice_title" : "trial_title", { n, total });
  const label = t("progress", { n: position - 1, total: state.trials.length });
  const bar = h(
    "div",
    { class: "progress" },
    h("progress", { max: state.trials.length, value: position - 1, "aria-label": label }),
    h("span", {}, timeLeft(state)),
    training ? h("p", { class: "note" }, t("practice_note")) : "",
  );
  return { title, bar };
}

export function timeLeft({ estimate_left_s }) {
  return t("time_left", { n: Math.max(1, Math.round(estimate_left_s / 60)) });
}
