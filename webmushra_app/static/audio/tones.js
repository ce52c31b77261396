/**
 * The sounds of the headphone check and of the level check.
 *
 * Headphone check: three tones, one of them quieter, another one antiphase.
 * Over loudspeakers the antiphase tone cancels and seems the quietest; over headphones it does
 * not. Source: Woods, Siegel, Traer, McDermott (2017), "Headphone screening to facilitate
 * web-based auditory experiments", Attention, Perception & Psychophysics 79: 200 Hz, 1 s with
 * 100 ms ramps, 500 ms between the tones, −6 dB, passed with 5 of 6 right.
 */

const TONE_HZ = 200;
const TONE_S = 1;
const RAMP_S = 0.1;
const PAUSE_S = 0.5;
const QUIETER_DB = -6;
const AMPLITUDE = 0.25;

export const N_TONES = 3;
export const N_ROUNDS = 6;
export const LEAST_CORRECT = 5;

/** The six rounds: every tone is the quieter one twice, the antiphase one is one of the others. */
export function drawRounds(random = Math.random) {
  const rounds = Array.from({ length: N_ROUNDS }, (_, round) => {
    const quieter = round % N_TONES;
    const antiphase = (quieter + 1 + Math.floor(random() * (N_TONES - 1))) % N_TONES;
    return { quieter, antiphase };
  });
  for (let last = rounds.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [rounds[last], rounds[other]] = [rounds[other], rounds[last]];
  }
  return rounds;
}

/**
 * @param {{quieter: number, antiphase: number}} round
 * @param {number} sampleRate in Hz
 * @returns {AudioBuffer} stereo, 4 s
 */
export function makeTones({ quieter, antiphase }, sampleRate) {
  const length = Math.round((N_TONES * TONE_S + (N_TONES - 1) * PAUSE_S) * sampleRate);
  const buffer = new AudioBuffer({ length, numberOfChannels: 2, sampleRate });
  const [left, right] = [buffer.getChannelData(0), buffer.getChannelData(1)];
  for (let tone = 0; tone < N_TONES; tone++) {
    const first = Math.round(tone * (TONE_S + PAUSE_S) * sampleRate);
    const amplitude = AMPLITUDE * (tone === quieter ? 10 ** (QUIETER_DB / 20) : 1);
    for (let frame = 0; frame < TONE_S * sampleRate; frame++) {
      const time_s = frame / sampleRate;
      const ramp = Math.min(1, time_s / RAMP_S, (TONE_S - time_s) / RAMP_S);
      const value = amplitude * ramp * Math.sin(2 * Math.PI * TONE_HZ * time_s);
      left[first + frame] = value;
      right[first + frame] = tone === antiphase ? -value : value;
    }
  }
  return buffer;
}

const COUNT_HZ = 500;
const COUNT_TONE_S = 0.2;
const COUNT_PAUSE_S = 0.25;
const COUNT_RAMP_S = 0.02;
const COUNT_AMPLITUDE = 0.1; // −20 dBFS, about as loud as music at −20 LUFS

/** The level check's possible numbers of tones. */
export const COUNTS = [2, 3, 4, 5, 6];

export function drawCount(random = Math.random) {
  return COUNTS[Math.floor(random() * COUNTS.length)];
}

/**
 * The level check's sound: so many tones that a listener counts.
 *
 * @param {number} n of tones
 * @param {number} sampleRate in Hz
 * @returns {AudioBuffer} mono; silence of a pause at both ends, so that no loop fade hides a tone
 */
export function makeCount(n, sampleRate) {
  const period_s = COUNT_TONE_S + COUNT_PAUSE_S;
  const length = Math.round((n * period_s + COUNT_PAUSE_S) * sampleRate);
  const buffer = new AudioBuffer({ length, sampleRate });
  const samples = buffer.getChannelData(0);
  for (let tone = 0; tone < n; tone++) {
    const first = Math.round((COUNT_PAUSE_S + tone * period_s) * sampleRate);
    for (let frame = 0; frame < COUNT_TONE_S * sampleRate; frame++) {
      const time_s = frame / sampleRate;
      const ramp = Math.min(1, time_s / COUNT_RAMP_S, (COUNT_TONE_S - time_s) / COUNT_RAMP_S);
      samples[first + frame] = COUNT_AMPLITUDE * ramp * Math.sin(2 * Math.PI * COUNT_HZ * time_s);
    }
  }
  return buffer;
}
