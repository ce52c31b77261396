/**
 * Whether the sound reaches the listener: starts the audio context from a press and watches it.
 *
 * Events, each with `detail.reason`:
 * - "lost": what plays is not heard any more. `interrupted` (a call, an alarm), `suspended`,
 *   `closed`, `frozen` (the context claims to run, but its time stands still), `hidden` (the page).
 * - "moved": the sound may come out of another device. `devices` (one came or went), `latency` (the
 *   delay of the output changed by more than 0.1 s for two seconds; not in Firefox).
 */

const CHECK_MS = 500;
const FROZEN_MS = 3000;
const START_MS = 4000;
const LATENCY_STEP_S = 0.1;
const LATENCY_CHECKS = 4;
// Firefox asks the sound server for it while it holds a lock that its audio thread waits for: on a
// busy computer with PulseAudio the page stands still for good.
const READS_LATENCY = !/Firefox\//.test(navigator.userAgent);

/** The context did not start; `reason` is `rejected` or `timeout`. */
export class NotStarted extends Error {
  constructor(reason, cause) {
    super(`the audio context did not start: ${reason}`, { cause });
    this.reason = reason;
  }
}

export class Output extends EventTarget {
  #time_s = -1;
  #moved_ms = performance.now();
  #frozen = false;
  #latency_s = null;
  #latencyChecks = 0;
  #gone = new AbortController();

  /** @param {AudioContext} context */
  constructor(context) {
    super();
    this.context = context;
    const { signal } = this.#gone;
    context.addEventListener("statechange", () => this.#follow(), { signal });
    const hide = () => document.hidden && this.#emit("lost", "hidden");
    document.addEventListener("visibilitychange", hide, { signal });
    const move = () => this.#emit("moved", "devices");
    navigator.mediaDevices?.addEventListener?.("devicechange", move, { signal });
    this.timer = setInterval(() => this.#check(), CHECK_MS);
  }

  /**
   * Resolves when the context runs; call it from a click or a key.
   *
   * @throws {NotStarted}
   */
  async start() {
    if (this.#frozen) await atMost(START_MS, this.context.suspend());
    if (this.context.state !== "running" || this.#frozen) {
      await atMost(START_MS, this.context.resume());
      if (this.context.state !== "running") throw new NotStarted("timeout");
    }
    this.#frozen = false;
    this.#moved_ms = performance.now();
  }

  /** Ends the sound on this page for good. */
  close() {
    this.#gone.abort();
    clearInterval(this.timer);
    this.context.close();
  }

  #follow() {
    this.#latency_s = null;
    if (this.context.state !== "running") this.#emit("lost", this.context.state);
  }

  #check() {
    const { currentTime, state } = this.context;
    const now_ms = performance.now();
    if (state !== "running" || document.hidden || currentTime !== this.#time_s) {
      this.#moved_ms = now_ms;
      this.#time_s = currentTime;
    } else if (!this.#frozen && now_ms - this.#moved_ms > FROZEN_MS) {
      this.#frozen = true;
      this.#emit("lost", "frozen");
    }
    if (READS_LATENCY && state === "running" && !this.#frozen) this.#compare();
  }

  #compare() {
    const latency_s = this.context.outputLatency;
    if (!(latency_s > 0)) return;
    this.#latency_s ??= latency_s;
    const differs = Math.abs(latency_s - this.#latency_s) > LATENCY_STEP_S;
    this.#latencyChecks = differs ? this.#latencyChecks + 1 : 0;
    if (this.#latencyChecks < LATENCY_CHECKS) return;
    this.#latency_s = latency_s;
    this.#latencyChecks = 0;
    this.#emit("moved", "latency");
  }

  #emit(kind, reason) {
    this.dispatchEvent(new CustomEvent(kind, { detail: { reason } }));
  }
}

/** @throws {NotStarted} if the promise is rejected, or pending after `limit_ms` */
async function atMost(limit_ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new NotStarted("timeout")), limit_ms);
  });
  try {
    await Promise.race([promise, late]);
  } catch (error) {
    throw error instanceof NotStarted ? error : new NotStarted("rejected", error);
  } finally {
    clearTimeout(timer);
  }
}
