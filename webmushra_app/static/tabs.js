/**
 * One session, one tab: the tab opened last goes on, the others fall silent and send no more.
 */

import { t } from "./i18n.js";
import { showMessage } from "./views/page.js";

/**
 * @param {Session} session
 * @param {() => void} fallSilent called when another tab goes on
 */
export function holdTheOnlyTab(session, fallSilent) {
  if (!globalThis.BroadcastChannel) return; // two tabs at once then end with one of them refused
  const channel = new BroadcastChannel(`autofx:${session.state.token}`);
  channel.onmessage = async () => {
    channel.close();
    session.outbox.close();
    fallSilent();
    await showMessage(t("other_tab_title"), t("other_tab_text"), t("other_tab_here"));
    location.reload();
  };
  channel.postMessage("opened");
}
