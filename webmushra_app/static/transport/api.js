/**
 * Requests to the server. Two ways to fail: `Refused`, where sending the same again is no use,
 * and `Unreachable`, where it is. The paths and bodies are described under /api/v1/openapi.json.
 */

const TIMEOUT_MS = 20_000;
/** Where the test is on its host: "/", or the sub-path that the server was given. */
export const BASE = new URL("../../", import.meta.url).pathname;

const API = `${BASE}api/v1`;

/** The server refused; the same request would be refused again. */
export class Refused extends Error {
  constructor({ status, detail, field }) {
    super(detail);
    this.status = status;
    this.field = field;
  }
}

/** No answer, or one to try again later. */
export class Unreachable extends Error {}

export async function request(method, path, body) {
  const options = { method, signal: abortAfter(TIMEOUT_MS) };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  return readJson(API + path, options);
}

/**
 * Fetches JSON.
 *
 * @throws {Refused|Unreachable}
 */
export async function readJson(address, options) {
  let response, answer;
  try {
    response = await fetch(address, options);
    answer = await response.json();
  } catch (error) {
    if (!response || response.ok) throw new Unreachable(error.message);
  }
  if (response.ok) return answer;
  if (response.status === 429 || response.status >= 500) throw new Unreachable(response.statusText);
  throw new Refused({ status: response.status, detail: response.statusText, ...answer });
}

/** As AbortSignal.timeout, which older browsers lack. */
function abortAfter(time_ms) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), time_ms);
  return controller.signal;
}

/** Random letters for identifiers that the page makes, 132 bits. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(22));
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return Array.from(bytes, (byte) => letters[byte % 64]).join("");
}
