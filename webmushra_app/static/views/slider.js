/**
 * A slider for scores from 0 to 100 (`role="slider"`) that shows no thumb until it has a score.
 *
 * A score is set only by a press that stays on the line: a mouse or pen sets it where it is
 * released; a finger sets it by a tap or by a horizontal drag. A finger that moves vertically
 * first scrolls the page and changes nothing. A cancelled press, or one during which the slider is
 * locked, restores the score. A short tap counts with the browser's `click`, which a touch that
 * only stops a scrolling page does not cause. Keys: arrows ±1, Page Up and Down ±10, Home and End;
 * Enter sets the score that is shown, or the middle.
 */

import { h } from "../dom.js";

export const MIN_SCORE = 0;
export const MAX_SCORE = 100;
const MIDDLE = 50;
const SLOP_PX = 8;
const LONG_PRESS_MS = 450; // browsers send no click after a longer one
const PAGE = 10;

export class Slider {
  #press = null;
  #score;
  #locked = true;

  /**
   * @param {string} label accessible name
   * @param {number|null} score null while untouched
   * @param {{describe: (score: number|null) => string, onShow: (score: number|null) => void,
   *   onScore: (score: number) => void, onLockedPress: () => void}} handlers describe: the score's
   *   text for screen readers; onShow: a score is shown, maybe not yet set; onScore: it is set;
   *   onLockedPress: the locked slider was pressed
   */
  constructor(label, score, handlers) {
    this.handlers = handlers;
    this.thumb = h("span", { class: "thumb" });
    this.element = h("div", {
      class: "score",
      role: "slider",
      "aria-label": label,
      "aria-valuemin": MIN_SCORE,
      "aria-valuemax": MAX_SCORE,
      pointerdown: (event) => this.#begin(event),
      pointermove: (event) => this.#move(event),
      pointerup: (event) => this.#end(event),
      pointercancel: (event) => this.#ofPress(event) && this.#restore(),
      click: (event) => this.#click(event),
      keydown: (event) => this.#key(event),
      contextmenu: (event) => event.preventDefault(), // of a long press
    });
    this.#score = score;
    this.lock(true);
    this.#show(score);
  }

  /** The score that is set; null while untouched. */
  get score() {
    return this.#score;
  }

  /** A locked slider takes no score; a press under way is cancelled. */
  lock(locked) {
    this.#locked = locked;
    this.element.setAttribute("aria-disabled", String(locked));
    this.element.tabIndex = locked ? -1 : 0;
    if (locked && this.#press) this.#restore();
  }

  #begin(event) {
    if (!event.isPrimary || event.button !== 0) return;
    const byTouch = event.pointerType === "touch";
    const { pointerId, clientX: x, clientY: y, timeStamp: at_ms } = event;
    this.#press = { pointerId, x, y, at_ms, locked: this.#locked, kind: "tap" };
    if (byTouch || this.#locked) return;
    this.#drag(event);
  }

  #move(event) {
    const press = this.#ofPress(event);
    if (!press || press.locked) return;
    classify(press, event);
    if (press.kind === "drag") this.#drag(event);
  }

  #drag(event) {
    this.#press.kind = "drag";
    if (!this.element.hasPointerCapture(event.pointerId)) {
      this.element.setPointerCapture(event.pointerId);
    }
    this.#show(this.#scoreAt(event));
  }

  #end(event) {
    const press = this.#ofPress(event);
    if (press) classify(press, event); // a busy browser sends no moves on the way
    const isLong = event.timeStamp - (press?.at_ms ?? 0) > LONG_PRESS_MS;
    if (press?.kind === "drag" || (press?.kind === "tap" && isLong)) this.#accept(event);
  }

  #click(event) {
    const byPointer = event.detail > 0; // otherwise by assistive technology, without a place
    if (byPointer && this.#press?.kind === "tap") this.#accept(event);
    else if (!byPointer && this.#locked) this.handlers.onLockedPress();
  }

  #accept(event) {
    const wasLocked = this.#press.locked;
    this.#press = null;
    if (!wasLocked) this.#set(this.#scoreAt(event));
    else if (this.#locked) this.handlers.onLockedPress();
  }

  #key(event) {
    if (this.#locked || event.altKey || event.ctrlKey || event.metaKey) return;
    const now = this.#score ?? MIDDLE;
    const forward = this.#rightToLeft ? -1 : 1;
    const wanted = {
      ArrowRight: now + forward,
      ArrowLeft: now - forward,
      ArrowUp: now + 1,
      ArrowDown: now - 1,
      PageUp: now + PAGE,
      PageDown: now - PAGE,
      Home: MIN_SCORE,
      End: MAX_SCORE,
      Enter: now,
    }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    this.#press = null;
    this.#set(Math.max(MIN_SCORE, Math.min(wanted, MAX_SCORE)));
  }

  #set(score) {
    this.#score = score;
    this.#show(score);
    this.handlers.onScore(score);
  }

  #restore() {
    this.#press = null;
    this.#show(this.#score);
  }

  #show(score) {
    if (score === null) this.thumb.remove();
    else {
      this.thumb.style.insetInlineStart = `calc(${score / MAX_SCORE} * (100% - var(--thumb)))`;
      this.element.append(this.thumb);
    }
    this.element.setAttribute("aria-valuenow", score ?? MIDDLE);
    this.element.setAttribute("aria-valuetext", this.handlers.describe(score));
    this.handlers.onShow(score);
  }

  #ofPress(event) {
    return this.#press?.pointerId === event.pointerId ? this.#press : null;
  }

  get #rightToLeft() {
    return getComputedStyle(this.element).direction === "rtl";
  }

  /** The score under a pointer: the thumb's middle moves from half its width to half before the end. */
  #scoreAt({ clientX }) {
    const { left, width } = this.element.getBoundingClientRect();
    const thumb = parseFloat(getComputedStyle(this.element).getPropertyValue("--thumb"));
    const share = (clientX - left - thumb / 2) / (width - thumb);
    const score = Math.round(MAX_SCORE * (this.#rightToLeft ? 1 - share : share));
    return Math.max(MIN_SCORE, Math.min(score, MAX_SCORE));
  }
}

/** Turns a tap that moved into a drag along the line or a scroll across it, whichever came first. */
function classify(press, { clientX, clientY }) {
  const [x, y] = [clientX - press.x, clientY - press.y].map(Math.abs);
  if (press.kind === "tap" && Math.max(x, y) >= SLOP_PX) press.kind = x > y ? "drag" : "scroll";
}
