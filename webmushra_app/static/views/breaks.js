/** A break between two trials, as long as the listener likes. */

import { t } from "../i18n.js";
import { showMessage } from "./page.js";
import { timeLeft } from "./progress.js";

export function takeBreak({ sitting }) {
  return showMessage(t("break_title"), `${t("break_text")} ${timeLeft(sitting.state)}`, t("break_over"));
}
