/**
 * The page's sound: opens it, shows when it is lost, and asks for the volume again when it may come
 * out of another device. All of it is in the session's events.
 */

import { Engine } from "./audio/engine.js";
import { NotStarted, Output } from "./audio/output.js";
import { SILENT } from "./audio/player.js";
import { t } from "./i18n.js";
import { Sounds } from "./transport/sounds.js";
import { isLevelSetHere, levelInForce, setLevelAgain } from "./views/level.js";
import { clearNotice, notify } from "./views/page.js";

export class UnsupportedBrowser extends Error {}

/** @throws {UnsupportedBrowser} */
export function requireWebAudio() {
  if (!globalThis.AudioContext) throw new UnsupportedBrowser("no Web Audio");
}

/**
 * @param {Session} session
 * @returns {Promise<{engine: Engine, output: Output, sounds: Sounds,
 *   startAudio: () => Promise<boolean>}>} startAudio: to be called from a click or a key before
 *   anything plays; false where the browser does not start the sound
 */
export async function openSound(session) {
  if (navigator.audioSession) navigator.audioSession.type = "playback"; // else an iPhone's switch mutes
  const context = new AudioContext({ latencyHint: "interactive" });
  const engine = await Engine.create(context);
  const output = new Output(context);
  engine.setLevel(levelInForce(session.state));
  const startAudio = () => start(output, session);
  const tools = { session, engine, output, sounds: new Sounds(context), startAudio };
  output.addEventListener("lost", ({ detail }) => lose(tools, detail.reason));
  output.addEventListener("moved", ({ detail }) => {
    session.report("output_changed", { reason: detail.reason });
    engine.stop();
    if (engine.plays.length && isLevelSetHere(session)) setLevelAgain(tools);
  });
  const { sampleRate, baseLatency } = context;
  session.report("audio_opened", {
    sample_rate_hz: sampleRate,
    base_latency_s: baseLatency ?? null,
    worklet: Boolean(context.audioWorklet),
    engine_latency_s: engine.latency_s,
  });
  return tools;
}

async function start(output, session) {
  try {
    await output.start();
    clearNotice();
    return true;
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error;
    session.report("audio_blocked", { reason: error.reason, state: output.context.state });
    notify(t("sound_blocked"));
    return false;
  }
}

function lose({ session, engine }, reason) {
  const wasPlaying = engine.track !== SILENT;
  if (reason === "hidden" && !wasPlaying) return;
  if (reason === "hidden") engine.stop();
  else engine.halt();
  if (wasPlaying) notify(t(reason === "hidden" ? "sound_hidden" : "sound_lost"));
  session.report("audio_lost", { reason, was_playing: wasPlaying });
}
