// The cells of the table of runs.
import { BUILT_IN, isNumber, label, scoreName, text, value } from "./fields.js";
import { make, number, whole } from "./format.js";
import { bestOf } from "./order.js";
import { box } from "./choice.js";
import { spark } from "./spark.js";

export const page = (run) => `/runs/${encodeURIComponent(run.id)}`;

// `view` is {columns, best, protocols, sort, group, choice, sparks, curveName, collapsed, filter(text), open(key), sortBy(column)}.
export function head(columns, view, runs) {
  return columns.map((column) => {
    const title = column === "best" && view.best ? `Best ${view.best.split(" ")[0]}` : label(column);
    const sorts = view.sort.column === column ? (view.sort.down ? "descending" : "ascending") : "none";
    const th = make("th", { scope: "col", "aria-sort": sorts, class: isNumber(column, runs) ? "number" : null });
    const hint = column === "best" && view.best ? scoreName(view.best) : column === "curve" ? view.curveName : column;
    if (column === "curve") { th.append(make("span", { title: hint }, title)); return th; }
    const arrow = sorts === "none" ? null : make("span", { "aria-hidden": "true" }, view.sort.down ? "↓" : "↑");
    const button = make("button", { type: "button", title: hint, "data-part": `sort ${column}` }, make("span", {}, title), arrow);
    button.addEventListener("click", () => view.sortBy(column));
    th.append(button);
    return th;
  });
}

export function runRow(run, columns, view) {
  const tr = make("tr", { "data-run": run.id });
  tr.append(first(run, view), ...columns.map((column) => cell(run, column, view)));
  return tr;
}

function first(run, view) {
  const picture = run.picture
    ? make("img", { class: "thumb", src: `${page(run)}/media/${run.picture}.webp`, alt: "", loading: "lazy" })
    : make("span", { class: "thumb" });
  const chosen = box(`Choose ${run.id}`, view.choice.ids.has(run.id), (on, shift) => view.choice.click(run.id, on, shift));
  const link = make("a", { href: page(run), title: run.name ? `${run.name} (${run.id})` : run.id, "data-part": "link" }, run.name ?? run.id);
  const names = make("span", { class: "names" }, link, run.name ? make("span", { class: "quiet" }, run.id) : null);
  return make("th", { scope: "row", class: "run" }, make("span", { class: "first" }, chosen, picture, names));
}

function cell(run, column, view) {
  const td = make("td", { class: BUILT_IN[column]?.number ? "number" : null });
  if (column === "state") td.append(make("span", { class: `state ${run.state}`, title: run.reason }, run.state), wrong(run));
  else if (column === "tags") td.append(tags(run, view));
  else if (column === "curve") paint(td, run, view);
  else if (column === "best" || column.startsWith("best:")) { td.className = "number"; td.append(best(run, column === "best" ? view.best : column.slice(5), view)); } else {
    const shown = text(run, column);
    if (typeof value(run, column) === "number") td.className = "number";
    td.append(make("span", { title: shown, class: shown === "–" ? "quiet" : null }, shown));
  }
  return td;
}

function wrong(run) {
  if (!run.warned.length) return "";
  const words = run.warned.map((code) => code.replaceAll("-", " ")).join(", ");
  return make("abbr", { class: "warn", title: `The diagnosis: ${words}`, "aria-label": `The diagnosis: ${words}` }, " ⚠");
}

function tags(run, view) {
  return make("span", { class: "chips" }, ...run.tags.map((tag) => {
    const chip = make("button", { type: "button", class: "chip", title: `Show only ${tag}`, "data-part": `tag ${tag}` }, tag);
    chip.addEventListener("click", () => view.filter(`tag=${/[\s",:=<>!]/.test(tag) ? `"${tag.replaceAll('"', "")}"` : tag}`));
    return chip;
  }));
}

function best(run, key, view) {
  const score = run.best[key];
  if (!score) return make("span", { class: "quiet" }, "–");
  const usual = view.protocols.get(key);
  const other = usual && score.fingerprint && score.fingerprint !== usual;
  return make("span", { class: "score" }, number(score.value),
    other ? make("abbr", { title: "Another protocol than most runs here: not comparable" }, " ≠") : null,
    make("span", { class: "at" }, `@ ${whole(score.step)}`));
}

// Fills the cell of the curve, again when it has come.
export function paint(td, run, view) {
  const line = view.sparks.get(run.id);
  td.classList.add("curve");
  if (line === undefined) td.replaceChildren();
  else if (line === null || !line.step.length) td.replaceChildren(make("span", { class: "quiet" }, "–"));
  else td.replaceChildren(spark(line, view.curveName));
}

export function groupRow(group, columns, view) {
  const open = !view.collapsed.has(group.key);
  const ids = group.runs.map((run) => run.id);
  const chosen = box(`Choose all of ${group.title}`, ids.every((id) => view.choice.ids.has(id)), (on) => view.choice.put(ids, on));
  const button = make("button", { type: "button", "aria-expanded": String(open), "data-part": "fold" },
    make("span", { class: "arrow", "aria-hidden": "true" }, open ? "▾" : "▸"), make("span", { class: "title" }, group.title));
  button.addEventListener("click", () => view.open(group.key));
  const top = view.best && bestOf(group.runs, view.best, view.protocols.get(view.best));
  const facts = [make("span", { class: "quiet count" }, `${group.runs.length} ${group.runs.length === 1 ? "run" : "runs"}`)];
  if (top) facts.push(make("span", { class: "quiet" }, `best ${view.best.split(" ")[0]} `, make("a", { href: page(top.run), "data-part": "best" }, number(top.score.value))));
  if (group.runs.length > 1) facts.push(make("a", { href: comparison(view.group, group, ids), "data-part": "compare" }, "compare"));
  return make("tr", { class: "group", "data-group": group.key },
    make("th", { scope: "rowgroup", colspan: columns.length + 1 }, make("span", { class: "first" }, chosen, button, ...facts)));
}

function comparison(by, group, ids) {
  if (by === "project" && group.value) return `/compare?project=${encodeURIComponent(group.value)}`;
  return `/compare?runs=${ids.map(encodeURIComponent).join(",")}`;
}
