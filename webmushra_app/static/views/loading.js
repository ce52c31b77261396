/** Loading progress, and what to do when a sound cannot be had. */

import { h, pressed } from "../dom.js";
import { t } from "../i18n.js";
import { SoundsFailed } from "../transport/sounds.js";

/**
 * Loads sounds into `place` with a progress bar; where some fail, shows how many and offers a retry.
 *
 * @param {HTMLElement} place is emptied when all sounds are there
 * @param {{sounds: Sounds, session: Session}} tools
 * @param {{url: string, bytes: number}[]} wanted
 * @returns {Promise<AudioBuffer[]>}
 */
export async function loadSounds(place, { sounds, session }, wanted) {
  for (;;) {
    const bar = h("progress", { max: "1", value: "0", "aria-label": t("loading") });
    place.replaceChildren(h("p", { role: "status" }, t("loading")), bar);
    try {
      const buffers = await sounds.load(wanted, (share) => (bar.value = share));
      place.replaceChildren();
      return buffers;
    } catch (error) {
      if (!(error instanceof SoundsFailed)) throw error;
      session.report("audio_failed", { failed: error.failed, reason: error.message.slice(0, 300) });
      await offerRetry(place, error);
    }
  }
}

function offerRetry(place, { failed, total }) {
  const retry = h("button", { class: "primary" }, t("retry"));
  place.replaceChildren(
    h("p", { class: "error", role: "alert" }, t("sounds_failed", { n: failed, total })),
    retry,
  );
  const online = new Promise((resolve) => addEventListener("online", resolve, { once: true }));
  return Promise.race([pressed(retry), online]);
}
