/**
 * One trial: a reference, the stimuli, a slider for each. Resolves when every stimulus has been
 * heard and rated and the listener goes on; the trial is then on its way to the server.
 */

import { SILENT } from "../audio/player.js";
import { h } from "../dom.js";
import { list, pick, t } from "../i18n.js";
import { storage } from "../state/storage.js";
import { TrialState } from "../state/trial.js";
import { soundHelp } from "./help.js";
import { keyHelp, listenToKeys } from "./keys.js";
import { trimLevel } from "./level.js";
import { loadSounds } from "./loading.js";
import { announce, show, showTrial } from "./page.js";
import { titleOf } from "./progress.js";
import { scaleLabels } from "./scale.js";
import { StimulusLine } from "./stimulus.js";
import { Waveform } from "./waveform.js";

const REFERENCE = 0;
const SEEK_STEP_S = 0.5;
const LOOP = "autofx:loop";
let explained = false;

export async function rateTrial(tools, summary, prefetch) {
  const place = h("div", { class: "loading" });
  const note = summary.training ? h("p", { class: "note" }, t("practice_note")) : "";
  show(titleOf(summary, tools.session.state), note, place);
  const trial = await prefetch.trial(summary.id);
  const sounds = [trial.reference, ...trial.stimuli];
  const buffers = await loadSounds(place, tools, sounds);
  await tools.engine.load(buffers);
  prefetch.ahead(summary);
  const view = new TrialView(tools, trial, buffers[0]);
  showTrial(view.elements, view.foot);
  await view.finished;
  tools.sounds.forget(sounds);
}

class TrialView {
  #gone = new AbortController();

  constructor({ study, session, engine, startAudio }, trial, referenceBuffer) {
    Object.assign(this, { session, engine, startAudio, trial });
    this.state = new TrialState(trial.stimuli, trial.draft);
    this.focusNext = false;
    this.shown = SILENT;
    this.last = REFERENCE;
    this.trim = trimLevel({ session, engine });
    this.waveform = new Waveform(referenceBuffer, {
      onLoop: (start_s, end_s) => this.#loop(start_s, end_s),
      onSeek: (position_s) => engine.seek(position_s),
    });
    this.lines = this.state.ratings.map(
      (rating, index) =>
        new StimulusLine(rating, study.scale, {
          onPlay: () => this.toggle(index + 1),
          onScore: (score) => this.rate(index, score),
          onSilentPress: () => this.playSilent(index + 1),
        }),
    );
    this.reference = h(
      "button",
      { class: "play reference", "aria-pressed": "false", click: () => this.toggle(REFERENCE) },
      t("reference"),
    );
    this.stop = h("button", { class: "stop", click: () => engine.stop() }, t("stop"));
    this.message = h("p", { class: "missing-text", role: "status" });
    this.rated = h("span", {});
    const next = h("button", { class: "primary", click: () => this.finish() }, t("next"));
    this.elements = [
      h("p", { class: "question" }, pick(study.texts.question) || t("question")),
      this.waveform.element,
      h(
        "div",
        { class: "rating" },
        h(
          "div",
          { class: "deck" },
          h("div", { class: "transport" }, this.reference, this.stop),
          scaleLabels(study.scale),
        ),
        h(
          "ol",
          { class: "stimuli" },
          this.lines.map((line) => line.element),
        ),
      ),
      study.comments ? this.#commentField() : "",
      this.trim.element ?? "",
      h("details", {}, h("summary", {}, t("keys_title")), keyHelp()),
      soundHelp(session),
    ];
    this.foot = [this.message, this.rated, next];
    this.#showRated();
    this.#restoreLoop();
    this.finished = new Promise((resolve) => (this.resolve = resolve));
    engine.addEventListener("report", () => this.follow(), { signal: this.#gone.signal });
    addEventListener("pagehide", () => this.keep(), { signal: this.#gone.signal });
    this.#gone.signal.addEventListener("abort", listenToKeys(this.#keys()));
  }

  async toggle(track) {
    if (!(await this.startAudio())) return;
    if (this.engine.track === track) await this.engine.stop();
    else await this.engine.select(track);
  }

  /** Plays the sound whose slider was pressed, and explains once that the press set no score. */
  async playSilent(track) {
    if (!explained) this.message.textContent = t("played_first");
    explained = true;
    await this.toggle(track);
  }

  rate(index, score) {
    this.state.rate(index, score);
    this.message.textContent = "";
    this.#showRated();
    this.lines[index].setMissing(false);
    this.keep();
  }

  keep() {
    this.session.keepDraft(this.trial.id, this.state.toMessage());
  }

  /** Shows which sound the audio thread plays. */
  follow() {
    const { track, plays, listened_s, position_s } = this.engine;
    this.state.count(plays, listened_s);
    this.waveform.moveTo(position_s);
    if (track === this.shown) return;
    const before = this.shown;
    this.shown = track;
    this.reference.setAttribute("aria-pressed", String(track === REFERENCE));
    const hadFocus = this.lines[before - 1]?.slider === document.activeElement;
    for (const [index, line] of this.lines.entries()) line.setPlaying(index + 1 === track);
    if (track !== SILENT) {
      this.last = track;
      this.trim.lock();
    }
    this.#moveFocus(track, hadFocus && before);
    this.#announce(track);
  }

  finish() {
    const { reference, unheard, unrated } = this.state.missing;
    for (const line of this.lines) line.setMissing(unrated.includes(line.label));
    if (this.state.complete) {
      this.engine.stop();
      this.#gone.abort();
      this.session.finishTrial(this.trial.id, this.state.toMessage());
      this.resolve();
      return;
    }
    const wanting = [
      reference ? t("missing_reference") : "",
      unheard.length ? t("missing_heard", { n: unheard.length, labels: list(unheard) }) : "",
      unrated.length
        ? t("missing_rated", { n: unrated.length, total: this.lines.length, labels: list(unrated) })
        : "",
    ];
    this.message.textContent = wanting.filter(Boolean).join(" ");
  }

  /** Plays the loop, and remembers it for a page load on the way: another language, a reload. */
  #loop(start_s, end_s) {
    this.engine.loop(start_s, end_s);
    storage.write(LOOP, JSON.stringify([this.trial.id, start_s, end_s]));
  }

  #restoreLoop() {
    const [trial, start_s, end_s] = JSON.parse(storage.read(LOOP) ?? "[]");
    if (trial === this.trial.id) this.waveform.setLoop(start_s, end_s);
  }

  #showRated() {
    const { unrated } = this.state.missing;
    const total = this.lines.length;
    this.rated.textContent = t("rated", { n: total - unrated.length, total });
  }

  /** After a shortcut the slider of what is heard has the focus; a stopped one hands it back. */
  #moveFocus(track, left) {
    if (track > REFERENCE && this.focusNext) this.lines[track - 1].slider.focus();
    else if (left) this.lines[left - 1].button.focus();
    this.focusNext = false;
  }

  #announce(track) {
    if (track === SILENT) announce(t("stopped"));
    else if (track === REFERENCE) announce(t("playing_reference"));
    else announce(t("playing_stimulus", { label: this.lines[track - 1].label }));
  }

  #commentField() {
    const field = h("textarea", {
      rows: "2",
      maxlength: "2000",
      "aria-label": t("comment"),
      input: () => {
        this.state.comment = field.value;
        this.keep();
      },
    });
    field.value = this.state.comment;
    return h("details", { open: Boolean(field.value) }, h("summary", {}, t("comment")), field);
  }

  #keys() {
    const play = async (track) => {
      if (track > this.lines.length) return;
      this.focusNext = true;
      if (this.engine.track !== track) await this.toggle(track);
    };
    const neighbour = (step) => {
      const n = this.lines.length;
      const from = Math.max(this.engine.track, REFERENCE);
      play(((from - 1 + step + n) % n) + 1);
    };
    const seek = (step_s) => this.engine.seek(this.engine.position_s + step_s);
    const { waveform, engine } = this;
    const letters = this.lines.map(({ label }, index) => [
      label.toLowerCase(),
      () => play(index + 1),
    ]);
    return {
      ...Object.fromEntries(letters), // those below have other keys already: I, L, …
      digit: (digit) => play(Number(digit)),
      r: () => play(REFERENCE),
      n: () => neighbour(1),
      p: () => neighbour(-1),
      " ": () => (engine.track === SILENT ? play(this.last) : engine.stop()),
      ",": () => seek(-SEEK_STEP_S),
      ".": () => seek(SEEK_STEP_S),
      i: () => waveform.setLoop(engine.position_s, Math.max(waveform.loop.end, engine.position_s)),
      o: () =>
        waveform.setLoop(Math.min(waveform.loop.start, engine.position_s), engine.position_s),
      l: () => waveform.setLoop(0, waveform.duration_s),
    };
  }
}
