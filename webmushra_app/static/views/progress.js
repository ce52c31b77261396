/** How far the listener is, and how long it still takes; in the frame, so on every page. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/** Shows a bar over all steps and trials with the time left; nothing once the session is over. */
export function showProgress({ study, session }) {
  const { steps_done, trials, stage } = session.state;
  const total = study.steps.length + trials.length;
  const done = steps_done.length + trials.length - session.openTrials.length;
  const bar = h("progress", {
    max: total,
    value: done,
    "aria-label": t("progress", { n: done, total }),
  });
  const parts = stage === "finished" ? [] : [bar, h("span", {}, timeLeft(session.state))];
  document.getElementById("progress").replaceChildren(...parts);
}

function timeLeft({ estimate_left_s }) {
  return t("time_left", { n: Math.max(1, Math.round(estimate_left_s / 60)) });
}

/** "Page 3 of 12", or "Practice 1 of 2". */
export function titleOf({ position, training }, { trials }) {
  const practice = trials.filter((trial) => trial.training).length;
  if (training) return t("practice_title", { n: position, total: practice });
  return t("trial_title", { n: position - practice, total: trials.length - practice });
}
