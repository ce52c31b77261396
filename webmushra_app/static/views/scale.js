/** The quality scale of Rec. ITU-R BS.1534: five equal intervals from Bad (0) to Excellent (100). */

import { h } from "../dom.js";
import { t } from "../i18n.js";

const LABELS = ["bad", "poor", "fair", "good", "excellent"];

/** The label of the interval that a score lies in. */
export function labelOf(score) {
  return t(LABELS[Math.min(Math.floor(score / 20), LABELS.length - 1)]);
}

/** The five labels in a row, aligned with the sliders below them. */
export function scaleLabels() {
  return h(
    "ol",
    { class: "scale" },
    LABELS.map((label) => h("li", {}, t(label))),
  );
}
