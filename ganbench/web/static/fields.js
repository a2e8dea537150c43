// The columns that a table of runs can have, and what a run says in each.
//
// A column is a name: "state", or "config:optimizer_d.lr", "best:frechet inception 50000" (a measure,
// its features, the number of samples), "last:dis_loss"; also "low:" and "high:" of a curve.
import { duration, flatten, moment, number, whole } from "./format.js";
import { asNumber } from "./filter.js";

export const BUILT_IN = {
  __proto__: null,
  run: { label: "Run", width: 250, value: (run) => run.id },
  state: { label: "State", width: 132, value: (run) => run.state },
  project: { label: "Project", width: 130, value: (run) => run.project ?? run.recipe },
  tags: { label: "Tags", width: 158, value: (run) => run.tags.join(", ") || null },
  curve: { label: "Curve", width: 150, value: null },
  best: { label: "Best", width: 130, value: null },
  step: { label: "Step", width: 150, number: true, value: (run) => run.step, show: (run) => (run.steps ? `${whole(run.step)} / ${whole(run.steps)}` : whole(run.step)) },
  images: { label: "Images", width: 110, number: true, value: (run) => run.seen, show: (run) => whole(run.seen) },
  seconds: { label: "Duration", width: 100, number: true, value: (run) => run.seconds, show: (run) => duration(run.seconds) },
  created: { label: "Started", width: 165, value: (run) => run.created, show: (run) => began(run.created) },
  diagnosis: { label: "Diagnosis", width: 200, value: (run) => run.warned.join(", ") || null },
  reason: { label: "Because", width: 220, value: (run) => run.reason },
};
export const USUAL = ["state", "project", "tags", "curve", "best", "step", "seconds", "created"];

// Without the year if that is this one.
function began(iso) {
  const then = new Date(iso);
  if (then.getFullYear() !== new Date().getFullYear()) return moment(iso);
  return then.toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

// What the page needs of a row beside what the server sent.
export function prepare(run) {
  const flat = flatten(run.config);
  const words = [run.id, run.name, run.project, run.recipe, ...run.tags];
  const values = flat.map(([, value]) => (typeof value === "object" ? JSON.stringify(value) : value));
  return {
    ...run,
    flat,
    parameters: new Map(flat),
    text: [...words, ...values].filter((word) => word !== null && word !== undefined).join("\n").toLowerCase(),
  };
}

const RANGE = { __proto__: null, last: 0, low: 1, high: 2 };

function split(column) {
  const at = column.indexOf(":");
  return [column.slice(0, at), column.slice(at + 1)];
}

export function label(column) {
  if (column in BUILT_IN) return BUILT_IN[column].label;
  const [kind, name] = split(column);
  return kind === "best" ? `best ${scoreName(name)}` : name;
}

// "frechet inception 50000" → "frechet · inception · 50,000"
export function scoreName(key) {
  const [measure, ...rest] = key.split(" ");
  const n = rest.pop();
  return [measure, rest.join(" "), n === undefined ? "" : whole(Number(n))].filter(Boolean).join(" · ");
}

// The value by which a column is sorted and grouped: undefined if the run has none.
export function value(run, column, best = null) {
  if (column === "best") return best ? run.best[best]?.value : undefined;
  if (column in BUILT_IN) return BUILT_IN[column].value?.(run) ?? undefined;
  const [kind, name] = split(column);
  if (kind === "config") return run.parameters.get(name);
  if (kind === "best") return run.best[name]?.value;
  if (kind in RANGE) return run.last[name]?.[RANGE[kind]];
  return undefined;
}

export function isNumber(column, runs) {
  if (column in BUILT_IN) return BUILT_IN[column].number ?? column === "best";
  return runs.every((run) => {
    const found = value(run, column);
    return found === undefined || found === null || typeof found === "number" || found === "NaN" || found === "Infinity";
  });
}

export function text(run, column) {
  if (BUILT_IN[column]?.show) return BUILT_IN[column].show(run);
  const found = value(run, column);
  if (found === undefined || found === null || found === "") return "–";
  if (typeof found === "number") return number(found);
  return typeof found === "object" ? JSON.stringify(found) : String(found);
}

// Ascending; numbers before words; what is missing or NaN comes last, whichever way it goes.
export function compare(a, b, down = false) {
  const [left, right] = [rank(a), rank(b)];
  if (left !== right) return left - right;
  if (left === 2) return 0;
  const order = left === 0 ? asNumber(a) - asNumber(b) : String(a).localeCompare(String(b), "en", { numeric: true });
  if (Number.isNaN(order)) return 0; // ∞ − ∞
  return down ? -order : order;
}

function rank(value) {
  if (value === undefined || value === null || value === "" || value === "NaN" || Number.isNaN(value)) return 2;
  return typeof value === "number" || value === "Infinity" || value === "-Infinity" ? 0 : 1;
}

// What the runs have, the most frequent first, in the order in which it was met.
export function counted(runs, names) {
  const times = new Map();
  for (const run of runs) for (const name of names(run)) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times.keys()].sort((a, b) => times.get(b) - times.get(a));
}

export const measures = (runs) => counted(runs, (run) => Object.keys(run.best));
export const series = (runs) => counted(runs, (run) => Object.keys(run.last));
export const parameters = (runs) => [...new Set(runs.flatMap((run) => [...run.parameters.keys()]))].sort();

// The parameters whose values are not all the same.
export function varied(runs) {
  return parameters(runs).filter((name) => {
    const first = JSON.stringify(runs[0].parameters.get(name));
    return runs.some((run) => JSON.stringify(run.parameters.get(name)) !== first);
  });
}
