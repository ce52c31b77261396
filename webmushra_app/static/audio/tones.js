/**
 * The headphone check's sounds: three tones, one of them quieter, another one antiphase.
 *
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
