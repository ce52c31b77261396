/**
 * Keyboard shortcuts of the trial. They are single letters, so the listener can switch them off
 * (WCAG 2.2, 2.1.4), and they rest while text is typed.
 */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { storage } from "../state/storage.js";

const SWITCH = "autofx:shortcuts";

/** What each key does, as shown and as handled: [keys shown, name of the action]. */
const ACTIONS = [
  ["0, R", "reference"],
  ["1 – 9, A – H", "stimulus"],
  ["N, P", "neighbour"],
  ["␣", "stop"],
  ["← →", "score"],
  [", .", "seek"],
  ["I, O, L", "loop"],
];

export function keyHelp() {
  const box = h("input", {
    type: "checkbox",
    checked: shortcutsOn(),
    change: () => storage.write(SWITCH, box.checked ? "on" : "off"),
  });
  const rows = ACTIONS.map(([keys, action]) => [
    h("dt", {}, h("kbd", {}, keys)),
    h("dd", {}, t(`key_${action}`)),
  ]);
  return h(
    "div",
    {},
    h("dl", { class: "keys" }, rows.flat()),
    h("label", {}, box, ` ${t("keys_on")}`),
  );
}

function shortcutsOn() {
  return storage.read(SWITCH) !== "off";
}

/**
 * @param {Object<string, (key: string) => void>} actions by key (lower case) – digits under "digit"
 * @returns {() => void} stops listening
 */
export function listenToKeys(actions) {
  const onKey = (event) => {
    const { target, altKey, ctrlKey, metaKey } = event;
    if (altKey || ctrlKey || metaKey || !shortcutsOn() || typesText(target)) return;
    if (target.closest("dialog")) return;
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
    const key = digit ?? event.key.toLowerCase();
    if (key === " " && target.closest("button, summary, input[type=checkbox]")) return;
    const action = actions[digit ? "digit" : key];
    if (!action) return;
    event.preventDefault();
    action(key);
  };
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}

function typesText(target) {
  return target.matches("textarea, input:not([type=range], [type=checkbox]), select");
}
