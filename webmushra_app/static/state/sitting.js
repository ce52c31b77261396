/**
 * One sitting: what the server knows of it, what is still on its way there, and which trial is
 * next. Moves on without the server once the trials have begun.
 */

import { randomId, request } from "../transport/api.js";
import { insist } from "../transport/connection.js";
import { Outbox } from "../transport/outbox.js";

export class Sitting {
  #page = randomId();
  #seq = 0;
  #opened_ms = performance.now();

  /** Begins a new sitting; `request_id` makes a repeated request harmless. */
  static async begin({ consent_version, language, external }) {
    const body = { request_id: randomId(), consent_version, language, external };
    return new Sitting(await insist(() => request("POST", "/sessions", body)));
  }

  /** Resumes a sitting by its token, after sending what an earlier page load left behind. */
  static async resume(token) {
    const state = await insist(() => request("GET", `/sessions/${token}`));
    const sitting = new Sitting(state);
    await sitting.outbox.empty();
    sitting.state = await insist(() => request("GET", sitting.path));
    return sitting;
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
    this.state = await insist(() => request("GET", this.path));
  }

  /** Stores one of the steps before the trials; resolves after the server's commit. */
  async complete(step, body) {
    this.state = await insist(() => request("PUT", `${this.path}/steps/${step}`, body));
  }

  setLanguage(language) {
    return insist(() => request("PUT", this.path, { language }));
  }

  examples() {
    return insist(() => request("GET", `${this.path}/examples`));
  }

  trial(id) {
    return insist(() => request("GET", `${this.path}/trials/${id}`));
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

  /** Waits until everything is stored, then ends the sitting. */
  async finish() {
    await this.outbox.empty();
    this.state = await insist(() => request("POST", `${this.path}/finish`));
  }
}
