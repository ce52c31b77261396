/**
 * Whether the server answers. `withRetry` tries until it does, with growing pauses; the
 * "change" event follows the state.
 */

import { Unreachable } from "./api.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

class Connection extends EventTarget {
  up = true;

  set(up) {
    if (up === this.up) return;
    this.up = up;
    this.dispatchEvent(new Event("change"));
  }
}

export const connection = new Connection();

/** Pauses 0.5, 1, 2, … 15 s, each shortened by chance, or until the network is back. */
function pause(attempt) {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
    const wake = () => {
      clearTimeout(timer);
      resolve();
    };
    addEventListener("online", wake, { once: true });
  });
}

/**
 * @template T
 * @param {() => Promise<T>} action sends one request that may be sent twice
 * @returns {Promise<T>} its answer, however long that takes
 * @throws whatever is no use trying again
 */
export async function withRetry(action) {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await action();
      connection.set(true);
      return answer;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      connection.set(false);
      await pause(attempt);
    }
  }
}
