/**
 * One session: its state on the server, what is still on its way there, and which trial is
 * next. Moves on without the server once the trials have begun.
 */

import { randomId, request } from "../transport/api.js";
import { withRetry } from "../transport/connection.js";
import { Outbox } from "../transport/outbox.js";

export class Session {
  #page = randomId();
  #seq = 0;
  #examples = null;
  #opened_ms = performance.now();

  /** Begins a new session; `request_id` makes a repeated request harmless. */
  static async begin({ consent_version, language, external }) {
    const body = { request_id: randomId(), consent_version, language, external };
    return new Session(await withRetry(() => request("POST", "/sessions", body)));
  }

  /** Resumes a session by its token, after sending what an earlier page load left behind. */
  static async resume(token) {
    const state = await withRetry(() => request("GET", `/sessions/${token}`));
    const session = new Session(state);
    await session.outbox.empty();
    session.state = await withRetry(() => request("GET", session.path));
    return session;
  }

  constructor(state) {
    this.state = state;
    this.path = `/sessions/${state.token}`;
    this.done = new Set();
    this.outbox = new Outbox(`autofx:${state.token}`);
    this.outbox.addEventListener("answered", ({ detail: { answer } }) => {
      if (answer.session) this.state = answer.session;
    });
    this.outbox.addEventListener("refused", ({ detail: { entry, error } }) => {
      this.report("refused", { path: entry.path.slice(-300), detail: error.message.slice(0, 300) });
      if (error.status === 409) this.#refresh(); // somebody went on with this link elsewhere
    });
  }

  async #refresh() {
    this.state = await withRetry(() => request("GET", this.path));
  }

  /** Stores one of the steps before the trials; resolves after the server's commit. */
  async complete(step, body) {
    this.state = await withRetry(() => request("PUT", `${this.path}/steps/${step}`, body));
  }

  setLanguage(language) {
    return withRetry(() => request("PUT", this.path, { language }));
  }

  /** The sounds for volume and instructions, fetched once. */
  examples() {
    this.#examples ??= withRetry(() => request("GET", `${this.path}/examples`));
    return this.#examples;
  }

  trial(id) {
    return withRetry(() => request("GET", `${this.path}/trials/${id}`));
  }

  /** The trials that are neither stored nor on their way, in order. */
  get openTrials() {
    return this.state.trials.filter((trial) => !trial.done && !this.done.has(trial.id));
  }

  keepDraft(id, message) {
    this.outbox.draft(`${this.path}/trials/${id}/draft`, message);
  }

  finishTrial(id, message) {
    this.done.add(id);
    this.outbox.forget(`${this.path}/trials/${id}/draft`);
    this.outbox.post("PUT", `${this.path}/trials/${id}`, message);
  }

  keepLevel(level_db) {
    this.state.level_db = level_db;
    this.outbox.draft(`${this.path}/steps/level`, { level_db });
  }

  /** Sends an event worth knowing to whoever runs the study. */
  report(kind, detail = {}, trial = null) {
    const at_s = (performance.now() - this.#opened_ms) / 1000;
    const event = { seq: this.#seq++, at_s, kind, trial, detail };
    this.outbox.post("POST", `${this.path}/events`, { page: this.#page, events: [event] });
  }

  /** Waits until everything is stored, then ends the session. */
  async finish() {
    await this.outbox.empty();
    this.state = await withRetry(() => request("POST", `${this.path}/finish`));
  }
}
