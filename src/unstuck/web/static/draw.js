// The drawing field: strokes by mouse, finger, pen or keyboard, read by the server while they grow.

import { ask, byId, bytes, paintActivations, paintInk, paintWeights, percent, recall, remember, sentenceCase, tile, whenResized } from "./common.js";

const SIDE = 280; // units of the field
const PEN = 22; // width of a stroke
const STEP = 10, LONG_STEP = 40; // of the keyboard's pen
const TIDY = 2.5; // units a point must be away from the one before

const field = byId("field");
const context = field.getContext("2d");
const job = new URLSearchParams(location.search).get("job");

let strokes = recall("strokes", []); // [[[x, y], …], …]
let stroke = null; // the one being drawn
let pen = null; // the keyboard's: {x, y, down}
let answer = null;

// -- what is drawn ----------------------------------------------------------------------------------------------------

function trace(target, lines) {
  target.lineWidth = PEN;
  target.lineCap = target.lineJoin = "round";
  for (const line of lines) {
    target.beginPath();
    target.moveTo(...line[0]);
    for (const point of line.slice(1)) target.lineTo(...point);
    if (line.length === 1) target.lineTo(line[0][0] + 0.01, line[0][1]);
    target.stroke();
  }
}

function show() {
  const style = getComputedStyle(document.documentElement);
  const scale = field.width / SIDE;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, SIDE, SIDE);
  context.strokeStyle = style.getPropertyValue("--text");
  trace(context, strokes);
  if (pen) {
    context.strokeStyle = style.getPropertyValue(pen.down ? "--bad" : "--accent");
    context.lineWidth = 3;
    context.beginPath();
    context.arc(pen.x, pen.y, PEN / 2, 0, 7);
    context.stroke();
  }
  byId("undo").disabled = byId("clear").disabled = strokes.length === 0;
}

function changed() {
  remember("strokes", strokes);
  show();
  readSoon();
}

function extend(x, y) {
  const point = [Math.min(SIDE, Math.max(0, x)), Math.min(SIDE, Math.max(0, y))].map((v) => Math.round(10 * v) / 10);
  if (stroke === null) strokes.push((stroke = [point]));
  else if (Math.hypot(point[0] - stroke.at(-1)[0], point[1] - stroke.at(-1)[1]) >= TIDY) stroke.push(point);
  else return;
  changed();
}

function undo() {
  stroke = null;
  strokes.pop();
  changed();
}

function clear() {
  stroke = null;
  strokes = [];
  changed();
}

byId("undo").addEventListener("click", undo);
byId("clear").addEventListener("click", clear);

// -- mouse, finger, pen -----------------------------------------------------------------------------------------------

function place(event) {
  const box = field.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
}

field.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || stroke) return;
  field.setPointerCapture(event.pointerId);
  liftPen();
  pen = null;
  stroke = null;
  extend(...place(event));
});
field.addEventListener("pointermove", (event) => {
  if (!field.hasPointerCapture(event.pointerId) || !stroke) return;
  const events = event.getCoalescedEvents?.() ?? [];
  for (const each of events.length ? events : [event]) extend(...place(each));
});
for (const end of ["pointerup", "pointercancel"]) field.addEventListener(end, () => (stroke = null));

// -- keyboard ---------------------------------------------------------------------------------------------------------

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const held = new Set();

function liftPen() {
  if (pen?.down) {
    pen.down = false;
    stroke = null;
  }
}

function movePen(long) {
  const step = long ? LONG_STEP : STEP;
  for (const key of held) {
    pen.x = Math.min(SIDE, Math.max(0, pen.x + step * DIRECTIONS[key][0]));
    pen.y = Math.min(SIDE, Math.max(0, pen.y + step * DIRECTIONS[key][1]));
  }
  if (pen.down) extend(pen.x, pen.y);
  else show();
}

const KEYS = {
  " "() {
    if (pen.down) liftPen();
    else {
      pen.down = true;
      stroke = null;
      extend(pen.x, pen.y);
    }
    byId("pen").textContent = pen.down ? "Pen down" : "Pen up";
    show();
  },
  u: () => { liftPen(); undo(); },
  Delete: () => { liftPen(); clear(); },
  Backspace: () => { liftPen(); clear(); },
  Escape: () => { liftPen(); show(); },
};

field.addEventListener("keydown", (event) => {
  if (event.altKey || event.metaKey || (event.ctrlKey && event.key !== "z")) return;
  const key = event.ctrlKey ? "u" : event.key;
  if (!(key in DIRECTIONS) && !(key in KEYS)) return;
  event.preventDefault();
  pen ??= { x: SIDE / 2, y: SIDE / 2, down: false };
  if (key in KEYS) {
    KEYS[key]();
    return;
  }
  held.add(key);
  movePen(event.shiftKey);
});
field.addEventListener("keyup", (event) => held.delete(event.key));
field.addEventListener("blur", () => {
  held.clear();
  liftPen();
  pen = null;
  show();
});

// -- reading ----------------------------------------------------------------------------------------------------------

const paper = new OffscreenCanvas(SIDE, SIDE);
let reading = false, wanted = false;

async function drawing() {
  const ink = paper.getContext("2d");
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, SIDE, SIDE);
  ink.strokeStyle = "#000";
  trace(ink, strokes);
  return paper.convertToBlob({ type: "image/png" });
}

let ready = Boolean(job); // a network of one's own was trained before one came here

/** Wait for the page's own network, if it is still being trained. */
async function waitForNetwork() {
  while (!ready) {
    const network = await ask("/api/network");
    ready = network.ready;
    if (network.error) throw new Error(`the network of this page could not be trained: ${network.error}`);
    if (ready) return;
    say(`The network is still being trained: ${percent(network.trained, 0)} done.`, 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** One reading at a time; what changes meanwhile is read next. */
async function readSoon() {
  wanted = true;
  if (reading) return;
  reading = true;
  byId("answer").setAttribute("aria-busy", "true");
  while (wanted) {
    wanted = false;
    if (strokes.length === 0) {
      showNothing();
      continue;
    }
    try {
      await waitForNetwork();
      const body = await drawing();
      const found = await ask(`/api/readings${job ? `?job=${encodeURIComponent(job)}` : ""}`, {
        method: "POST", headers: { "content-type": "image/png" }, body,
      });
      if (strokes.length) showAnswer((answer = found));
    } catch (error) {
      showNothing(`${sentenceCase(error.message)}.`);
      if (error.again) {
        await new Promise((resolve) => setTimeout(resolve, 700));
        wanted = true;
      }
    }
  }
  reading = false;
  byId("answer").setAttribute("aria-busy", "false");
}

const scores = byId("scores");

function showScores(values, [low, high], label) {
  while (scores.children.length < values.length) {
    const item = document.createElement("li");
    item.append(document.createElement("b"), document.createElement("meter"), document.createElement("span"));
    scores.append(item);
  }
  values.forEach((value, digit) => {
    const [name, meter, text] = scores.children[digit].children;
    name.textContent = digit;
    meter.min = low;
    meter.max = Math.max(high, low + 1e-9);
    meter.value = value;
    text.textContent = value.toFixed(low === 0 && high === 1 ? 3 : 2);
    scores.children[digit].classList.toggle("first", digit === label);
  });
}

let saying = 0;

function say(sentence, wait) {
  clearTimeout(saying); // a screen reader hears the answer when the drawing rests
  saying = setTimeout(() => {
    if (byId("sentence").textContent !== sentence) byId("sentence").textContent = sentence;
  }, wait);
}

function showNothing(sentence = "Nothing drawn yet.") {
  answer = null;
  byId("label").textContent = "–";
  say(sentence, 0);
  showScores(Array(10).fill(0), [0, 1], null);
  paintInk(byId("image"), new Uint8Array(784));
  paintActivations(byId("activations"), Array(64).fill(0));
  byId("units").replaceChildren();
}

function showAnswer(found) {
  const { label, scores: values, range, image, first_layer: layer } = found;
  byId("label").textContent = label;
  const second = values.map((value, digit) => [value, digit]).sort((a, b) => b[0] - a[0])[1][1];
  const sure = range[0] === 0 && range[1] === 1 ? `, score ${percent(values[label], 0)}` : "";
  say(`It reads ${label}${sure}; its second choice is ${second}.`, 250);
  showScores(values, range, label);
  const ink = bytes(image);
  paintInk(byId("image"), ink);
  paintActivations(byId("activations"), layer.activations);
  byId("activations").setAttribute("aria-label", `${layer.activations.filter((a) => Math.abs(a) > 0.001).length} of ${layer.activations.length} units are active`);
  layer.units.forEach(({ unit, activation, weights }, i) => {
    const { canvas, text } = tile(byId("units"), i);
    paintWeights(canvas, weights, ink);
    text.textContent = activation.toFixed(2);
    canvas.setAttribute("aria-label", `unit ${unit + 1}, activation ${activation.toFixed(2)}`);
  });
}

byId("reader").hidden = !job;
showNothing();
show();
whenResized(() => { show(); if (answer) showAnswer(answer); });
if (strokes.length) readSoon();
