// One stuck program: run it, diagnose it, cure it. Each button starts a job whose id this tab remembers.

import { byId, drawChart, follow, listLines, percent, post, queueing, recall, remember, sentenceCase, whenResized } from "./common.js";

const program = byId("program").dataset.name;
const curves = { run: [], "cured-run": [] };
const key = (job) => `${job} ${program}`;

/** The button, what it asks for, and what to show of the job. */
const JOBS = {
  run: { address: "/api/runs", cured: false, show: (job, points) => showRun("run", job, points) },
  diagnose: { address: "/api/diagnoses", cured: false, show: showDiagnosis },
  "cured-run": { address: "/api/runs", cured: true, show: (job, points) => showRun("cured-run", job, points) },
  "cured-diagnose": { address: "/api/diagnoses", cured: true, show: showCuredDiagnosis },
};

for (const [name, { address, cured }] of Object.entries(JOBS)) {
  byId(name).addEventListener("click", async () => {
    byId(name).disabled = true;
    try {
      const job = await post(address, { program, cured });
      remember(key(name), job.id);
      await watch(name, job.id);
    } catch (error) {
      say(name, `${sentenceCase(error.message)}.`);
    }
    byId(name).disabled = false;
  });
  const before = recall(key(name));
  if (before) {
    byId(name).disabled = true;
    watch(name, before).finally(() => (byId(name).disabled = false));
  }
}

async function watch(name, id) {
  try {
    await follow(id, JOBS[name].show);
  } catch (error) {
    remember(key(name), null);
    if (error.status !== 404) say(name, `${sentenceCase(error.message)}.`);
  }
}

function say(name, sentence) {
  const place = byId(`${name}-sentence`);
  if (place.textContent !== sentence) place.textContent = sentence;
}

// -- runs -------------------------------------------------------------------------------------------------------------

function showRun(name, job, points) {
  curves[name] = points;
  say(name, describeRun(job, points.at(-1)));
  showCurves();
  if (name === "cured-run" && job.state === "done") remember(key("state"), "cured");
}

function describeRun(job, last) {
  if (job.state === "waiting") return queueing(job);
  if (job.state === "failed") return `${sentenceCase(job.error)}.`;
  if (job.state === "stopped") return job.error ? `Stopped: ${job.error}.` : "Stopped.";
  if (!last) return "Reading the images.";
  const end = job.state === "done" ? "Done" : "Running";
  const loss = last.loss === null ? "not a number" : last.loss.toPrecision(3);
  return `${end}: after ${last.update.toLocaleString("en")} updates the loss is ${loss}, ${percent(last.accuracy)} of the test images are right.`;
}

/** The stuck run alone at the top, beside the cured one at the end. */
function showCurves() {
  const line = (name, kind, run, field) => ({ name, kind, points: curves[run].map((p) => [p.update, p[field]]) });
  for (const run of Object.keys(curves)) {
    if (!curves[run].length) continue;
    byId(`${run}-curves`).hidden = false;
    const lines = (field) => [line("stuck", "stuck", "run", field), line("cured", "cured", "cured-run", field)]
      .slice(0, run === "run" ? 1 : 2)
      .filter(({ points }) => points.length);
    drawChart(byId(`${run}-accuracy`), lines("accuracy"), true);
    drawChart(byId(`${run}-loss`), lines("loss"));
  }
}

whenResized(showCurves);

// -- diagnoses --------------------------------------------------------------------------------------------------------

function describeDiagnosis(job) {
  if (job.state === "waiting") return queueing(job);
  if (job.state === "running") return "Examining: the network gets fresh weights and a few examples, and its numbers are compared.";
  if (job.state === "failed") return `${sentenceCase(job.error)}.`;
  return job.result ? "" : `Stopped${job.error ? `: ${job.error}` : ""}.`;
}

function showDiagnosis(job, points) {
  say("diagnose", describeDiagnosis(job));
  listLines(byId("lines"), points, job);
  if (job.result && byId("report").hidden) showReport(job.result.html);
}

function showReport(html) {
  const report = byId("report");
  report.innerHTML = html; // made by this server, which escapes what the program says
  report.hidden = false;
  for (const [name, level] of [["h1", 3], ["h2", 4], ["h3", 5]]) {
    for (const heading of report.querySelectorAll(name)) {
      heading.setAttribute("role", "heading");
      heading.setAttribute("aria-level", level);
    }
  }
  byId("program").classList.add("diagnosed");
  byId("cure").hidden = false;
  byId("cure-note").hidden = true;
  if (recall(key("state")) !== "cured") remember(key("state"), "diagnosed");
}

function showCuredDiagnosis(job) {
  const { verdict } = job.result ?? {};
  const healthy = verdict === "healthy" ? "The diagnosis of the cured program: healthy, no fault found." : `The diagnosis of the cured program: ${verdict}.`;
  say("cured-diagnose", job.result ? healthy : describeDiagnosis(job));
}
