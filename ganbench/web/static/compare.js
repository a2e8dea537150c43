// Several runs: scores, parameters, environment side by side; curves and movies; what mattered.
import { copy, csv, draw, markdown } from "./beside.js";
import { Cursor } from "./cursor.js";
import { prepare } from "./fields.js";
import { get, make, trouble, whole } from "./format.js";
import { Many } from "./many.js";
import { mountCurves, mountMovies } from "./side.js";

const SIDE = 12; // columns, curves and movies at once
const LINES = 3; // runs from which on it can be asked what mattered
const element = (id) => document.getElementById(id);
const address = new URLSearchParams(location.search);

// What says which runs these are; it goes to the server as it is.
function which() {
  const query = new URLSearchParams();
  for (const name of ["runs", "project"]) if (address.has(name)) query.set(name, address.get(name));
  return query;
}

// `value` is a text or several; an empty one is not in the address.
function remember(name, value) {
  address.delete(name);
  for (const one of [value].flat()) if (one) address.append(name, one);
  history.replaceState(null, "", `?${address}`);
}

function less(runs, id) {
  const rest = runs.filter((run) => run.id !== id).map((run) => run.id);
  location.search = `?runs=${rest.map(encodeURIComponent).join(",")}`;
}

function sides(found) {
  const changed = () => element("changed").checked;
  const redraw = () => draw(element("sides"), found, changed(), (id) => less(found.runs, id));
  element("changed").checked = !address.has("all");
  element("changed").addEventListener("change", () => { remember("all", changed() ? "" : "1"); redraw(); });
  for (const [id, write] of [["markdown", markdown], ["csv", csv]]) {
    element(id).addEventListener("click", async () => {
      try {
        await copy(write(found, changed()));
        element("copied").textContent = "copied";
      } catch (error) {
        element("copied").textContent = `the browser does not let us copy: ${error.message}`;
      }
    });
  }
  const rest = found.runs.length - found.beside.length;
  element("first-of").hidden = rest <= 0;
  element("first-of").textContent = `The first ${whole(found.beside.length)} of ${whole(found.runs.length)}; choose fewer by parallel coordinates to see others.`;
  redraw();
}

function missing(found) {
  const words = [
    ...found.missing.map((id) => `There is no run ${id}: it may have been deleted, or it cannot be read.`),
    ...found.problems,
  ];
  element("missing").hidden = !words.length;
  element("missing").replaceChildren(...words.map((text) => make("li", {}, text)));
}

async function start() {
  const found = await get(`/api/compare?${which()}`);
  missing(found);
  const runs = found.runs.map(prepare);
  element("empty").hidden = runs.length > 0;
  element("parts").hidden = runs.length === 0;
  element("count").textContent = `${whole(runs.length)} ${runs.length === 1 ? "run" : "runs"}${address.has("project") ? ` of ${address.get("project")}` : ""}`;
  document.title = `${runs.length} runs · ganbench`;
  if (!runs.length) return;
  if (runs.length > SIDE) element("parts").prepend(element("many"));
  sides(found);
  const cursor = new Cursor();
  mountCurves(element("side-curves"), found.beside, cursor);
  mountMovies(element("side-movie"), found.beside, cursor);
  element("many").hidden = runs.length < LINES;
  if (runs.length >= LINES) new Many(runs, address, which(), remember);
}

start().then(() => trouble(null), trouble);
