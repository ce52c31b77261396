/**
 * Runs the Player in the audio thread. Commands come as messages `{command, values, id}` and are
 * answered with `{done: id}` once they are in force, so that the next rendered frame obeys them.
 * About 20 times a second, and at every change of what sounds, a report goes back:
 * `{track, position, plays, framesHeard}` (positions and counts in frames).
 */

import { Player } from "./player.js";

const COMMANDS = new Set(["load", "select", "stop", "seek", "loop", "setRepeat"]);
const REPORTS_PER_S = 20;

class PlayerProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.player = new Player(sampleRate);
    this.nextReport = 0;
    this.reportedTrack = null;
    this.port.onmessage = ({ data: { command, values, id } }) => {
      if (COMMANDS.has(command)) this.player[command](...values);
      this.port.postMessage({ done: id });
    };
  }

  process(_inputs, [[left, right]]) {
    this.player.render(left, right);
    const { track } = this.player.now;
    if (track !== this.reportedTrack || (currentFrame >= this.nextReport && track >= 0)) {
      this.report(track);
    }
    return true;
  }

  report(track) {
    this.reportedTrack = track;
    this.nextReport = currentFrame + sampleRate / REPORTS_PER_S;
    const { position, plays, framesHeard } = this.player;
    this.port.postMessage({ track, position, plays, framesHeard });
  }
}

registerProcessor("player", PlayerProcessor);
