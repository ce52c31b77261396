/**
 * Runs a Player wherever audio is rendered: in the audio thread (worklet.js) or, where the browser
 * has none, in the page's own (fallback.js). Commands come as messages `{command, values, id}` and
 * are answered with `{done: id}` once they are in force, so that the next rendered frame obeys them.
 * About 20 times a second, and at every change of what sounds, a report goes back:
 * `{track, position, plays, framesHeard}` (positions and counts in frames).
 */

import { Player } from "./player.js";

const COMMANDS = new Set(["load", "select", "stop", "halt", "seek", "loop", "setRepeat"]);
const REPORTS_PER_S = 20;

export class PlayerHost {
  #nextReport = 0;
  #reportedTrack = null;

  /**
   * @param {number} sampleRate in Hz
   * @param {(message: Object) => void} post sends to the engine
   */
  constructor(sampleRate, post) {
    this.player = new Player(sampleRate);
    this.sampleRate = sampleRate;
    this.post = post;
  }

  obey({ command, values, id }) {
    if (COMMANDS.has(command)) this.player[command](...values);
    this.post({ done: id });
  }

  /**
   * Writes the next frames to both sides.
   *
   * @param {Float32Array} left
   * @param {Float32Array} right
   * @param {number} frame count of frames rendered before
   */
  render(left, right, frame) {
    this.player.render(left, right);
    const { track } = this.player.now;
    if (track === this.#reportedTrack && (frame < this.#nextReport || track < 0)) return;
    this.#reportedTrack = track;
    this.#nextReport = frame + this.sampleRate / REPORTS_PER_S;
    const { position, plays, framesHeard } = this.player;
    this.post({ track, position, plays: [...plays], framesHeard: [...framesHeard] });
  }
}
