// Several runs side by side, for the page that compares them:
//   mountCurves(root, runs, cursor)  their curves overlaid, one colour a run, one plot a series
//   mountMovies(root, runs, cursor)  their movies on one scrub bar
// `runs` are ids, `cursor` a Cursor that both share. Both follow runs that are still going, and
// return {stop()}.
import { role } from "./balance.js";
import { COLOURS } from "./plot.js";
import { get, make, trouble } from "./format.js";
import { Look } from "./look.js";
import { Movie } from "./movie.js";
import { Series } from "./series.js";
import { Sheets } from "./sheets.js";
import { Toolbar } from "./toolbar.js";

const EVERY = 5000; // milliseconds between looks; a stream for each run would use up the connections

// Calls `look` now and again while the page is seen, until stopped.
function repeat(look) {
  let timer = null;
  const again = async () => {
    try {
      if (!document.hidden) await look();
      trouble(null);
    } catch (error) { trouble(error); }
    if (timer !== undefined) timer = setTimeout(again, EVERY);
  };
  again();
  return { stop() { clearTimeout(timer); timer = undefined; } };
}

export function mountMovies(root, runs, cursor) {
  root.classList.add("movie");
  const movie = new Movie(root, runs, cursor);
  return repeat(() => movie.update());
}

export function mountCurves(root, runs, cursor) {
  const look = new Look("compare", cursor);
  const sheets = new Sheets(make("div", { class: "sheets" }), look);
  new Toolbar(root, look, (wanted) => sheets.filter(wanted));
  root.append(sheets.parent);
  const all = runs.map((run) => new Series(run));
  return repeat(async () => {
    await Promise.all(all.map(async (series) => {
      const { created, points } = await get(`/api/runs/${encodeURIComponent(series.run)}`);
      series.created = Date.parse(created) / 1000;
      series.counts = points;
    }));
    await sheets.show(overlaid(all));
  });
}

// One plot a series: the networks' losses and accuracies first, then those that most runs have; the
// system's are over time and last.
export function overlaid(all) {
  const names = [...new Set(all.flatMap((series) => Object.keys(series.counts)))];
  const having = (name) => all.filter((series) => series.counts[name]);
  const late = (name) => Number(name.startsWith("system/"));
  const known = (name) => (role(name) === null ? 1 : role(name).kind === "loss" ? -1 : 0);
  names.sort((a, b) => late(a) - late(b) || known(a) - known(b) || having(b).length - having(a).length || a.localeCompare(b, "en", { numeric: true }));
  return names.map((name) => ({
    key: name,
    title: name,
    group: late(name) ? "system" : "",
    folded: true,
    axis: late(name) ? "time" : undefined,
    lines: all.flatMap((series, i) => (series.counts[name]
      ? [{ series, name, label: series.run, colour: COLOURS[i % COLOURS.length] }] : [])),
  }));
}
