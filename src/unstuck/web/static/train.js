// The training page: settings, curves, weights and confusion of one job.

import { byId, drawChart, follow, paintWeights, percent, post, queueing, recall, remember, sentenceCase, tile, whenResized } from "./common.js";

const form = byId("settings");
const NUMBERS = ["learning_rate", "batch_size", "epochs", "dropout", "seed"];
let shown = null; // the last look: {job, points}

// -- settings ---------------------------------------------------------------------------------------------------------

function describeRecipe() {
  const recipe = form.recipe.selectedOptions[0].dataset;
  byId("recipe-text").textContent = recipe.text;
  for (const name of ["hidden", "learning_rate", "batch_size", "epochs", "dropout"]) form[name].placeholder = recipe[name];
  for (const name of ["activation", "optimizer"]) form[name].options[0].textContent = `${recipe[name]} (recipe)`;
}

function settings() {
  const chosen = { recipe: form.recipe.value };
  if (form.hidden.value.trim()) chosen.hidden = form.hidden.value.split(",").map(Number);
  for (const name of ["activation", "optimizer"]) if (form[name].value) chosen[name] = form[name].value;
  for (const name of NUMBERS) if (form[name].value) chosen[name] = Number(form[name].value);
  return chosen;
}

form.recipe.addEventListener("change", describeRecipe);
form.addEventListener("input", () => remember("settings", Object.fromEntries(new FormData(form))));
for (const [name, value] of Object.entries(recall("settings", {}))) if (form[name]) form[name].value = value;
describeRecipe();

// -- a job ------------------------------------------------------------------------------------------------------------

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("start").disabled = true;
  try {
    const job = await post("/api/trainings", settings());
    remember("training", job.id);
    watch(job.id);
  } catch (error) {
    byId("training").hidden = false;
    byId("start").disabled = false;
    say(`${sentenceCase(error.message)}.`);
  }
});

byId("stop").addEventListener("click", () => {
  byId("stop").disabled = true;
  post(`/api/jobs/${recall("training")}/stop`).catch((error) => say(`${sentenceCase(error.message)}.`));
});

async function watch(id) {
  byId("training").hidden = false;
  byId("start").disabled = true;
  byId("stop").disabled = false;
  byId("download").hidden = byId("draw").hidden = true;
  byId("weights").replaceChildren();
  byId("confusion").replaceChildren();
  byId("progress").removeAttribute("value");
  try {
    await follow(id, (job, points) => show((shown = { job, points })));
  } catch (error) {
    say(error.status === 404 ? "The last training is forgotten: the server keeps only the newest." : `${sentenceCase(error.message)}.`);
    remember("training", null);
  }
  byId("start").disabled = false;
  byId("stop").disabled = true;
}

function say(sentence) {
  if (byId("sentence").textContent !== sentence) byId("sentence").textContent = sentence;
}

function show({ job, points }) {
  const last = points.at(-1);
  if (last) byId("progress").value = job.state === "running" ? last.update / last.updates : 1;
  say(describe(job, last));
  const line = (name, kind, key) => ({ name, kind, points: points.filter((p) => key in p).map((p) => [p.update, p[key]]) });
  drawChart(byId("loss"), [line("2,000 test images", "test", "loss"), line("training", "train", "train_loss")]);
  drawChart(byId("accuracy"), [line("2,000 test images", "test", "accuracy"), line("training", "train", "train_accuracy")], true);
  if (job.snapshot) showSnapshot(job.snapshot);
  const learnt = Boolean(job.result);
  byId("download").hidden = byId("draw").hidden = !learnt;
  if (learnt) {
    byId("download").href = `/api/jobs/${job.id}/model`;
    byId("draw").href = `/?job=${job.id}`;
  }
}

function describe(job, last) {
  if (job.state === "waiting") return queueing(job);
  if (job.state === "failed") return `${sentenceCase(job.error)}.`;
  if (job.state === "running" && !last) return "Reading the images.";
  if (job.state === "running") return `Epoch ${last.epoch} of ${last.epochs}.`;
  if (!job.result) return "Stopped before anything was learnt.";
  const { accuracy, errors, sizes, seconds } = job.result;
  const end = job.out_of_time ? "Time is up" : job.state === "stopped" ? "Stopped" : "Done";
  return `${end}: ${sizes.join("-")} reads ${percent(accuracy, 2)} of the 10,000 test images right, ${errors.toLocaleString("en")} wrong, after ${seconds.toFixed(1)} s.`;
}

function showSnapshot({ confusion, weights }) {
  weights.forEach((image, i) => {
    const { canvas } = tile(byId("weights"), i);
    canvas.setAttribute("aria-label", `weights of unit ${i + 1}`);
    paintWeights(canvas, image);
  });
  showConfusion(confusion);
}

function showConfusion(counts) {
  const digits = counts.map((_, digit) => digit);
  const cell = (name, text, scope) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (scope) made.scope = scope;
    return made;
  };
  const head = document.createElement("tr");
  head.append(cell("td", ""), ...digits.map((digit) => cell("th", digit, "col")));
  const rows = counts.map((row, truth) => {
    const line = document.createElement("tr");
    const total = Math.max(1, row.reduce((a, b) => a + b, 0));
    line.append(cell("th", truth, "row"), ...row.map((count, answer) => {
      const made = cell("td", count || "·");
      made.className = truth === answer ? "right" : "wrong";
      made.style.setProperty("--share", Math.min(1, truth === answer ? count / total : (8 * count) / total).toFixed(3));
      return made;
    }));
    return line;
  });
  byId("confusion").replaceChildren(head, ...rows);
  byId("counted").textContent = counts.flat().reduce((a, b) => a + b, 0).toLocaleString("en");
}

whenResized(() => shown && show(shown));
if (recall("training")) watch(recall("training"));
