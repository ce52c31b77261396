/**
 * What the listener has done on one trial: scores, plays and times. Nothing of the page in here.
 *
 * Conventions: scores 0–100 or null while untouched; times in seconds; stimuli in the order of
 * presentation.
 */

export class TrialState {
  /**
   * @param {{id: string, label: string}[]} stimuli
   * @param {object|null} draft as the server keeps it
   */
  constructor(stimuli, draft) {
    const kept = new Map((draft?.ratings ?? []).map((rating) => [rating.stimulus, rating]));
    this.ratings = stimuli.map(({ id, label }) => {
      const { score = null, plays = 0, listened_s = 0 } = kept.get(id) ?? {};
      return { id, label, score, plays, listened_s, before: { plays, listened_s } };
    });
    this.referenceHeard = this.ratings.some((rating) => rating.plays > 0);
    this.comment = draft?.comment ?? "";
    this.clock = new Stopwatch(draft?.trial_time_s ?? 0);
  }

  /**
   * Takes over what the audio thread counted since the sounds were loaded, reference first.
   *
   * @param {number[]} plays
   * @param {number[]} listened_s
   */
  count(plays, listened_s) {
    this.referenceHeard ||= plays[0] > 0;
    this.ratings.forEach((rating, index) => {
      rating.plays = rating.before.plays + plays[index + 1];
      rating.listened_s = rating.before.listened_s + listened_s[index + 1];
    });
  }

  rate(index, score) {
    this.ratings[index].score = score;
  }

  /** What keeps the listener from going on. */
  get missing() {
    const labels = (ratings) => ratings.map((rating) => rating.label);
    return {
      reference: !this.referenceHeard,
      unheard: labels(this.ratings.filter((rating) => rating.plays === 0)),
      unrated: labels(this.ratings.filter((rating) => rating.score === null)),
    };
  }

  get complete() {
    const { reference, unheard, unrated } = this.missing;
    return !reference && !unheard.length && !unrated.length;
  }

  /** The trial as the server stores it, finished or not. */
  toMessage() {
    return {
      ratings: this.ratings.map(({ id, score, plays, listened_s }) => ({
        stimulus: id,
        score,
        plays,
        listened_s: round(listened_s),
      })),
      trial_time_s: round(this.clock.time_s),
      comment: this.comment.trim(),
    };
  }
}

/** Counts the time during which the page is visible. */
class Stopwatch {
  constructor(start_s) {
    this.before_s = start_s;
    this.since_ms = document.hidden ? null : performance.now();
    document.addEventListener("visibilitychange", () => {
      this.before_s = this.time_s;
      this.since_ms = document.hidden ? null : performance.now();
    });
  }

  get time_s() {
    if (this.since_ms === null) return this.before_s;
    return this.before_s + (performance.now() - this.since_ms) / 1000;
  }
}

const round = (time_s) => Math.round(time_s * 1000) / 1000;
