/**
 * One line of the trial: the button that plays a stimulus, its slider, and its score. The slider
 * works only while the stimulus is heard, and shows no mark until it is touched.
 */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { labelOf } from "./scale.js";

const UNTOUCHED_AT = 50;

export class StimulusLine {
  /** @param {{label: string, score: number|null}} rating
   *  @param {{onPlay: () => void, onScore: (score: number) => void}} handlers */
  constructor({ label, score }, { onPlay, onScore }) {
    this.label = label;
    this.onScore = onScore;
    this.button = h("button", { class: "play", "aria-pressed": "false", click: onPlay }, label);
    this.button.setAttribute("aria-label", t("play_stimulus", { label }));
    this.slider = h("input", {
      type: "range",
      class: "score",
      ...{ min: 0, max: 100, step: 1, value: score ?? UNTOUCHED_AT, disabled: true },
      "aria-label": t("score_of", { label }),
      input: () => this.#rate(),
      pointerup: () => this.slider.disabled || this.#rate(), // where it already is: no input event
      keydown: ({ key }) => key === "Enter" && this.#rate(),
    });
    this.output = h("output", {});
    const hint = h("span", { class: "hint", "aria-hidden": "true" }, t("hint"));
    const parts = [this.button, this.slider, hint, this.output];
    this.element = h("li", { class: "stimulus" }, parts);
    this.showScore(score);
  }

  setPlaying(playing) {
    this.button.setAttribute("aria-pressed", String(playing));
    this.element.classList.toggle("playing", playing);
    this.slider.disabled = !playing;
  }

  showScore(score) {
    const touched = score !== null;
    this.element.classList.toggle("untouched", !touched);
    this.output.textContent = touched ? String(score) : "–";
    const text = touched ? t("score_value", { score, label: labelOf(score) }) : t("not_rated");
    this.slider.setAttribute("aria-valuetext", text);
  }

  setMissing(missing) {
    this.element.classList.toggle("missing", missing);
  }

  #rate() {
    const score = Number(this.slider.value);
    this.showScore(score);
    this.onScore(score);
  }
}
