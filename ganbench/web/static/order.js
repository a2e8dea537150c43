// The lines of the table: the runs that match, sorted, below the heads of their groups.
import { compare, value } from "./fields.js";

// `sort` is {column, down}; `best` the measure by which "best" sorts, the best first.
export function sorted(runs, { column, down }, best) {
  const key = column === "best"
    ? (run) => (best ? run.best[best]?.loss : undefined)
    : (run) => value(run, column, best);
  const keyed = runs.map((run, i) => [key(run), i, run]);
  keyed.sort((a, b) => compare(a[0], b[0], down) || a[1] - b[1]);
  return keyed.map(([, , run]) => run);
}

const GROUPS = {
  __proto__: null,
  project: (run) => [run.project],
  recipe: (run) => [run.recipe],
  state: (run) => [run.state],
  tag: (run) => (run.tags.length ? run.tags : [null]),
};

// [{key, title, runs}] by "project", "recipe", "state", "tag" (a run is in each of its tags' groups)
// or a parameter, "config:NAME"; what has none comes last.
export function grouped(runs, group) {
  const keys = GROUPS[group] ?? ((run) => [run.parameters.get(group.slice("config:".length))]);
  const found = new Map();
  for (const run of runs) {
    for (const key of keys(run)) {
      const title = key === null || key === undefined ? `no ${group.replace("config:", "")}` : typeof key === "object" ? JSON.stringify(key) : String(key);
      if (!found.has(title)) found.set(title, { key: title, title, value: key, runs: [] });
      found.get(title).runs.push(run);
    }
  }
  return [...found.values()].sort((a, b) => compare(a.value, b.value));
}

// {run, score} with the best value of a measure among those `runs` whose protocol is `usual`, or null.
export function bestOf(runs, best, usual) {
  let found = null;
  for (const run of runs) {
    const score = run.best[best];
    if (score && (!usual || score.fingerprint === usual) && (found === null || score.loss < found.score.loss)) found = { run, score };
  }
  return found;
}

// [{group}, {run, group}, …]: what the table shows, from top to bottom.
export function lines(runs, group, collapsed) {
  if (!group) return runs.map((run) => ({ run, group: null }));
  return grouped(runs, group).flatMap((made) => [
    { group: made, run: null },
    ...(collapsed.has(made.key) ? [] : made.runs.map((run) => ({ run, group: made }))),
  ]);
}
