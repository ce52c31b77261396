/**
 * Plays one of several time-aligned sounds, sample by sample, without a click.
 *
 * Every change of what is heard – another sound, stop, seek, other loop – goes the same way: the
 * sound fades out over 5 ms with a raised cosine, the change is made in silence, and the sound
 * fades in over 5 ms. Never a cross-fade, so no two sounds are ever heard at once. The position
 * runs on through the fades: after a switch the new sound is where the old one would have been.
 * The two ends of the loop fade in the same way, by position.
 *
 * Conventions: positions and lengths in frames at the context's sample rate; a track is an array
 * of one (mono) or two (stereo) Float32Array of full scale ±1. No Web Audio here: the class runs
 * in the audio thread (worklet.js) and wherever else numbers run.
 *
 * Source: Rec. ITU-R BS.1534-3, annex on switching and looping (5 ms raised-cosine fades, loop of
 * at least 500 ms).
 */

export const FADE_S = 0.005;
export const MIN_LOOP_S = 0.5;
export const SILENT = -1;

/**
 * The raised-cosine fade as gains g[k] = (1 − cos(πk/K))/2 for k = 0…K, with K = 5 ms in frames.
 *
 * @param {number} sampleRate in Hz
 * @returns {Float32Array} K + 1 gains from 0 to 1
 */
export function raisedCosine(sampleRate) {
  const steps = Math.round(FADE_S * sampleRate);
  return Float32Array.from(
    { length: steps + 1 },
    (_, k) => (1 - Math.cos((Math.PI * k) / steps)) / 2,
  );
}

/**
 * Puts a requested loop in order: inside the sound, start before end, at least 0.5 s long.
 *
 * @param {number} start first frame
 * @param {number} end frame after the last
 * @param {{length: number, shortest: number}} limits in frames
 * @returns {{start: number, end: number}}
 */
export function clampLoop(start, end, { length, shortest }) {
  const span = Math.min(shortest, length);
  const first = Math.max(0, Math.min(Math.round(Math.min(start, end)), length - span));
  const last = Math.min(length, Math.max(Math.round(Math.max(start, end)), first + span));
  return { start: first, end: last };
}

export class Player {
  /** @param {number} sampleRate of the audio context, in Hz */
  constructor(sampleRate) {
    this.gains = raisedCosine(sampleRate);
    this.shortestLoop = Math.round(MIN_LOOP_S * sampleRate);
    this.load([]);
  }

  /** Replaces all sounds; the loop becomes the whole of the shortest one. */
  load(tracks) {
    this.tracks = tracks;
    this.length = tracks.length ? Math.min(...tracks.map((channels) => channels[0].length)) : 0;
    this.now = { track: SILENT, start: 0, end: this.length };
    this.wanted = { ...this.now };
    this.seekTo = null;
    this.position = 0;
    this.ramp = 0;
    this.repeat = true;
    this.plays = tracks.map(() => 0);
    this.framesHeard = tracks.map(() => 0);
  }

  /** Plays a track from where the position is. */
  select(track) {
    if (track >= 0 && track < this.tracks.length) this.wanted.track = track;
  }

  /** Falls silent and goes back to the start of the loop. */
  stop() {
    this.wanted.track = SILENT;
  }

  /** Falls silent without a fade; only while nothing is rendered. */
  halt() {
    this.stop();
    this.#change();
  }

  seek(position) {
    this.seekTo = Math.round(position);
  }

  setRepeat(repeat) {
    this.repeat = repeat;
  }

  loop(start, end) {
    const limits = { length: this.length, shortest: this.shortestLoop };
    Object.assign(this.wanted, clampLoop(start, end, limits));
  }

  /** Whether a requested change has not been made yet. */
  get changing() {
    const { now, wanted } = this;
    return (
      this.seekTo !== null ||
      wanted.track !== now.track ||
      wanted.start !== now.start ||
      wanted.end !== now.end
    );
  }

  /**
   * Writes the next frames to both sides; a mono track sounds on both.
   *
   * @param {Float32Array} left
   * @param {Float32Array} right of the same length
   */
  render(left, right) {
    for (let frame = 0; frame < left.length; frame++) {
      const gain = this.#nextGain();
      if (this.now.track === SILENT) {
        left[frame] = right[frame] = 0;
        continue;
      }
      const channels = this.tracks[this.now.track];
      left[frame] = gain * channels[0][this.position];
      right[frame] = gain * channels[channels.length - 1][this.position];
      this.#advance();
    }
  }

  /** Frames to the nearer end of the loop. */
  get #distanceToSeam() {
    return Math.min(this.position - this.now.start, this.now.end - 1 - this.position);
  }

  /**
   * One step of the only envelope there is: the smaller of the fade under way and the distance
   * to the seam. Taking the smaller, not the product, keeps every slope the fade's own.
   */
  #nextGain() {
    const inSilence = this.now.track === SILENT || Math.min(this.ramp, this.#distanceToSeam) === 0;
    if (this.changing && inSilence) this.#change();
    if (this.now.track === SILENT) return 0;
    const gain = this.gains[Math.min(this.ramp, this.#distanceToSeam)];
    this.ramp = this.changing
      ? Math.max(this.ramp - 1, 0)
      : Math.min(this.ramp + 1, this.gains.length - 1);
    return gain;
  }

  /** Makes the change that was asked for; only ever called where the gain is zero. */
  #change() {
    const { now, wanted } = this;
    if (wanted.track !== SILENT && wanted.track !== now.track) this.plays[wanted.track] += 1;
    if (wanted.track === SILENT && now.track !== SILENT) this.position = wanted.start;
    if (this.seekTo !== null) this.position = this.seekTo;
    if (this.position < wanted.start || this.position >= wanted.end) this.position = wanted.start;
    this.now = { ...wanted };
    this.seekTo = null;
    this.ramp = 0;
  }

  #advance() {
    this.framesHeard[this.now.track] += 1;
    this.position += 1;
    if (this.position < this.now.end) return;
    this.position = this.now.start;
    if (this.repeat) return;
    this.now.track = SILENT;
    this.ramp = 0;
    this.wanted.track = SILENT;
  }
}
