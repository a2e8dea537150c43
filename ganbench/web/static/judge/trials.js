// The trials of a rater: a cross, a picture for a while, noise, an answer; and the next one.
import { get, make, send, whole } from "../format.js";
import { recalled, remember } from "./name.js";
import { Stage } from "./stage.js";

const CROSS = 500; // ms
const TOLD = 700; // ms that the truth is shown, if it is
const KEYS = { f: 0, arrowleft: 0, j: 1, arrowright: 1 };
const at = (id) => document.getElementById(id);
const { study, task } = at("judge").dataset;
const asked = new URLSearchParams(location.search);
const buttons = [...document.querySelectorAll(".answers button")];
const stage = new Stage(at("stage"));
const images = new Map(); // name → picture, decoded
let waiting = []; // trials without an answer
let total = 0;
let rater = "";
let hidden = false; // was the page out of sight?

const only = (id) => { for (const part of ["before", "trial", "paused", "end"]) at(part).hidden = part !== id; };

function wrong(error) {
  at("wrong").hidden = !error;
  at("wrong").replaceChildren(...(error ? [`${error.message} `, make("a", { href: `/judge/${encodeURIComponent(study)}` }, "Choose again")] : []));
}

function count() {
  const done = total - waiting.length;
  at("done").max = total || 1;
  at("done").value = done;
  at("count").textContent = total ? `${whole(done)} of ${whole(total)}` : "";
}

async function load(name) {
  const image = new Image();
  image.src = `/judge/${encodeURIComponent(study)}/pictures/${name}.webp`;
  try { await image.decode(); } catch { throw new Error(`A picture cannot be shown: ${image.src} is missing or damaged.`); }
  images.set(name, image);
}

async function start() {
  rater = (asked.get("rater") ?? "").trim();
  at("who").hidden = Boolean(rater);
  at("loading").hidden = !rater;
  at("ready").hidden = true;
  if (!rater) {
    at("who").rater.value = recalled();
    at("who").rater.focus();
    return;
  }
  remember(rater);
  const found = await get(`/api/judge/${encodeURIComponent(study)}/trials?${asked}`);
  const done = new Set(found.done);
  total = found.trials.length;
  waiting = found.trials.filter(({ trial }) => !done.has(trial));
  count();
  if (!waiting.length) { only("end"); return; }
  await Promise.all(waiting.flatMap((trial) => trial.pictures).map(load));
  at("loading").hidden = true;
  at("again").hidden = !done.size;
  at("again").textContent = `${found.rater} has answered ${whole(done.size)} of ${whole(total)} trials already; the rest is next.`;
  at("begin").textContent = done.size ? "Go on" : "Begin";
  const others = new URLSearchParams(asked);
  others.delete("rater");
  at("others").href = `?${others}`;
  at("ready").hidden = false;
  at("begin").focus();
}

// Resolves with {answer, time} at a key or a click.
function answered() {
  return new Promise((done) => {
    const stop = new AbortController();
    const end = (i, time) => {
      stop.abort();
      for (const button of buttons) button.disabled = true;
      done({ answer: buttons[i].dataset.answer, time });
    };
    buttons.forEach((button, i) => {
      button.disabled = false;
      button.addEventListener("click", (event) => end(i, event.timeStamp), stop);
    });
    document.addEventListener("keydown", (event) => {
      const i = KEYS[event.key.toLowerCase()];
      if (i === undefined || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      end(i, event.timeStamp);
    }, stop);
  });
}

// Until a button of the pause is pressed; `words` say why.
function pause(words) {
  only("paused");
  at("why").textContent = words;
  at("resume").focus();
  return new Promise((done) => { at("resume").addEventListener("click", () => { only("trial"); done(); }, { once: true }); });
}

async function store(trial, answer) {
  const vote = {
    task, runs: asked.getAll("run"), n: Number(asked.get("n")), rater, trial: trial.trial,
    exposures: asked.getAll("exposure").map((text) => (text === "unlimited" ? null : Number(text))),
    feedback: asked.has("feedback"), ...answer,
  };
  for (;;) {
    try {
      return (await send(`/api/judge/${encodeURIComponent(study)}/votes`, vote)).body; // 409: it was stored before
    } catch (error) {
      await pause(`The answer could not be stored: ${error.message}. It is kept here; go on to send it again.`);
    }
  }
}

async function tell({ correct }, { answer }) {
  const other = { real: "fake", fake: "real" }[answer];
  stage.phase = "blank";
  at("told").textContent = correct ? "Right" : `Wrong: it was ${other}`;
  await new Promise((done) => { setTimeout(done, TOLD); });
  at("told").textContent = "";
}

// One trial; true if it has been answered, false if nobody could see it.
async function run(trial) {
  stage.prepare(trial.pictures.map((name) => images.get(name)));
  hidden = document.hidden;
  await stage.fixate(CROSS);
  const { begun, shown } = await stage.show(trial.exposure);
  if (hidden) return false;
  const { answer, time } = await answered();
  stage.phase = "blank";
  const told = { answer, shown: shown ?? time - begun, reaction: time - begun };
  const body = await store(trial, told);
  if (asked.has("feedback") && typeof body.correct === "boolean") await tell(body, told);
  return true;
}

async function all() {
  only("trial");
  while (waiting.length) {
    if (await run(waiting[0])) waiting.shift();
    else {
      waiting.push(waiting.shift());
      stage.phase = "blank";
      await pause("The page was out of sight while a picture was shown; that picture comes again later.");
    }
    count();
  }
  only("end");
}

document.addEventListener("visibilitychange", () => { hidden ||= document.hidden; });
at("begin").addEventListener("click", () => all().catch(wrong));
at("who").addEventListener("submit", (event) => {
  event.preventDefault();
  asked.set("rater", at("who").rater.value);
  history.replaceState(null, "", `?${asked}`);
  start().catch(failed);
});

function failed(error) {
  at("before").hidden = true;
  wrong(error);
}

start().catch(failed);
