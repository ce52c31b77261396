/**
 * The reference's waveform with the position and a loop. Two handles set the loop by mouse, touch
 * or arrow keys; a click elsewhere moves the position. Only the reference is drawn: the stimuli's
 * own waveforms would give them away.
 */

import { clampLoop, MIN_LOOP_S } from "../audio/player.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";

const KEY_STEP_S = 0.05;
const COLUMNS = 400;
const HEIGHT = 64;

export class Waveform {
  /**
   * @param {AudioBuffer} buffer
   * @param {{onLoop: (start_s: number, end_s: number) => void, onSeek: (s: number) => void}} handlers
   */
  constructor(buffer, { onLoop, onSeek }) {
    this.duration_s = buffer.duration;
    this.onLoop = onLoop;
    this.loop = { start: 0, end: this.duration_s };
    this.region = h("div", { class: "region" });
    this.playhead = h("div", { class: "playhead" });
    this.handles = { start: this.#makeHandle("start"), end: this.#makeHandle("end") };
    this.surface = h(
      "div",
      { class: "waveform", click: (event) => onSeek(this.#timeAt(event)) },
      drawPeaks(buffer),
      this.region,
      this.playhead,
      this.handles.start,
      this.handles.end,
    );
    this.element = h("div", { role: "group", "aria-label": t("waveform") }, this.surface);
    this.#draw();
  }

  /** @param {number} position_s */
  moveTo(position_s) {
    this.playhead.style.left = this.#percent(position_s);
  }

  /** Puts the loop in order, shows it, and hands it on. */
  setLoop(start_s, end_s) {
    this.#propose(start_s, end_s);
    this.onLoop(this.loop.start, this.loop.end);
  }

  #propose(start_s, end_s) {
    const in_ms = (time_s) => Math.round(time_s * 1000);
    const limits = { length: in_ms(this.duration_s), shortest: in_ms(MIN_LOOP_S) };
    const { start, end } = clampLoop(in_ms(start_s), in_ms(end_s), limits);
    this.loop = { start: start / 1000, end: Math.min(end / 1000, this.duration_s) };
    this.#draw();
  }

  /** Moves one side, which stops half a second before the other. */
  #moveSide(side, time_s) {
    const { start, end } = this.loop;
    if (side === "start") this.#propose(Math.min(time_s, end - MIN_LOOP_S), end);
    else this.#propose(start, Math.max(time_s, start + MIN_LOOP_S));
  }

  #makeHandle(side) {
    const handle = h("div", {
      class: `handle ${side}`,
      role: "slider",
      tabindex: "0",
      "aria-label": t(`loop_${side}`),
      "aria-valuemin": "0",
      click: (event) => event.stopPropagation(),
      keydown: (event) => {
        const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
        if (!steps) return;
        event.preventDefault();
        this.#moveSide(side, this.loop[side] + steps * KEY_STEP_S);
        this.onLoop(this.loop.start, this.loop.end);
      },
      pointerdown: (event) => {
        handle.setPointerCapture(event.pointerId);
        handle.onpointermove = (move) => this.#moveSide(side, this.#timeAt(move));
      },
      lostpointercapture: () => {
        if (!handle.onpointermove) return;
        handle.onpointermove = null;
        this.onLoop(this.loop.start, this.loop.end);
      },
    });
    return handle;
  }

  #draw() {
    const { start, end } = this.loop;
    this.region.style.left = this.#percent(start);
    this.region.style.right = this.#percent(this.duration_s - end);
    for (const [side, handle] of Object.entries(this.handles)) {
      handle.style.left = this.#percent(this.loop[side]);
      handle.setAttribute("aria-valuemax", this.duration_s.toFixed(2));
      handle.setAttribute("aria-valuenow", this.loop[side].toFixed(2));
      handle.setAttribute("aria-valuetext", t("seconds", { n: this.loop[side].toFixed(2) }));
    }
  }

  #timeAt(event) {
    const { left, width } = this.surface.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / width)) * this.duration_s;
  }

  #percent(time_s) {
    return `${(100 * time_s) / this.duration_s}%`;
  }
}

/** Smallest and largest sample of each column as one SVG path, which takes its colour from CSS. */
function drawPeaks(buffer) {
  const samples = buffer.getChannelData(0);
  const scale =
    HEIGHT /
    2 /
    Math.max(
      1e-4,
      samples.reduce((top, s) => Math.max(top, Math.abs(s)), 0),
    );
  const columns = Array.from({ length: COLUMNS }, (_, column) => {
    const first = Math.floor((column * samples.length) / COLUMNS);
    const part = samples.subarray(first, Math.floor(((column + 1) * samples.length) / COLUMNS));
    const [low, high] = part.reduce(([lo, hi], s) => [Math.min(lo, s), Math.max(hi, s)], [0, 0]);
    return `M${column} ${(HEIGHT / 2 - high * scale).toFixed(1)}V${(HEIGHT / 2 - low * scale + 0.5).toFixed(1)}`;
  });
  const create = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
  const [svg, path] = [create("svg"), create("path")];
  svg.setAttribute("viewBox", `0 0 ${COLUMNS} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", columns.join(""));
  svg.append(path);
  return svg;
}
