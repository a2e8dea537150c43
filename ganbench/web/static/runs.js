// The table of runs: asks for what changed, and shows what the search, the order and the groups say.
import { Columns } from "./columns.js";
import { Choice } from "./choice.js";
import { BUILT_IN, measures, parameters, prepare, scoreName, series, varied } from "./fields.js";
import { check, matches, namesOf, parse } from "./filter.js";
import { get, make, number, trouble, whole } from "./format.js";
import { groupRow, head, paint, runRow } from "./cells.js";
import { lines, sorted } from "./order.js";
import { Sparks } from "./spark.js";
import { Table } from "./table.js";

const EVERY = 2000; // ms between looks
const [ROW, GROUP] = [56, 42]; // heights, as in runs.css
const USUAL_CURVES = ["dis_loss", "loss", "d_loss", "train/loss", "adv_loss", "g_loss"];
const element = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const runs = new Map(); // id → run, the newest first
let edition = 0;
let terms = [];
let searchable = new Set();

const view = {
  sort: { column: asked.get("sort") ?? "created", down: asked.has("sort") ? asked.has("down") : true },
  group: asked.get("group") ?? "",
  best: asked.get("best"),
  curve: asked.get("curve"),
  columns: [],
  curveName: "",
  protocols: new Map(), // measure → the fingerprint that most runs have
  collapsed: new Set(),
  sparks: new Sparks(() => repaint()),
  filter(text) {
    element("search").value = text;
    search();
  },
  open(key) {
    if (!view.collapsed.delete(key)) view.collapsed.add(key);
    show();
  },
  sortBy(column) {
    const down = view.sort.column === column && !view.sort.down;
    view.sort = { column, down };
    remember();
    show();
  },
};
view.choice = new Choice(element("choice"), () => tick(), () => look());
const columns = new Columns(element("columns"), asked.get("columns")?.split(",").filter(Boolean), () => { remember(); show(); });
const table = new Table(element("scroller"), element("runs").tBodies[0], line, (shown) => {
  if (columns.chosen.includes("curve")) view.sparks.want([...new Set(shown.filter((item) => item.run).map((item) => item.run.id))]);
});

function line({ run, group }) {
  if (!run) {
    const told = group.runs.map((member) => [member.id, member.best[view.best]?.value]);
    return {
      key: `group ${group.key}`, height: GROUP,
      text: JSON.stringify([view.group, group.title, told, view.collapsed.has(group.key), columns.chosen.length, view.best, view.protocols.get(view.best)]),
      make: () => groupRow(group, columns.chosen, view),
    };
  }
  const usual = columns.chosen.map((name) => view.protocols.get(name === "best" ? view.best : name.slice(5)) ?? null);
  return {
    key: `${group?.key ?? ""} ${run.id}`, height: ROW, run,
    text: `${run.json}${JSON.stringify([columns.chosen, view.best, view.curve, usual])}`,
    make: () => runRow(run, columns.chosen, view),
  };
}

// The boxes say what is chosen; no row is made again for that.
function tick() {
  for (const tr of element("runs").tBodies[0].rows) {
    const box = tr.querySelector("input[type=checkbox]");
    if (box && tr.dataset.run !== undefined) {
      box.checked = view.choice.ids.has(tr.dataset.run);
      tr.classList.toggle("chosen", box.checked);
    }
  }
  const chosen = view.choice.shown.filter((id) => view.choice.ids.has(id)).length;
  const all = element("all");
  all.checked = chosen > 0 && chosen === view.choice.shown.length;
  all.indeterminate = chosen > 0 && !all.checked;
}

function repaint() {
  const at = columns.chosen.indexOf("curve") + 1;
  if (!at) return;
  for (const tr of element("runs").tBodies[0].rows) {
    if (tr.dataset.run && !tr.cells[at].firstChild) paint(tr.cells[at], runs.get(tr.dataset.run), view);
  }
}

// What the page is asked to show is in its address.
function remember() {
  const query = new URLSearchParams();
  const say = (name, value) => { if (value) query.set(name, value); };
  say("q", element("search").value.trim());
  if (view.sort.column !== "created" || !view.sort.down) {
    query.set("sort", view.sort.column);
    if (view.sort.down) query.set("down", "");
  }
  say("group", view.group);
  say("best", asked.get("best") || view.bestChosen ? view.best : null);
  say("curve", asked.get("curve") || view.curveChosen ? view.curve : null);
  if (asked.has("columns")) query.set("columns", columns.chosen.join(","));
  const text = query.toString();
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}

function search() {
  const input = element("search");
  const told = element("search-trouble");
  try {
    const found = parse(input.value);
    if (runs.size) check(found, searchable);
    terms = found;
    told.textContent = "";
  } catch (error) {
    told.textContent = error.message;
  }
  input.setAttribute("aria-invalid", String(Boolean(told.textContent)));
  remember();
  show();
}

function options(select, rows, chosen) {
  const text = JSON.stringify(rows);
  if (select.dataset.rows !== text) {
    select.dataset.rows = text;
    select.replaceChildren(...rows.map(([title, pairs]) => {
      const made = pairs.map(([value, label]) => make("option", { value }, label));
      return title ? make("optgroup", { label: title }, ...made) : made;
    }).flat());
  }
  select.value = chosen ?? "";
}

// What can be chosen depends on what the runs have.
function offer(all) {
  const scores = measures(all);
  const curves = series(all);
  if (!scores.includes(view.best)) view.best = scores[0] ?? null;
  const known = [...curves.map((name) => `series:${name}`), ...scores.map((name) => `score:${name}`)];
  if (!known.includes(view.curve)) {
    const usual = USUAL_CURVES.find((name) => curves.includes(name)) ?? curves.find((name) => name.includes("loss")) ?? curves[0];
    view.curve = usual ? `series:${usual}` : known[0] ?? null;
  }
  options(element("best"), [["", scores.map((name) => [name, scoreName(name)])]], view.best);
  element("best").parentElement.hidden = !scores.length;
  options(element("curve"), [
    ["Curves", curves.map((name) => [`series:${name}`, name])],
    ["Scores", scores.map((name) => [`score:${name}`, scoreName(name)])],
  ], view.curve);
  element("curve").parentElement.hidden = !known.length;
  const differing = varied(all);
  const groups = ["project", "recipe", "tag", "state"].map((name) => [name, name]);
  options(element("group"), [
    ["", [["", "nothing"], ...groups]],
    ["Parameters that differ", differing.map((name) => [`config:${name}`, name])],
    ["Other parameters", parameters(all).filter((name) => !differing.includes(name)).map((name) => [`config:${name}`, name])],
  ], view.group);
  const [kind, ...rest] = (view.curve ?? "").split(":");
  view.curveName = kind === "score" ? scoreName(rest.join(":")) : rest.join(":");
  view.sparks.choose(view.curve ? { [kind]: rest.join(":") } : null);
  searchable = new Set(all.flatMap(namesOf));
  view.protocols = new Map(scores.map((name) => [name, mostFrequent(all.map((run) => run.best[name]?.fingerprint))]));
}

function mostFrequent(values) {
  const times = new Map();
  for (const value of values) if (value) times.set(value, (times.get(value) ?? 0) + 1);
  return [...times.entries()].reduce((most, one) => (one[1] > most[1] ? one : most), [null, 0])[0];
}

function show() {
  const found = [...runs.values()].filter((run) => matches(terms, run));
  const ordered = sorted(found, view.sort, view.best);
  const made = lines(ordered, view.group, view.collapsed);
  const row = element("runs").tHead.rows[0];
  const focus = document.activeElement?.closest("#runs thead") && document.activeElement.dataset.part;
  row.replaceChildren(row.cells[0], ...head(columns.chosen, view, found));
  if (focus) [...row.querySelectorAll("[data-part]")].find((e) => e.dataset.part === focus)?.focus();
  const [own] = head(["run"], view, found);
  row.cells[0].setAttribute("aria-sort", own.getAttribute("aria-sort"));
  element("run-head").replaceChildren(own.firstChild);
  const widths = [innerWidth < 700 ? 170 : BUILT_IN.run.width, ...columns.chosen.map((name) => BUILT_IN[name]?.width ?? 140)];
  element("widths").replaceChildren(...widths.map((width) => make("col", { style: `width: ${width}px` })));
  element("runs").style.minWidth = `${widths.reduce((sum, width) => sum + width, 0)}px`;
  element("runs").setAttribute("aria-rowcount", made.length + 1);
  view.choice.show(made.filter((item) => item.run).map((item) => item.run.id));
  table.show(made);
  tick();
  element("nothing").hidden = !runs.size || found.length > 0;
  element("count").textContent = found.length === runs.size ? whole(runs.size) : `${whole(found.length)} of ${whole(runs.size)}`;
}

function tell(news) {
  const reading = news.progress !== null;
  element("reading").hidden = !reading;
  element("read").value = news.progress ?? 0;
  element("read-text").textContent = reading ? `indexing ${number(Math.floor(100 * news.progress))} %` : "";
  element("problems").hidden = !news.problems.length;
  element("problems-title").textContent = `${whole(news.problems.length)} ${news.problems.length === 1 ? "run" : "runs"} could not be read`;
  element("problems-list").replaceChildren(...news.problems.map((words) => make("li", {}, words)));
  element("empty").hidden = runs.size > 0 || reading;
  element("listed").hidden = runs.size === 0;
}

function take(news) {
  const changed = new Set();
  for (const row of news.runs) {
    const run = prepare(row);
    run.json = JSON.stringify(row);
    if (runs.get(run.id)?.json === run.json) continue;
    runs.set(run.id, run);
    view.sparks.forget(run.id);
    changed.add(run.id);
  }
  const running = new Set(news.running);
  for (const run of runs.values()) {
    if (run.state !== "running" && run.state !== "killed") continue;
    const state = running.has(run.id) ? "running" : "killed"; // a death changes nothing in the index
    if (state === run.state) continue;
    Object.assign(run, { state, json: `${run.json}${state}` });
    changed.add(run.id);
  }
  return changed.size > 0;
}

async function look() {
  const all = edition === 0;
  const news = await get(`/api/table?since=${edition}`);
  if (all) runs.clear();
  const changed = take(news) || all;
  if (runs.size !== news.count) { // one was deleted
    edition = 0;
    if (!all) { await look(); return; }
  } else {
    edition = news.edition;
  }
  tell(news);
  if (!changed) return;
  const newest = [...runs.values()].sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0));
  runs.clear();
  for (const run of newest) runs.set(run.id, run);
  view.choice.keep(runs);
  columns.show(newest);
  offer(newest);
  search();
}

async function watch() {
  if (document.visibilityState === "visible") {
    try {
      await look();
      trouble(null);
    } catch (error) {
      trouble(error);
    }
  }
  setTimeout(watch, EVERY);
}

element("search").value = asked.get("q") ?? "";
element("search").addEventListener("input", search);
element("clear-search").addEventListener("click", () => view.filter(""));
element("group").addEventListener("change", (event) => { view.group = event.target.value; view.collapsed.clear(); remember(); show(); });
element("best").addEventListener("change", (event) => { view.best = event.target.value; view.bestChosen = true; remember(); show(); });
element("curve").addEventListener("change", (event) => { view.curve = event.target.value; view.curveChosen = true; offer([...runs.values()]); remember(); show(); });
element("all").addEventListener("click", (event) => view.choice.put(view.choice.shown, event.target.checked));
watch();
