/**
 * One sitting, one tab: the tab opened last goes on, the others fall silent and send no more.
 */

import { t } from "./i18n.js";
import { showMessage } from "./views/page.js";

/**
 * @param {Sitting} sitting
 * @param {() => void} fallSilent called when another tab goes on
 */
export function holdTheOnlyTab(sitting, fallSilent) {
  const channel = new BroadcastChannel(`autofx:${sitting.state.token}`);
  channel.onmessage = async () => {
    channel.close();
    sitting.outbox.close();
    fallSilent();
    await showMessage(t("other_tab_title"), t("other_tab_text"), t("other_tab_here"));
    location.reload();
  };
  channel.postMessage("opened");
}
