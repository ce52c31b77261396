/**
 * The frame around every view: title, language, connection, and the one place where views come
 * and go. A view shows itself, waits for the listener, and resolves.
 */

import { h } from "../dom.js";
import { currentLanguage, t } from "../i18n.js";
import { connection } from "../transport/connection.js";

const DOUBLE_CLICK_MS = 1000;
let shown_ms = 0;
let clicked_ms = 0;

/** The second click of a double click on the page before does nothing on this one. */
function dropSecondClick(event) {
  const before_ms = clicked_ms;
  clicked_ms = event.timeStamp;
  if (event.detail < 2 || before_ms > shown_ms || clicked_ms - shown_ms > DOUBLE_CLICK_MS) return;
  event.stopImmediatePropagation();
  event.preventDefault();
}
addEventListener("click", dropSecondClick, { capture: true });

const element = (id) => document.getElementById(id);

/**
 * Replaces what is shown; the heading gets the focus, so that screen readers begin there.
 *
 * @param {string} title
 * @param {...(Node|string|Node[])} nodes
 */
export function show(title, ...nodes) {
  const heading = h("h1", { tabindex: "-1" }, title);
  element("main").replaceChildren(heading, ...nodes.flat());
  element("actions").replaceChildren();
  document.documentElement.classList.remove("rates");
  document.title = `${title} – ${element("study-title").textContent}`;
  scrollTo(0, 0);
  shown_ms = performance.now();
  heading.focus({ preventScroll: true });
}

/** Adds a trial to what is shown: its parts, and what stays in sight at the foot of the page. */
export function showTrial(nodes, foot) {
  element("main").append(...nodes);
  element("actions").replaceChildren(...foot);
  document.documentElement.classList.add("rates");
}

/** Hands a text to screen readers without moving anything. */
export function announce(text) {
  element("announcer").textContent = text;
}

/** Shows a message about the sound, whatever page is shown, until `clearNotice`. */
export function notify(text) {
  element("notice").textContent = text;
}

export function clearNotice() {
  element("notice").textContent = "";
}

export function setStudyTitle(title) {
  element("study-title").textContent = title;
}

export function markSimulated() {
  element("simulated").textContent = t("simulated");
  element("simulated").hidden = false;
}

/** Offers the languages; a choice is handed on, and whoever takes it loads the page anew. */
export function offerLanguages(languages, onChoice) {
  if (languages.length < 2) return;
  const name = (code) => new Intl.DisplayNames([code], { type: "language" }).of(code);
  const options = languages.map((code) =>
    h("option", { value: code, lang: code, selected: code === currentLanguage() }, name(code)),
  );
  const select = h(
    "select",
    { "aria-label": t("language"), change: () => onChoice(select.value) },
    options,
  );
  element("language").replaceChildren(h("label", {}, h("span", {}, `${t("language")} `), select));
}

/** Shows a message while there is no connection. */
export function followConnection() {
  connection.addEventListener("change", showConnection);
  showConnection();
}

/** Has that message mention the answers that wait in this outbox. */
export function followOutbox(box) {
  outbox = box;
  outbox.addEventListener("change", showConnection);
  showConnection();
}

let outbox = { entries: [] };

function showConnection() {
  const n = outbox.entries.length;
  const text = connection.up ? "" : t(n ? "offline_waiting" : "offline");
  if (element("connection").textContent !== text) element("connection").textContent = text;
}

/** A message and, if there is something to do about it, one button; resolves when pressed. */
export function showMessage(title, text, action = null) {
  const button = action && h("button", { class: "primary" }, action);
  show(title, h("p", {}, text), button ?? "");
  return new Promise((resolve) => button?.addEventListener("click", resolve, { once: true }));
}
