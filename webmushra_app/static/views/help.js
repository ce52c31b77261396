/** What to try where nothing can be heard, in words for the device. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

const TIPS = {
  iphone: ["iphone_mute", "device_volume", "bluetooth"],
  android: ["android_volume", "bluetooth", "tab_muted"],
  computer: ["tab_muted", "output", "device_volume", "bluetooth"],
};

/** @returns {keyof TIPS} the kind of device, as far as the browser shows it */
export function deviceKind({ userAgent, maxTouchPoints } = navigator) {
  const isIPad = /Macintosh/.test(userAgent) && maxTouchPoints > 1; // iPads present as a Mac
  if (/iPhone|iPad|iPod/.test(userAgent) || isIPad) return "iphone";
  return /Android/.test(userAgent) ? "android" : "computer";
}

/** A folded list of what to try; the first opening of each is an event of the session. */
export function soundHelp(session) {
  const kind = deviceKind();
  const tips = TIPS[kind].map((tip) => h("li", {}, t(`help_${tip}`)));
  const report = () => session.report("sound_help", { device: kind });
  const once = { once: true };
  const element = h("details", {}, h("summary", {}, t("help_title")), h("ul", {}, tips));
  element.addEventListener("toggle", report, once);
  return element;
}
