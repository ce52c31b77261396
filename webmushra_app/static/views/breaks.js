/** A break between two trials, as long as the listener likes. */

import { t } from "../i18n.js";
import { showMessage } from "./page.js";

export function takeBreak() {
  return showMessage(t("break_title"), t("break_text"), t("break_over"));
}
