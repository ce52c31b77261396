/**
 * The page's hold on the sound: loads aligned sounds into the audio thread and steers them.
 *
 * Graph: player (switching, fades, loop) → level (one gain, in dB) → destination. The player runs in
 * the audio thread, or in the page's where the browser has no AudioWorklet.
 * Works on any BaseAudioContext, so that tests can render it offline. Positions and times are in
 * seconds here; the Player counts frames.
 */

import { BLOCK_FRAMES, createFallback } from "./fallback.js";
import { SILENT } from "./player.js";

const WORKLET = new URL("./worklet.js", import.meta.url);
const LEVEL_TIME_CONSTANT_S = 0.02;

export class Engine extends EventTarget {
  #waiting = new Map();
  #loads = 0;
  #nextId = 0;
  #halted = false;

  /**
   * @param {BaseAudioContext} context
   * @returns {Promise<Engine>}
   */
  static async create(context) {
    if (!context.audioWorklet) return new Engine(context, createFallback(context), BLOCK_FRAMES);
    await context.audioWorklet.addModule(WORKLET);
    const options = { numberOfInputs: 0, outputChannelCount: [2] };
    const node = new AudioWorkletNode(context, "player", options);
    return new Engine(context, { node, port: node.port });
  }

  /**
   * @param {BaseAudioContext} context
   * @param {{node: AudioNode, port: MessagePort}} player
   * @param {number} blockFrames commands are obeyed up to two such blocks late; 0 for at once
   */
  constructor(context, { node, port }, blockFrames = 0) {
    super();
    this.context = context;
    this.node = node;
    this.port = port;
    this.latency_s = (2 * blockFrames) / context.sampleRate;
    this.level = new GainNode(context);
    this.node.connect(this.level).connect(context.destination);
    this.port.onmessage = ({ data }) => this.#receive(data);
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
    this.#halted = false;
    return this.#send("select", [track]);
  }

  stop() {
    return this.#send("stop", []);
  }

  /** Shows silence at once where the audio thread renders no more, and keeps it silent later. */
  halt() {
    this.#halted = true;
    this.#send("halt", []); // in force by the time the thread renders again
    this.track = SILENT;
    this.dispatchEvent(new Event("report"));
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
      this.port.postMessage({ command, values, id }, transfer);
    });
  }

  #receive({ done, track, position, plays, framesHeard }) {
    if (done !== undefined) {
      this.#waiting.get(done)();
      this.#waiting.delete(done);
      return;
    }
    const { sampleRate } = this.context;
    this.track = this.#halted ? SILENT : track; // a report from before the halt may come late
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
