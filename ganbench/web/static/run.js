// The page of one run: loads it whole once, then follows it.
import { Movie } from "./movie.js";
import { Plot, Series } from "./curves.js";
import { duration, flatten, get, make, number, trouble, whole } from "./format.js";

const run = document.getElementById("run").dataset.run;
const page = `/runs/${encodeURIComponent(run)}`;
const api = `/api${page}`;
const movie = new Movie(page);
const series = new Series(run);
const plots = new Map(); // title → Plot
const UNITS = { cpu: "% of a core", memory: "MiB", gpu: "%", gpu_memory: "MiB", gpu_power: "W", gpu_temperature: "°C" };

// The panels of scalars: which series go together.
function panels(names) {
  const groups = new Map([["loss", []], ["accuracy", []]]); // these first
  for (const name of names) {
    const title = name.startsWith("system/") ? `${name.slice(7).replace("_", " ")}, ${UNITS[name.slice(7)]}`
      : name.endsWith("_loss") ? "loss" : name.endsWith("_acc") ? "accuracy" : name;
    groups.set(title, [...(groups.get(title) ?? []), name]);
  }
  return groups;
}

function plot(title, parent) {
  const unit = parent === "system" ? " min" : "";
  if (!plots.has(title)) plots.set(title, new Plot(document.getElementById(parent), title, unit));
  return plots.get(title);
}

function drawCurves(changed) {
  for (const [title, names] of panels([...series.kept.keys()])) {
    if (!names.some((name) => changed.includes(name))) continue;
    const drawn = plot(title, names[0].startsWith("system/") ? "system" : "curves");
    drawn.draw(names.map((name) => series.line(name)));
    drawn.say(series.shown(names));
  }
}

function drawScores(history, scores) {
  document.getElementById("no-scores").hidden = history.length > 0;
  document.getElementById("scores").hidden = history.length === 0;
  for (const measure of new Set(history.map((score) => score.measure))) {
    const all = history.filter((score) => score.measure === measure && score.value !== null);
    const sizes = [...new Set(all.map((score) => score.n_fake))];
    if (all.length < 2) continue;
    plot(measure, "score-curves").draw(sizes.map((n) => {
      const points = all.filter((score) => score.n_fake === n);
      return { name: `${whole(n)} samples`, x: points.map((s) => s.step), y: points.map((s) => s.value) };
    }));
  }
  document.querySelector("#scores tbody").replaceChildren(...scores.map((score) => make("tr", {},
    make("td", { title: score.warnings.join("; ") }, score.measure),
    make("td", { class: "number" }, number(score.value)),
    make("td", { class: "number quiet" }, score.interval ? score.interval.map(number).join(" … ") : ""),
    make("td", { class: "number quiet" }, number(score.baseline)),
    make("td", {}, score.extractor),
    make("td", { class: "number" }, whole(score.n_real)),
    make("td", { class: "number" }, whole(score.n_fake)))));
}

function drawPairs(id, value) {
  document.querySelector(`#${id} tbody`).replaceChildren(...flatten(value).map(([name, item]) =>
    make("tr", {}, make("td", {}, name), make("td", {}, Array.isArray(item) ? item.join(" ") : String(item ?? "–")))));
}

function drawState(now, summary) {
  const state = document.getElementById("state");
  state.textContent = now.state;
  state.className = `state ${now.state}`;
  state.title = now.reason ?? "";
  document.getElementById("done").value = now.step / now.steps;
  const facts = {
    step: `${whole(now.step)} of ${whole(now.steps)}`,
    images: whole(now.seen),
    time: duration(now.seconds),
    "images/s": now.seconds > 0 ? number(now.seen / now.seconds) : "–",
  };
  if (summary) {
    facts["peak memory"] = `${whole(summary.peak_memory)} MiB`;
    facts.GPU = summary.gpu_use === null ? "no GPU" : `${number(summary.gpu_use)} % in use`;
  }
  if (now.reason) facts.because = now.reason;
  document.getElementById("facts").replaceChildren(...Object.entries(facts).map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

let known = { pictures: -1, scores: -1, state: "" };

async function follow(pulse) {
  drawState(pulse);
  if (pulse.pictures !== known.pictures || pulse.scores !== known.scores || pulse.state !== known.state) {
    const all = await get(api);
    drawState(pulse, all.summary);
    movie.update(all.pictures.filter((picture) => picture.name === "samples"));
    drawScores(all.history, all.scores);
    if (known.state === "") {
      drawPairs("config", all.config);
      drawPairs("environment", all.environment);
    }
    known = { pictures: pulse.pictures, scores: pulse.scores, state: pulse.state };
  }
  drawCurves(await series.update(pulse.points));
}

let last = Promise.resolve(); // one pulse after the other

function listen() {
  const source = new EventSource(`${api}/live`);
  source.onmessage = (event) => {
    last = last.then(() => follow(JSON.parse(event.data))).then(() => trouble(null), trouble);
  };
  source.onerror = () => trouble(new Error("the server does not answer; it is asked again and again"));
  source.onopen = () => trouble(null);
}

listen();
