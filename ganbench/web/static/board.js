// The curves of one run: which series belong in one plot, and in which group.
import { role } from "./balance.js";
import { Look } from "./look.js";
import { Sheets } from "./sheets.js";

const UNITS = { cpu: "% of a core", memory: "MiB", gpu: "%", gpu_memory: "MiB", gpu_power: "W", gpu_temperature: "°C" };
const CONTEXTS = /^(train|test|validate|val|valid|eval)_(.+)$/;

// {group, title, label, colour?, rank, axis?} of a series.
function sort(name) {
  if (name.startsWith("system/")) {
    const what = name.slice(7);
    const title = [what.replaceAll("_", " "), UNITS[what]].filter(Boolean).join(", ");
    return { group: "", title, label: what, axis: "time", rank: 2 };
  }
  const group = name.includes("/") ? name.slice(0, name.indexOf("/")) : name.match(CONTEXTS)?.[1] ?? "";
  const found = role(name);
  if (!found) return { group, title: name, label: name, rank: 1 };
  const words = found.kind === "loss" ? "loss" : "accuracy";
  return {
    group, title: `${found.prefix}${words}`, label: name, rank: found.kind === "loss" ? -1 : 0,
    colour: found.network === "d" ? "--blue" : "--orange",
  };
}

// The plots of `names`: the networks' balance first, then the others by name.
export function arrange(names, series) {
  const plots = new Map();
  for (const name of names) {
    const { group, title, label, colour, rank, axis } = sort(name);
    const key = `${group} ${title}`;
    if (!plots.has(key)) plots.set(key, { key, group, title, axis, rank, lines: [] });
    plots.get(key).lines.push({ series, name, label, colour });
  }
  const order = (a, b) => a.localeCompare(b, "en", { numeric: true });
  for (const { lines } of plots.values()) lines.sort((a, b) => order(a.colour ?? "", b.colour ?? "") || order(a.name, b.name));
  return [...plots.values()].sort((a, b) => order(a.group, b.group) || a.rank - b.rank || order(a.title, b.title));
}

// The plots of those series of a run that `wanted` says, kept in step with the server.
export class Board {
  constructor(parent, series, wanted, look = new Look()) {
    this.series = series;
    this.wanted = wanted;
    this.sheets = new Sheets(parent, look);
  }

  // `counts` is {name: points}.
  update(counts) {
    this.series.counts = counts;
    return this.sheets.show(arrange(Object.keys(counts).filter(this.wanted), this.series));
  }
}
