// A program of the visitor's own: pasted or dropped, diagnosed, and put right. The job's id is kept over a reload.

import { byId, follow, listLines, post, queueing, recall, remember, sentenceCase } from "./common.js";

const KEY = "own program";
const text = byId("text");
let kind = "script";
let current = null;

text.value = recall(`${KEY} text`, "");
text.addEventListener("input", () => (kind = "script"));
byId("file").addEventListener("change", () => take(byId("file").files[0]));
text.addEventListener("dragover", (event) => event.preventDefault());
text.addEventListener("drop", (event) => {
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  take(event.dataTransfer.files[0]);
});

async function take(file) {
  if (!file) return;
  text.value = await file.text();
  kind = file.name.toLowerCase().endsWith(".ipynb") ? "notebook" : "script";
}

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  clear();
  byId("start").disabled = true;
  try {
    if (!text.value.trim()) throw new Error("there is no program yet");
    const job = await post("/api/programs", { text: text.value, kind });
    remember(KEY, job.id);
    remember(`${KEY} text`, text.value);
    await watch(job.id);
  } catch (error) {
    say(`${sentenceCase(error.message)}.`);
  }
  byId("start").disabled = false;
});

byId("stop").addEventListener("click", () => current && post(`/api/jobs/${current}/stop`));
byId("copy").addEventListener("click", () => navigator.clipboard.writeText(byId("diff").textContent));

const before = recall(KEY);
if (before) {
  byId("start").disabled = true;
  watch(before).catch(() => remember(KEY, null)).finally(() => (byId("start").disabled = false));
}

async function watch(id) {
  current = id;
  byId("stop").disabled = false;
  try {
    await follow(id, show);
  } finally {
    byId("stop").disabled = true;
  }
}

function say(sentence) {
  const place = byId("sentence");
  if (place.textContent !== sentence) place.textContent = sentence;
}

function clear() {
  for (const id of ["lines", "fix", "report"]) byId(id).hidden = true;
  byId("lines").replaceChildren();
}

function show(job, points) {
  say(describe(job));
  listLines(byId("lines"), points, job);
  if (job.result) showResult(job.result);
}

function describe(job) {
  if (job.state === "waiting") return queueing(job);
  if (job.state === "running") return "It is run and watched.";
  if (job.state === "failed") return `${sentenceCase(job.error)}.`;
  return job.result ? `The program is ${job.result.verdict}.` : `Stopped${job.error ? `: ${job.error}` : ""}.`;
}

function showResult({ html, fix, fixed, name }) {
  byId("report").innerHTML = html; // made by this server, which escapes what the program says
  byId("report").hidden = false;
  if (!fix) return;
  byId("fix").hidden = false;
  byId("fix-change").hidden = !fix.verified;
  byId("fix-sentence").textContent = fix.verified
    ? "A changed copy was run, and this holds:"
    : fix.remaining.length ? "No change of the source was found that holds when it is run. What a person has to do:" : "There is nothing to put right.";
  byId("remaining").replaceChildren(...fix.remaining.map((words) => Object.assign(document.createElement("li"), { textContent: words })));
  byId("diff").replaceChildren(...fix.diff.split("\n").flatMap((words) => [asLine(words), "\n"]));
  byId("download").href = URL.createObjectURL(new Blob([fixed], { type: "text/plain" }));
  byId("download").download = name;
}

function asLine(words) {
  const heading = /^(\+\+\+|---) /.test(words);
  const name = heading ? "span" : ({ "+": "ins", "-": "del" }[words[0]] ?? "span");
  return Object.assign(document.createElement(name), { textContent: words });
}
