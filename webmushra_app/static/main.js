/**
 * The listening test in the browser, from welcome to thanks: fetches the state of the session and
 * shows one view after the other. The address `/s/<token>` resumes a session anywhere.
 */

import { chooseLanguage, currentLanguage, loadCatalogue, pick, t } from "./i18n.js";
import { openSound, requireWebAudio, UnsupportedBrowser } from "./sound.js";
import { Session } from "./state/session.js";
import { storage } from "./state/storage.js";
import { holdTheOnlyTab } from "./tabs.js";
import { BASE, Refused, request } from "./transport/api.js";
import { withRetry } from "./transport/connection.js";
import { Prefetch } from "./transport/prefetch.js";
import { takeBreak } from "./views/breaks.js";
import { thank, waitForAnswers } from "./views/finish.js";
import { headphones } from "./views/headphones.js";
import { instructions } from "./views/instructions.js";
import { isLevelSetHere, level } from "./views/level.js";
import * as page from "./views/page.js";
import { showProgress } from "./views/progress.js";
import { questionnaire } from "./views/questionnaire.js";
import { rateTrial } from "./views/trial.js";
import { offerResume, welcome } from "./views/welcome.js";

const STEPS = { questionnaire, level, headphones, instructions };
const LANGUAGE = "autofx:language";
const EXTERNAL_FORM = /^[A-Za-z0-9_.@-]{1,64}$/;

async function run() {
  await withRetry(() => loadCatalogue(document.documentElement.lang));
  page.followConnection();
  requireWebAudio();
  const token = tokenOfAddress();
  const study = await withRetry(() => readStudy(token));
  const session = await openSession(study);
  page.followOutbox(session.outbox);
  if (session.state.simulated) page.markSimulated();
  const tools = { study, ...(await openSound(session)) };
  holdTheOnlyTab(session, () => tools.output.close());
  const prefetch = new Prefetch(session, tools.sounds);
  const steps = listStepsToCome(study, session);
  if (!storage.lasting) page.notify(t("no_memory"));
  prefetch.begin(steps).catch(() => {}); // a view that needs what failed fetches it again
  for (const step of steps) {
    showProgress(tools);
    await STEPS[step](tools);
  }
  await rateTrials(tools, prefetch);
  if (session.state.stage !== "finished") {
    waitForAnswers();
    await session.finish();
  }
  showProgress(tools);
  storage.remove(memoryOf(study));
  thank(tools);
}

/** Steps that are not done; the volume also where it was set on another device. */
function listStepsToCome({ steps }, session) {
  const { steps_done } = session.state;
  const again = session.openTrials.length > 0 && !isLevelSetHere(session);
  return steps.filter((step) => !steps_done.includes(step) || (step === "level" && again));
}

async function rateTrials(tools, prefetch) {
  const { session } = tools;
  for (let first = true; session.openTrials.length; first = false) {
    showProgress(tools);
    const [summary] = session.openTrials;
    if (summary.break_before && !first) await takeBreak();
    await rateTrial(tools, summary, prefetch);
  }
}

/** Resumes the session of the address, or the one this device remembers, or begins a new one. */
async function openSession(study) {
  const token = tokenOfAddress();
  if (token) return resume(study, token);
  await useLanguage(study, null);
  const remembered = storage.read(memoryOf(study));
  if (remembered && (await offerResume(study))) {
    moveTo(`${BASE}s/${remembered}`);
    return resume(study, remembered);
  }
  if (!study.open) await page.showMessage(t("closed_title"), t("closed")); // and nothing after it
  await welcome(study);
  const session = await Session.begin({
    consent_version: study.consent.version,
    language: currentLanguage(),
    external: readExternal(study),
  });
  storage.write(memoryOf(study), session.state.token);
  moveTo(session.state.url);
  offerLanguages(study, session);
  return session;
}

/** The study of the address's session, or the one that is open now. */
async function readStudy(token) {
  try {
    return await request("GET", token ? `/sessions/${token}/study` : "/study");
  } catch (error) {
    if (token && error instanceof Refused) return readStudy(null);
    throw error;
  }
}

function tokenOfAddress() {
  return /^s\/([\w-]+)/.exec(location.pathname.slice(BASE.length))?.[1];
}

async function resume(study, token) {
  await useLanguage(study, null);
  try {
    const session = await Session.resume(token);
    await useLanguage(study, session);
    return session;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) storage.remove(memoryOf(study));
    throw error;
  }
}

/** Where this device remembers a begun session, one for each participant of crowd work. */
function memoryOf(study) {
  const participant = readExternal(study)[study.id_parameters[0]] ?? "";
  return `autofx:session:${BASE}${study.name}:${participant}`;
}

/** Loads the words of the session's language, else the address's, else the browser's. */
async function useLanguage(study, session) {
  const requested = new URLSearchParams(location.search).get("lang");
  const preferred = session ? [session.state.language] : [requested, storage.read(LANGUAGE)];
  await withRetry(() => loadCatalogue(chooseLanguage(study.languages, ...preferred)));
  page.setStudyTitle(pick(study.title));
  offerLanguages(study, session);
}

function offerLanguages(study, session) {
  page.offerLanguages(study.languages, async (language) => {
    storage.write(LANGUAGE, language);
    await session?.setLanguage(language);
    await session?.outbox.empty(); // where the device keeps nothing, a reload would lose the rest
    location.reload();
  });
}

/** The identifiers from the address that the study declared, where they have the right form. */
function readExternal({ id_parameters }) {
  const query = new URLSearchParams(location.search);
  const entries = id_parameters.map((name) => [name, query.get(name)]);
  return Object.fromEntries(entries.filter(([, value]) => EXTERNAL_FORM.test(value ?? "")));
}

/** Shows another address of this page; the identifiers in it stay, for retries and new starts. */
function moveTo(path) {
  history.replaceState(null, "", path + location.search);
}

function explain(error) {
  if (error instanceof UnsupportedBrowser) return t("unsupported");
  if (error instanceof Refused && error.status === 404) return t("unknown_session");
  return `${t("failed")} (${error.message})`;
}

run().catch(async (error) => {
  console.error(error);
  await page.showMessage(t("failed_title"), explain(error), t("retry"));
  location.assign(error.status === 404 ? BASE + location.search : location.href);
});
