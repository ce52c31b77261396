/** The Player in the audio thread. */

import { PlayerHost } from "./host.js";

class PlayerProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.host = new PlayerHost(sampleRate, (message) => this.port.postMessage(message));
    this.port.onmessage = ({ data }) => this.host.obey(data);
  }

  process(_inputs, [[left, right]]) {
    this.host.render(left, right, currentFrame);
    return true;
  }
}

registerProcessor("player", PlayerProcessor);
