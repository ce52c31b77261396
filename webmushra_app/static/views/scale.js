/**
 * The scale's five equal intervals from 0 to 100, with the words that the study chose: the quality
 * scale of Rec. ITU-R BS.1534, from Bad to Excellent, or similarity to the reference.
 */

import { h } from "../dom.js";
import { t } from "../i18n.js";

const WORDS = {
  quality: ["bad", "poor", "fair", "good", "excellent"],
  similarity: ["very_different", "different", "alike", "very_alike", "same"],
};

/** The word of the interval that a score lies in. */
export function labelOf(score, scale) {
  const words = WORDS[scale];
  return t(words[Math.min(Math.floor((score * words.length) / 100), words.length - 1)]);
}

/** The five words in a row, aligned with the sliders below them. */
export function scaleLabels(scale) {
  return h(
    "ol",
    { class: "scale" },
    WORDS[scale].map((word) => h("li", {}, t(word))),
  );
}
