/**
 * One line of the trial: the button that plays a stimulus, its slider, and its score. The slider
 * works only while the stimulus is heard; pressing it before plays the stimulus.
 */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { labelOf } from "./scale.js";
import { Slider } from "./slider.js";

export class StimulusLine {
  /**
   * @param {{label: string, score: number|null}} rating
   * @param {string} scale whose words describe the score
   * @param {{onPlay: () => void, onScore: (score: number) => void, onSilentPress: () => void}}
   *   handlers onSilentPress: the slider was pressed while another sound or none was heard
   */
  constructor({ label, score }, scale, { onPlay, onScore, onSilentPress }) {
    this.label = label;
    this.button = h("button", { class: "play", "aria-pressed": "false", click: onPlay }, label);
    this.button.setAttribute("aria-label", t("play_stimulus", { label }));
    this.output = h("output", {});
    const hint = h("span", { class: "hint", "aria-hidden": "true" }, t("hint"));
    this.element = h("li", { class: "stimulus" });
    this.control = new Slider(t("score_of", { label }), score, {
      onScore,
      describe: (shown) =>
        shown === null
          ? t("not_rated")
          : t("score_value", { score: shown, label: labelOf(shown, scale) }),
      onShow: (shown) => this.#show(shown),
      onLockedPress: onSilentPress,
    });
    this.slider = this.control.element;
    this.element.append(this.button, this.slider, hint, this.output);
  }

  setPlaying(playing) {
    this.button.setAttribute("aria-pressed", String(playing));
    this.element.classList.toggle("playing", playing);
    this.control.lock(!playing);
  }

  setMissing(missing) {
    this.element.classList.toggle("missing", missing);
  }

  #show(score) {
    this.element.classList.toggle("untouched", score === null);
    this.output.textContent = score === null ? "–" : String(score);
  }
}
