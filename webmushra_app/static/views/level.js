/**
 * Level setting: a sound of the study plays in a loop while the listener sets a comfortable level.
 * Later, on a trial before its first sound, `trimLevel` moves it within what the server allows.
 */

import { h, pressed } from "../dom.js";
import { t } from "../i18n.js";
import { storage } from "../state/storage.js";
import { soundHelp } from "./help.js";
import { countTones } from "./level_check.js";
import { loadSounds } from "./loading.js";
import { show } from "./page.js";

const START_DB = -10;
const LOWEST_DB = -40;
const REFERENCE = 0;
const FULL_SCALE_DB = 0; // louder would clip

/** The levels offered, in dB: those the server allows, within what is useful. */
function range({ level_range_db: [low, high] }) {
  return [Math.max(low, LOWEST_DB), Math.min(high, FULL_SCALE_DB)];
}

/** The level in force, in dB; the loudest possible where the study has no level setting. */
export function levelInForce({ level_db }) {
  return level_db ?? FULL_SCALE_DB;
}

function levelSlider(session, value, onInput) {
  const [min, max] = range(session.state);
  const text = (level_db) => t("level_value", { level: level_db });
  const slider = h("input", {
    type: "range",
    class: "level",
    ...{ min, max, step: 1, value: Math.max(min, Math.min(value, max)) },
    "aria-label": t("level_label"),
    "aria-valuetext": text(value),
    input: () => {
      slider.setAttribute("aria-valuetext", text(slider.value));
      onInput(Number(slider.value));
    },
  });
  return slider;
}

/** Where the study wants it, the level counts only once the listener counted tones played at it. */
export async function level(tools) {
  const { study, session } = tools;
  let level_db = session.state.level_db ?? START_DB;
  for (let problem = ""; ; problem = t("count_failed")) {
    level_db = await setLevel(tools, level_db, problem);
    if (!study.level_check || (await countTones(tools))) break;
  }
  await session.complete("level", { level_db });
  rememberLevelHere(session);
}

async function setLevel({ session, engine, sounds, startAudio }, level_db, problem) {
  const place = h("div", {});
  const play = h("button", { class: "play", disabled: true }, t("play"));
  const next = h("button", { class: "primary", disabled: true }, t("level_done"));
  const slider = levelSlider(session, level_db, (db) => engine.setLevel(db));
  show(
    t("level_title"),
    problem && h("p", { class: "error", role: "alert" }, problem),
    h("p", {}, t("level_text")),
    place,
    h("div", { class: "card level-card" }, play, slider),
    soundHelp(session),
    h("div", { class: "actions" }, next),
  );
  const sound = (await session.examples()).reference ?? (await firstReference(session));
  await engine.load(await loadSounds(place, { sounds, session }, [sound]));
  engine.setLevel(Number(slider.value));
  const leave = followPlaying(play, next, { engine, startAudio });
  await pressed(next);
  leave();
  return Number(slider.value);
}

/** Has a button play the first sound; `next` works once it was heard. Returns what ends that. */
function followPlaying(play, next, { engine, startAudio }) {
  const gone = new AbortController();
  const isPlaying = () => engine.track === REFERENCE;
  const follow = () => {
    play.setAttribute("aria-pressed", String(isPlaying()));
    play.textContent = t(isPlaying() ? "stop" : "play");
    next.disabled &&= !isPlaying();
  };
  const toggle = async () => {
    if (!(await startAudio())) return;
    await (isPlaying() ? engine.stop() : engine.select(REFERENCE));
  };
  play.disabled = false;
  play.addEventListener("click", toggle);
  engine.addEventListener("report", follow, { signal: gone.signal });
  return () => {
    gone.abort();
    engine.stop();
  };
}

/** Asks for the volume in front of the page, with the sounds that are loaded there. */
export async function setLevelAgain({ session, engine, startAudio }) {
  if (document.querySelector("dialog")) return;
  const play = h("button", { class: "play" }, t("play"));
  const next = h("button", { class: "primary", disabled: true }, t("level_done"));
  const slider = levelSlider(session, session.state.level_db, (db) => engine.setLevel(db));
  const dialog = h(
    "dialog",
    { "aria-label": t("level_title"), cancel: (event) => event.preventDefault() },
    h("h2", {}, t("level_title")),
    h("p", {}, t("output_changed")),
    h("div", { class: "card level-card" }, play, slider),
    soundHelp(session),
    h("div", { class: "actions" }, next),
  );
  document.body.append(dialog);
  dialog.showModal();
  const leave = followPlaying(play, next, { engine, startAudio });
  await pressed(next);
  leave();
  session.keepLevel(Number(slider.value));
  rememberLevelHere(session);
  dialog.remove();
}

const markOf = (session) => `autofx:level:${session.state.token}`;

function rememberLevelHere(session) {
  storage.write(markOf(session), "set");
}

/** Whether the level was set on this device: a resumed session may be on another. */
export function isLevelSetHere(session) {
  return storage.read(markOf(session)) !== null;
}

async function firstReference(session) {
  return (await session.trial(session.openTrials[0].id)).reference;
}

/** A folded control for the level; `lock()` it when the trial's first sound has played. */
export function trimLevel({ session, engine }) {
  if (session.state.level_db === null) return { element: null, lock: () => {} };
  const slider = levelSlider(session, session.state.level_db, (level_db) => {
    engine.setLevel(level_db);
    session.keepLevel(level_db);
  });
  const note = h("p", { class: "note" }, t("trim_open"));
  const element = h("details", {}, h("summary", {}, t("level_label")), note, slider);
  const lock = () => {
    slider.disabled = true;
    note.textContent = t("trim_locked");
  };
  return { element, lock };
}
