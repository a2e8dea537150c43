// The page of one run: its head, its tabs, and the stream that tells them what is new.
//
// A tab is a module panels/NAME.js with `mount(root, view)`, called when the tab is first shown; it
// returns `{update(pulse)}`, called after that and for every pulse while the tab is shown. `view` is
// {run, page, api, series, cursor, look, whole()}; a pulse is what /api/runs/RUN/live sends.
import { Cursor } from "./cursor.js";
import { Look, Series } from "./curves.js";
import { get, trouble } from "./format.js";
import { Head } from "./head.js";
import { Tabs } from "./tabs.js";

const run = document.getElementById("run").dataset.run;
const page = `/runs/${encodeURIComponent(run)}`;
const api = `/api${page}`;
const panels = new Map(); // tab → what its module's mount gave
let pulse = null;
let kept = { key: null, answer: null };

const cursor = new Cursor();

const view = {
  run, page, api, cursor,
  series: new Series(run),
  look: new Look("run", cursor),
  // All of /api/runs/RUN, asked for again only when something in it has changed.
  whole() {
    const key = JSON.stringify([pulse.state, pulse.scores, pulse.warnings, pulse.edition]);
    if (kept.key !== key) kept = { key, answer: get(api) };
    return kept.answer;
  },
};

const head = new Head();
let last = Promise.resolve(); // one thing after the other

function queue(act) {
  last = last.then(act).then(() => trouble(null), trouble);
}

async function show() {
  if (!pulse) return;
  const name = tabs.current;
  if (!panels.has(name)) {
    const { mount } = await import(`./panels/${name}.js`);
    panels.set(name, mount(document.getElementById(name), view));
  }
  await panels.get(name).update(pulse);
}

async function follow(news) {
  pulse = news;
  const whole = await view.whole();
  view.series.created = Date.parse(whole.created) / 1000;
  view.look.mark(whole.warnings.map((warning) => warning.step));
  head.show(pulse, whole);
  await show();
}

const tabs = new Tabs(() => queue(show));
const source = new EventSource(`${api}/live`);
source.addEventListener("clock", (event) => head.clock(Number(event.data)));
source.onmessage = (event) => queue(() => follow(JSON.parse(event.data)));
source.onerror = () => trouble(new Error("the server does not answer; it is asked again and again"));
source.onopen = () => trouble(null);
