/**
 * Fetches trials and sounds before they are needed, in the order in which they are: the sound for
 * the volume, the examples, the first trial (practice), the second; then always one trial ahead.
 */

export class Prefetch {
  #trials = new Map();

  /**
   * @param {Session} session
   * @param {Sounds} sounds
   */
  constructor(session, sounds) {
    this.session = session;
    this.sounds = sounds;
  }

  /** The description of a trial, fetched once. */
  trial(id) {
    if (!this.#trials.has(id)) this.#trials.set(id, this.session.trial(id));
    return this.#trials.get(id);
  }

  /** @param {string[]} steps that are still to come */
  async begin(steps) {
    if (steps.includes("level") || steps.includes("instructions")) {
      const { reference, same, different } = await this.session.examples();
      if (steps.includes("level")) await this.#load([reference]);
      if (steps.includes("instructions")) await this.#load([reference, same, different]);
    }
    const first = await this.ahead(null);
    if (first) await this.ahead(first);
  }

  /** Loads the first open trial other than `after`; returns its summary, if there is one. */
  async ahead(after) {
    const next = this.session.openTrials.find((trial) => trial.id !== after?.id);
    if (!next) return;
    try {
      const { reference, stimuli } = await this.trial(next.id);
      await this.#load([reference, ...stimuli]);
    } catch {
      this.#trials.delete(next.id); // fetched again, with a message, when the trial is shown
    }
    return next;
  }

  /** Loads what can be had; whoever needs a sound that failed loads it again, with a message. */
  async #load(sounds) {
    await this.sounds.load(sounds.filter(Boolean)).catch(() => {});
  }
}
