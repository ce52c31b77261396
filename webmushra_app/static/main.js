/**
 * The listening test in the browser, from welcome to thanks: asks the server where the sitting
 * stands and shows one view after the other. The address `/s/<token>` resumes a sitting anywhere.
 */

import { Engine, UnsupportedBrowser, requireAudioWorklet } from "./audio/engine.js";
import { chooseLanguage, currentLanguage, pick, speak, t } from "./i18n.js";
import { Sitting } from "./state/sitting.js";
import { Refused, request } from "./transport/api.js";
import { insist } from "./transport/connection.js";
import { Sounds } from "./transport/sounds.js";
import { takeBreak } from "./views/breaks.js";
import { thank, waitForAnswers } from "./views/finish.js";
import { headphones } from "./views/headphones.js";
import { instructions } from "./views/instructions.js";
import { level, levelInForce } from "./views/level.js";
import * as page from "./views/page.js";
import { showProgress } from "./views/progress.js";
import { questionnaire } from "./views/questionnaire.js";
import { rateTrial } from "./views/trial.js";
import { offerResume, welcome } from "./views/welcome.js";
import { holdTheOnlyTab } from "./tabs.js";

const STEPS = { questionnaire, level, headphones, instructions };
const LANGUAGE = "autofx:language";
const EXTERNAL = ["PROLIFIC_PID", "STUDY_ID", "SESSION_ID"];
const EXTERNAL_FORM = /^[A-Za-z0-9_.@-]{1,64}$/;

async function run() {
  await insist(() => speak(document.documentElement.lang));
  page.followConnection();
  requireAudioWorklet();
  const token = tokenOfAddress();
  const study = await insist(() => readStudy(token));
  const sitting = await openSitting(study);
  page.followOutbox(sitting.outbox);
  if (sitting.state.simulated) page.markSimulated();
  const tools = { study, sitting, ...(await openAudio()) };
  const { sampleRate, baseLatency } = tools.engine.context;
  sitting.report("audio_opened", { sample_rate_hz: sampleRate, base_latency_s: baseLatency });
  holdTheOnlyTab(sitting, () => tools.engine.context.close());
  const prefetched = makePrefetch(tools);
  for (const step of study.steps) {
    showProgress(tools);
    if (!sitting.state.steps_done.includes(step)) await STEPS[step](tools);
  }
  tools.engine.setLevel(levelInForce(sitting.state));
  await rateTrials(tools, prefetched);
  if (sitting.state.stage !== "finished") {
    waitForAnswers();
    await sitting.finish();
  }
  showProgress(tools);
  localStorage.removeItem(memoryOf(study));
  thank(tools);
}

async function rateTrials(tools, prefetched) {
  const { sitting } = tools;
  for (let first = true; sitting.openTrials.length; first = false) {
    showProgress(tools);
    const [summary] = sitting.openTrials;
    if (summary.break_before && !first) await takeBreak();
    await rateTrial(tools, summary, prefetched);
  }
}

/** Resumes the sitting of the address, or the one this device remembers, or begins a new one. */
async function openSitting(study) {
  const token = tokenOfAddress();
  if (token) return resume(study, token);
  await useLanguage(study, null);
  const remembered = localStorage.getItem(memoryOf(study));
  if (remembered && (await offerResume(study))) {
    history.replaceState(null, "", `/s/${remembered}`);
    return resume(study, remembered);
  }
  if (!study.open) await page.showMessage(t("closed_title"), t("closed")); // and nothing after it
  await welcome(study);
  const sitting = await Sitting.begin({
    consent_version: study.consent.version,
    language: currentLanguage(),
    external: readExternal(),
  });
  localStorage.setItem(memoryOf(study), sitting.state.token);
  history.replaceState(null, "", sitting.state.url);
  offerLanguages(study, sitting);
  return sitting;
}

/** The study of the address's sitting, or the one that is open now. */
async function readStudy(token) {
  try {
    return await request("GET", token ? `/sessions/${token}/study` : "/study");
  } catch (error) {
    if (token && error instanceof Refused) return readStudy(null);
    throw error;
  }
}

function tokenOfAddress() {
  return /^\/s\/([\w-]+)/.exec(location.pathname)?.[1];
}

async function resume(study, token) {
  await useLanguage(study, null);
  try {
    const sitting = await Sitting.resume(token);
    await useLanguage(study, sitting);
    return sitting;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) localStorage.removeItem(memoryOf(study));
    throw error;
  }
}

/** Where this device remembers a begun sitting, one for each participant of crowd work. */
function memoryOf(study) {
  return `autofx:sitting:${study.name}:${readExternal().PROLIFIC_PID ?? ""}`;
}

/** Speaks the sitting's language, or the one asked for, or the browser's. */
async function useLanguage(study, sitting) {
  const asked = new URLSearchParams(location.search).get("lang");
  const wishes = sitting ? [sitting.state.language] : [asked, localStorage.getItem(LANGUAGE)];
  await insist(() => speak(chooseLanguage(study.languages, ...wishes)));
  page.setStudyTitle(pick(study.title));
  offerLanguages(study, sitting);
}

function offerLanguages(study, sitting) {
  page.offerLanguages(study.languages, async (language) => {
    localStorage.setItem(LANGUAGE, language);
    await sitting?.setLanguage(language);
    location.reload();
  });
}

/** Crowd work's identifiers from the address, where they have the right form. */
function readExternal() {
  const query = new URLSearchParams(location.search);
  const entries = EXTERNAL.map((name) => [name, query.get(name)]);
  return Object.fromEntries(entries.filter(([, value]) => EXTERNAL_FORM.test(value ?? "")));
}

/** The sound, silent until `startAudio` is called from a click or a key of the listener's. */
async function openAudio() {
  const context = new AudioContext({ latencyHint: "interactive" });
  const engine = await Engine.create(context);
  const startAudio = () => (context.state === "running" ? null : context.resume());
  return { engine, sounds: new Sounds(context), startAudio };
}

/** Fetches trials and their sounds, and the next ones while the listener is busy with this one. */
function makePrefetch({ sitting, sounds }) {
  const trials = new Map();
  const get = (id) => {
    if (!trials.has(id)) trials.set(id, sitting.trial(id));
    return trials.get(id);
  };
  get.ahead = async (after = null) => {
    const next = sitting.openTrials.find((trial) => trial.id !== after?.id);
    if (!next) return;
    try {
      const { reference, stimuli } = await get(next.id);
      await sounds.load([reference, ...stimuli]);
    } catch {
      trials.delete(next.id); // asked for again, and told, when the trial is shown
    }
  };
  get.ahead();
  return get;
}

function explain(error) {
  if (error instanceof UnsupportedBrowser) return t("unsupported");
  if (error instanceof Refused && error.status === 404) return t("unknown_sitting");
  return `${t("failed")} (${error.message})`;
}

run().catch(async (error) => {
  console.error(error);
  await page.showMessage(t("failed_title"), explain(error), t("retry"));
  location.assign(error.status === 404 ? "/" : location.href);
});
