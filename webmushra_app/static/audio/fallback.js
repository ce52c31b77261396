/**
 * The Player without an audio thread of its own. Browsers have AudioWorklet only on https and
 * localhost; over plain http the same Player runs in a ScriptProcessorNode, in the page's thread.
 * What is played is the same, sample by sample. It differs in that commands are obeyed up to two
 * blocks later (2 × 2048 frames, 85 ms at 48 kHz) and that a page that is busy for longer than a
 * block leaves a gap.
 */

import { PlayerHost } from "./host.js";

export const BLOCK_FRAMES = 2048;

/**
 * @param {BaseAudioContext} context
 * @returns {{node: AudioNode, port: {postMessage: Function, onmessage: Function|null}}}
 *   as an AudioWorkletNode and its port
 */
export function createFallback(context) {
  const node = context.createScriptProcessor(BLOCK_FRAMES, 0, 2);
  const port = { onmessage: null, postMessage: (message) => host.obey(message) };
  const host = new PlayerHost(context.sampleRate, (data) =>
    queueMicrotask(() => port.onmessage({ data })),
  );
  let frame = 0;
  node.onaudioprocess = ({ outputBuffer }) => {
    host.render(outputBuffer.getChannelData(0), outputBuffer.getChannelData(1), frame);
    frame += BLOCK_FRAMES;
  };
  return { node, port };
}
