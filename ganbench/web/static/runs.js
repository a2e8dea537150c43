// The list of runs, asked for anew every few seconds; the server answers "the same" for free.
import { duration, get, make, moment, number, trouble, whole } from "./format.js";

const EVERY = 3000;
const table = document.getElementById("runs");
const rows = new Map(); // run id → [what it showed, its <tr>]

function row(run) {
  const page = `/runs/${encodeURIComponent(run.id)}`;
  const picture = run.picture
    ? make("img", { class: "thumb", src: `${page}/media/${run.picture}.webp`, alt: "", loading: "lazy" })
    : make("div", { class: "thumb" });
  const scores = run.scores.slice(0, 4).map((score) =>
    make("span", { class: "score", title: `${score.extractor}, ${whole(score.n_fake)} samples` },
      make("span", {}, `${score.measure} `), number(score.value)));
  return make("tr", {},
    make("td", {}, make("a", { href: page, tabindex: "-1", "aria-hidden": "true" }, picture)),
    make("td", {}, make("a", { href: page }, run.id)),
    make("td", {}, make("span", { class: `state ${run.state}`, title: run.reason }, run.state)),
    make("td", { class: "number" }, `${whole(run.step)} / ${whole(run.steps)}`),
    make("td", { class: "scores" }, ...(scores.length ? scores : [make("span", { class: "quiet" }, "–")])),
    make("td", { class: "number" }, duration(run.seconds)),
    make("td", { class: "quiet" }, moment(run.created)));
}

function show(runs) {
  document.getElementById("empty").hidden = runs.length > 0;
  table.hidden = runs.length === 0;
  const known = new Set(runs.map((run) => run.id));
  for (const id of rows.keys()) if (!known.has(id)) rows.delete(id);
  for (const run of runs) {
    const text = JSON.stringify(run);
    if (rows.get(run.id)?.[0] !== text) rows.set(run.id, [text, row(run)]);
  }
  table.tBodies[0].replaceChildren(...runs.map((run) => rows.get(run.id)[1]));
}

async function look() {
  try {
    show(await get("/api/runs"));
    trouble(null);
  } catch (error) {
    trouble(error);
  }
  setTimeout(look, EVERY);
}

look();
