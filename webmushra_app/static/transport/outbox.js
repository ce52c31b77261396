/**
 * What still has to reach the server, in order, kept on the device until it has.
 *
 * An entry is `{method, path, body}`; all of them may be sent twice without harm. Entries wait in
 * the device's storage, so that a reload or a crash loses none. Events: "change" when the number waiting
 * changes, "answered" and "refused" (detail: `{entry, answer}` or `{entry, error}`).
 */

import { storage } from "../state/storage.js";
import { Refused, request } from "./api.js";
import { withRetry } from "./connection.js";

const DRAFT_DELAY_MS = 800;

export class Outbox extends EventTarget {
  #sending = null;
  #timer = null;

  /** @param {string} key under which the storage keeps the entries */
  constructor(key) {
    super();
    this.key = key;
    this.closed = false;
    this.entries = readEntries(key);
  }

  /** Queues an entry and sends as soon as possible. */
  post(method, path, body) {
    this.#queue({ method, path, body });
    this.#send();
  }

  /** Queues an entry in the place of an unsent one with the same path; sends after a pause. */
  draft(path, body) {
    this.#queue({ method: "PUT", path, body }, path);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), DRAFT_DELAY_MS);
  }

  /** Forgets unsent drafts of a path. */
  forget(path) {
    this.entries = this.entries.filter((entry) => entry === this.#sending || entry.path !== path);
    this.#keep();
  }

  /** Resolves when everything has been sent. */
  async empty() {
    this.#send();
    while (this.entries.length) {
      await new Promise((resolve) => this.addEventListener("change", resolve, { once: true }));
    }
  }

  /** Sends no more: another tab does. */
  close() {
    this.closed = true;
    clearTimeout(this.#timer);
  }

  #queue(entry, instead = null) {
    if (this.closed) return;
    if (instead) this.forget(instead);
    this.entries.push(entry);
    this.#keep();
  }

  async #send() {
    if (this.#sending) return;
    while (this.entries.length && !this.closed) {
      const entry = this.entries[0];
      this.#sending = entry;
      try {
        const answer = await withRetry(() => request(entry.method, entry.path, entry.body));
        this.#done(entry, "answered", { entry, answer });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.#done(entry, "refused", { entry, error });
      }
    }
  }

  #done(entry, outcome, detail) {
    this.#sending = null;
    if (this.closed) return;
    this.entries = this.entries.filter((other) => other !== entry);
    this.#keep();
    this.dispatchEvent(new CustomEvent(outcome, { detail }));
  }

  #keep() {
    storage.write(this.key, JSON.stringify(this.entries));
    this.dispatchEvent(new Event("change"));
  }
}

function readEntries(key) {
  try {
    return JSON.parse(storage.read(key)) ?? [];
  } catch {
    return []; // something else wrote there
  }
}
