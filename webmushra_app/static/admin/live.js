/**
 * Keeps the live part of a study's page up to date: fetches it again every few seconds, unless it
 * is paused, hidden, or the experimenter is in it (a focus or an open detail must not jump away).
 */

const EVERY_MS = 4000;
const live = document.getElementById("live");
const pause = document.getElementById("pause");

pause.hidden = false;
pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
});

async function update() {
  const response = await fetch(live.dataset.source);
  if (response.redirected || response.status === 401) return location.reload();
  if (!response.ok) return;
  const html = await response.text();
  const open = [...live.querySelectorAll("details")].map((details) => details.open);
  if (live.contains(document.activeElement)) return;
  live.innerHTML = html;
  live.querySelectorAll("details").forEach((details, n) => {
    details.open = open[n] ?? false;
  });
}

async function run() {
  const paused = pause.getAttribute("aria-pressed") === "true";
  if (!paused && !document.hidden) await update().catch(() => {}); // the server may be away
  setTimeout(run, EVERY_MS);
}

setTimeout(run, EVERY_MS);
