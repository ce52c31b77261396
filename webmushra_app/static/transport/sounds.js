/**
 * Fetches and decodes sounds, each once. A sound that failed is fetched again at the next `load`;
 * the others stay.
 */

const ATTEMPTS = 3;
const PAUSE_MS = 400;
const STALL_MS = 10_000; // without a byte; then the download is tried again

/** Some sounds could not be had; `failed` is how many of `total`. */
export class SoundsFailed extends Error {
  constructor(failed, total, cause) {
    super(`${failed} of ${total} sounds failed: ${cause.message}`);
    this.failed = failed;
    this.total = total;
  }
}

export class Sounds {
  #byUrl = new Map();

  /** @param {BaseAudioContext} context decodes, and resamples to its own rate */
  constructor(context) {
    this.context = context;
  }

  /**
   * @param {{url: string, bytes: number}[]} sounds
   * @param {(share: number) => void} onProgress share of all bytes, 0–1
   * @returns {Promise<AudioBuffer[]>} in the same order
   * @throws {SoundsFailed}
   */
  async load(sounds, onProgress = () => {}) {
    const total = sounds.reduce((sum, sound) => sum + sound.bytes, 0);
    const entries = sounds.map((sound) => this.#fetchOnce(sound));
    const report = () => onProgress(entries.reduce((sum, entry) => sum + entry.bytes, 0) / total);
    for (const entry of entries) entry.followers.add(report);
    report();
    const outcomes = await Promise.allSettled(entries.map((entry) => entry.buffer));
    for (const entry of entries) entry.followers.delete(report);
    const failures = outcomes.filter((outcome) => outcome.status === "rejected");
    if (failures.length) throw new SoundsFailed(failures.length, sounds.length, failures[0].reason);
    return outcomes.map((outcome) => outcome.value);
  }

  /** Lets go of sounds that will not be played again. */
  forget(sounds) {
    for (const { url } of sounds) this.#byUrl.delete(url);
  }

  #fetchOnce({ url }) {
    if (!this.#byUrl.has(url)) {
      const entry = { bytes: 0, followers: new Set() };
      entry.buffer = this.#fetch(url, entry).catch((error) => {
        this.#byUrl.delete(url);
        throw error;
      });
      this.#byUrl.set(url, entry);
    }
    return this.#byUrl.get(url);
  }

  async #fetch(url, entry) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.context.decodeAudioData(await this.#download(url, entry));
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
      }
    }
  }

  async #download(url, entry) {
    entry.bytes = 0;
    const controller = new AbortController();
    let timer;
    const awaitBytes = () => {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(new Error("the download stalled")), STALL_MS);
    };
    awaitBytes();
    try {
      const response = await fetch(url, { signal: controller.signal });
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      const parts = [];
      for await (const part of readParts(response.body)) {
        awaitBytes();
        parts.push(part);
        entry.bytes += part.length;
        for (const follower of entry.followers) follower();
      }
      return await new Blob(parts).arrayBuffer();
    } finally {
      clearTimeout(timer);
    }
  }
}

async function* readParts(stream) {
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}
