/**
 * The page's hold on the sound: loads aligned sounds into the audio thread and steers them.
 *
 * Graph: player worklet (switching, fades, loop) → level (one gain, in dB) → destination.
 * Works on any BaseAudioContext, so that tests can render it offline. Positions and times are in
 * seconds here; the Player counts frames.
 */

import { SILENT } from "./player.js";

const WORKLET = new URL("./worklet.js", import.meta.url);
const LEVEL_TIME_CONSTANT_S = 0.02;

export class UnsupportedBrowser extends Error {}

/** @throws {UnsupportedBrowser} without AudioWorklet: an old browser, or a page not from https */
export function requireAudioWorklet() {
  if (!("audioWorklet" in (globalThis.BaseAudioContext?.prototype ?? {})))
    throw new UnsupportedBrowser("no AudioWorklet");
}

export class Engine extends EventTarget {
  #waiting = new Map();
  #loads = 0;
  #nextId = 0;

  /**
   * @param {BaseAudioContext} context
   * @returns {Promise<Engine>}
   */
  static async create(context) {
    await context.audioWorklet.addModule(WORKLET);
    return new Engine(context);
  }

  constructor(context) {
    super();
    this.context = context;
    this.node = new AudioWorkletNode(context, "player", {
      numberOfInputs: 0,
      outputChannelCount: [2],
    });
    this.level = new GainNode(context);
    this.node.connect(this.level).connect(context.destination);
    this.node.port.onmessage = ({ data }) => this.#receive(data);
    this.#forget(0);
  }

  /**
   * Falls silent and replaces all sounds. The buffers stay usable; the audio thread gets copies.
   * Of two loads at once the one asked for last stands.
   *
   * @param {AudioBuffer[]} buffers mono or stereo, at the context's rate, aligned in time
   */
  async load(buffers) {
    const turn = ++this.#loads;
    await this.#silence();
    if (turn !== this.#loads) return;
    const tracks = buffers.map((buffer) =>
      Array.from({ length: Math.min(buffer.numberOfChannels, 2) }, (_, channel) =>
        buffer.getChannelData(channel).slice(),
      ),
    );
    const memory = tracks.flat().map((channel) => channel.buffer);
    await this.#send("load", [tracks], memory);
    this.#forget(buffers.length);
  }

  /** Switches to a sound, at the position where the last one is. */
  select(track) {
    return this.#send("select", [track]);
  }

  stop() {
    return this.#send("stop", []);
  }

  seek(position_s) {
    return this.#send("seek", [position_s * this.context.sampleRate]);
  }

  loop(start_s, end_s) {
    const { sampleRate } = this.context;
    return this.#send("loop", [start_s * sampleRate, end_s * sampleRate]);
  }

  /** Whether the sound starts over at the end of the loop; otherwise it falls silent there. */
  setRepeat(repeat) {
    return this.#send("setRepeat", [repeat]);
  }

  /** Sets the level of everything, in dB; glides while sound may run, so that it does not click. */
  setLevel(level_db) {
    const { context, level } = this;
    const gain = 10 ** (level_db / 20);
    if (context.state !== "running") level.gain.value = gain;
    else level.gain.setTargetAtTime(gain, context.currentTime, LEVEL_TIME_CONSTANT_S);
  }

  /** Stops, and resolves when the fade is over. */
  async #silence() {
    await this.stop();
    while (this.track !== SILENT && this.context.state === "running") {
      await new Promise((resolve) => this.addEventListener("report", resolve, { once: true }));
    }
  }

  /** Resolves as soon as the audio thread obeys. */
  #send(command, values, transfer = []) {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.node.port.postMessage({ command, values, id }, transfer);
    });
  }

  #receive({ done, track, position, plays, framesHeard }) {
    if (done !== undefined) {
      this.#waiting.get(done)();
      this.#waiting.delete(done);
      return;
    }
    const { sampleRate } = this.context;
    this.track = track;
    this.position_s = position / sampleRate;
    this.plays = plays;
    this.listened_s = framesHeard.map((frames) => frames / sampleRate);
    this.dispatchEvent(new Event("report"));
  }

  #forget(n) {
    this.track = SILENT;
    this.position_s = 0;
    this.plays = Array(n).fill(0);
    this.listened_s = Array(n).fill(0);
  }
}
