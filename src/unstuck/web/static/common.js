// What all pages share: asking the server, following a job, remembering over a reload, pixels and charts.

/** The server's answer as JSON; an Error with its sentence (and .status, .again in seconds) if it refuses. */
export async function ask(address, options = {}) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw Object.assign(new Error("the server does not answer"), { status: 0, again: 2 });
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const again = Number(response.headers.get("retry-after")) || 0;
  throw Object.assign(new Error(body.error || `the server answers ${response.status}`), { status: response.status, again });
}

export function post(address, body = {}) {
  const headers = { "content-type": "application/json" };
  return ask(address, { method: "POST", headers, body: JSON.stringify(body) });
}

const PAUSE = 250; // milliseconds between two looks at a job

/**
 * Watch a job to its end. show(job, points) is called after each look, with all points so far; the promise gives the
 * job as it ended. Fails with status 404 if the server knows no such job (any more).
 */
export async function follow(id, show) {
  const points = [];
  let trouble = 0;
  for (;;) {
    try {
      const job = await ask(`/api/jobs/${id}?after=${points.length}`);
      trouble = 0;
      points.push(...job.points);
      show(job, points);
      if (["done", "stopped", "failed"].includes(job.state) && points.length >= job.known) return job;
    } catch (error) {
      trouble += 1;
      if (!error.again || trouble > 20) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, trouble ? 2000 : PAUSE));
  }
}

/** Kept in this tab over a reload; nothing is kept where the browser does not allow it. */
export function remember(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch { /* the page works without */ }
}

export function recall(key, otherwise = null) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export const percent = (share, digits = 1) => (share === null ? "–" : `${(100 * share).toFixed(digits)} %`);
export const sentenceCase = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const byId = (id) => document.getElementById(id);

/** Why a job waits, in words. */
export function queueing(job) {
  if (job.state !== "waiting") return "";
  return job.jobs_before ? `Waiting: ${job.jobs_before} ${job.jobs_before === 1 ? "job" : "jobs"} before this one.` : "Starting.";
}

/** Shows the lines that a job has said, the new ones below the others; none once its result is there. */
export function listLines(list, points, job) {
  list.hidden = points.length === 0 || Boolean(job.result);
  for (const { line } of points.slice(list.children.length)) {
    const item = document.createElement("li");
    item.textContent = line;
    list.append(item);
  }
}

// -- pixels -----------------------------------------------------------------------------------------------------------

export const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const dark = matchMedia("(prefers-color-scheme: dark)");
const PLUS = () => (dark.matches ? [255, 170, 80] : [196, 84, 0]);
const MINUS = () => (dark.matches ? [110, 180, 255] : [20, 90, 190]);
const INK = () => (dark.matches ? [240, 240, 242] : [20, 20, 24]);

function paint(canvas, width, values, colour) {
  canvas.width = width;
  canvas.height = Math.ceil(values.length / width);
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  values.forEach((value, i) => image.data.set(colour(value, i), 4 * i));
  context.putImageData(image, 0, 0);
}

/** Ink as darkness (light mode) or brightness (dark mode). */
export function paintInk(canvas, values) {
  const ink = INK();
  paint(canvas, 28, values, (value) => [...ink, value]);
}

/** Signed weights; where `ink` is given, faint off the ink. */
export function paintWeights(canvas, base64, ink = null) {
  const weights = new Int8Array(bytes(base64).buffer);
  const plus = PLUS(), minus = MINUS();
  paint(canvas, 28, [...weights], (value, i) => {
    const strength = Math.min(1, (Math.abs(value) / 127) * 1.6) * (ink ? 0.3 + (0.7 * ink[i]) / 255 : 1);
    return [...(value > 0 ? plus : minus), 255 * strength];
  });
}

export function paintActivations(canvas, activations) {
  const largest = Math.max(1e-9, ...activations.map(Math.abs));
  const plus = PLUS(), minus = MINUS();
  const width = Math.min(activations.length, 64);
  paint(canvas, width, activations, (a) => [...(a > 0 ? plus : minus), (255 * Math.abs(a)) / largest]);
}

/** A list item with a tile of 28 x 28 pixels and a line of text. */
export function tile(list, i) {
  while (list.children.length <= i) {
    const item = document.createElement("li");
    const canvas = document.createElement("canvas");
    canvas.className = "pixels";
    canvas.width = canvas.height = 28;
    canvas.setAttribute("role", "img");
    item.append(canvas, document.createElement("small"));
    list.append(item);
  }
  return { canvas: list.children[i].firstChild, text: list.children[i].lastChild };
}

// -- charts -----------------------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { left: 44, right: 12, top: 10, bottom: 24 };
const HEIGHT = 190;

function element(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** Round numbers from bottom to top, about four. */
function ticks(bottom, top) {
  const raw = (top - bottom) / 4;
  const magnitude = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * magnitude).find((s) => s >= raw);
  return Array.from({ length: Math.floor((top - bottom) / step + 1e-9) + 1 }, (_, i) => Number((bottom + i * step).toPrecision(12)));
}

/**
 * Lines over updates. lines: [{name, kind, points: [[x, y], …]}], y null where it is not finite; shares: whether the
 * values are shares of one.
 */
export function drawChart(box, lines, shares = false) {
  const all = lines.flatMap((line) => line.points).filter(([, y]) => y !== null);
  const x1 = Math.max(1, ...all.map(([x]) => x));
  const lowest = Math.min(1, ...all.map(([, y]) => y));
  const y0 = shares ? [0.8, 0.5].find((bottom) => lowest >= bottom) ?? 0 : 0;
  const y1 = shares ? 1 : 1.05 * Math.max(1e-9, ...all.map(([, y]) => y));
  const format = shares ? percent : (value) => value.toPrecision(3);
  const short = shares ? (value) => percent(value, 0) : (value) => String(value);
  const width = Math.max(220, box.clientWidth);
  const x = (value) => MARGIN.left + (value / x1) * (width - MARGIN.left - MARGIN.right);
  const y = (value) => HEIGHT - MARGIN.bottom - ((value - y0) / (y1 - y0)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const svg = element("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true" });
  for (const value of ticks(y0, y1)) {
    svg.append(element("line", { class: "grid", x1: x(0), x2: x(x1), y1: y(value), y2: y(value) }));
    svg.append(element("text", { class: "tick", x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  svg.append(element("text", { class: "tick", x: x(0), y: HEIGHT - 6 }, "0"));
  svg.append(element("text", { class: "tick", x: x(x1), y: HEIGHT - 6, "text-anchor": "end" }, `${x1.toLocaleString("en")} updates`));
  for (const line of lines) {
    let path = "", lifted = true;
    for (const [px, py] of line.points) {
      if (py !== null) path += `${lifted ? "M" : "L"}${x(px).toFixed(1)} ${y(py).toFixed(1)}`;
      lifted = py === null;
    }
    if (path) svg.append(element("path", { class: `curve ${line.kind}`, d: path }));
  }
  const legend = document.createElement("p");
  legend.className = "legend";
  for (const line of lines) {
    const last = line.points.findLast(([, value]) => value !== null);
    const entry = document.createElement("span");
    entry.className = line.kind;
    entry.textContent = last ? `${line.name} ${format(last[1])}` : line.name;
    legend.append(entry);
  }
  box.replaceChildren(svg, legend);
  box.setAttribute("aria-label", legend.innerText || legend.textContent);
}

/** Draw again when the width or the colours change. */
export function whenResized(redraw) {
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) redraw();
    width = innerWidth;
  });
  dark.addEventListener("change", redraw);
}
