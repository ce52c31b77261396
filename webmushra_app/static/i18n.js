/**
 * The page's words. One catalogue a language, `locales/<language>.json`: key → text with
 * `{placeholders}`, or key → {one, other, …} by the plural category of `n`.
 */

import { Refused, readJson } from "./transport/api.js";

export const FALLBACK = "en";
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

let words = {};
let language = FALLBACK;

/** Loads a language's catalogue, or the fallback's where there is none, and makes it current. */
export async function loadCatalogue(wanted) {
  try {
    words = await readJson(new URL(`./locales/${wanted}.json`, import.meta.url));
  } catch (error) {
    if (!(error instanceof Refused) || wanted === FALLBACK) throw error;
    return loadCatalogue(FALLBACK);
  }
  language = wanted;
  document.documentElement.lang = wanted;
  document.documentElement.dir = RIGHT_TO_LEFT.has(wanted.slice(0, 2)) ? "rtl" : "ltr";
}

export function currentLanguage() {
  return language;
}

/** The text of a key in the current language; a key without text shows itself. */
export function t(key, values = {}) {
  const entry = words[key] ?? key;
  const text =
    typeof entry === "string"
      ? entry
      : (entry[new Intl.PluralRules(language).select(values.n)] ?? entry.other);
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** One of a study's own texts `{language: text}`: current language, else the first there is. */
export function pick(texts) {
  return texts[language] ?? Object.values(texts)[0] ?? "";
}

/** "A, B and C" as the language joins it. */
export function list(parts) {
  return new Intl.ListFormat(language).format(parts);
}

/** The offered language that the address, an earlier visit or the browser prefers. */
export function chooseLanguage(offered, ...preferred) {
  const codes = [...preferred, ...navigator.languages].filter(Boolean);
  const found = codes.map(
    (code) =>
      offered.find((one) => one === code) ?? offered.find((one) => one === code.slice(0, 2)),
  );
  return found.find(Boolean) ?? offered[0];
}
