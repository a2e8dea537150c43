// Curves, drawn by Plotly. A panel is one plot of some series; only what is new is fetched.
import { get, make, whole } from "./format.js";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function layout(title, unit) {
  const axis = { gridcolor: css("--line"), zerolinecolor: css("--line"), linecolor: css("--line") };
  return {
    margin: { l: 52, r: 12, t: 28, b: 34 },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { color: css("--quiet"), family: "system-ui, DejaVu Sans, sans-serif", size: 12 },
    title: { text: title, font: { size: 13, color: css("--ink") }, x: 0.01, xanchor: "left", y: 0.97 },
    legend: { orientation: "h", x: 1, xanchor: "right", y: 1.16 },
    xaxis: { ...axis, exponentformat: "SI", ticksuffix: unit },
    yaxis: { ...axis, exponentformat: "e" },
    hovermode: "x unified",
    hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--ink") } },
    uirevision: "kept", // a zoom survives new points
  };
}

const options = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
const colours = () => [css("--blue"), css("--orange"), css("--green"), css("--red")];

export class Plot {
  constructor(parent, title, unit = "") {
    this.title = title;
    this.unit = unit; // of the x axis; steps have none
    this.box = make("div", { class: "plot", role: "img", "aria-label": `Curves: ${title}` });
    this.note = make("p", { class: "shown" });
    parent.append(make("div", {}, this.box, this.note));
    new ResizeObserver(() => { if (this.lines) Plotly.Plots.resize(this.box); }).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw(this.lines || []));
  }

  // lines: [{name, x, y, low?, high?, baseline?}]; a value that is not finite is drawn as a mark.
  draw(lines) {
    this.lines = lines;
    const palette = colours();
    const traces = lines.flatMap((line, i) => {
      const color = palette[i % palette.length];
      const y = line.y.map((value) => (Number.isFinite(Number(value)) ? Number(value) : null));
      const finite = y.filter((value) => value !== null);
      const top = finite.length ? Math.max(...finite) : 0;
      const bad = line.x.filter((_, k) => y[k] === null);
      const few = line.x.length < 30;
      const curve = {
        name: line.name, x: line.x, y, mode: few ? "lines+markers" : "lines", type: "scatter",
        line: { color, width: 1.6 }, marker: { color, size: 5 }, hovertemplate: "%{y:.4g}",
      };
      const marks = bad.length && {
        name: `${line.name} not finite`, x: bad, y: bad.map(() => top), mode: "markers",
        marker: { color, symbol: "x", size: 9 }, hovertemplate: "not finite",
      };
      return marks ? [curve, marks] : [curve];
    });
    Plotly.react(this.box, traces, { ...layout(this.title, this.unit), showlegend: lines.length > 1 }, options);
  }

  say(text) { this.note.textContent = text; }
}

const UNITS = { cpu: "% of a core", memory: "MiB", gpu: "%", gpu_memory: "MiB", gpu_power: "W", gpu_temperature: "°C" };

// The plot that a series belongs to.
function title(name) {
  const system = name.startsWith("system/") && name.slice(7);
  if (system) return `${system.replace("_", " ")}, ${UNITS[system] ?? ""}`;
  return name.endsWith("_loss") ? "loss" : name.endsWith("_acc") ? "accuracy" : name;
}

// The plots of those series of a run that `wanted` says, kept in step with the server.
export class Board {
  constructor(parent, series, wanted) {
    this.parent = parent;
    this.series = series;
    this.wanted = wanted;
    this.plots = new Map(); // title → [Plot, names]
    this.drawn = new Map(); // name → points drawn
  }

  // `counts` is {name: points}.
  async update(counts) {
    const names = Object.keys(counts).filter(this.wanted);
    await this.series.update(Object.fromEntries(names.map((name) => [name, counts[name]])));
    const groups = new Map([["loss", []], ["accuracy", []]]); // these first
    for (const name of names) groups.set(title(name), [...(groups.get(title(name)) ?? []), name]);
    for (const [name, members] of groups) {
      if (members.every((member) => this.drawn.get(member) === this.series.kept.get(member).n)) continue;
      const unit = members[0].startsWith("system/") ? " min" : "";
      if (!this.plots.has(name)) this.plots.set(name, new Plot(this.parent, name, unit));
      const plot = this.plots.get(name);
      plot.draw(members.map((member) => this.series.line(member)));
      plot.say(this.series.shown(members));
      for (const member of members) this.drawn.set(member, this.series.kept.get(member).n);
    }
  }
}

// The series of a run, kept in step with the server.
export class Series {
  constructor(run) {
    this.url = `/api/runs/${encodeURIComponent(run)}/series`;
    this.kept = new Map(); // name → {n, thinned, x, y}
  }

  // Fetches what `counts` ({name: points}) has more of; returns the names that changed.
  async update(counts) {
    const wanted = Object.entries(counts).filter(([name, n]) => (this.kept.get(name)?.n ?? 0) < n);
    if (!wanted.length) return [];
    const query = new URLSearchParams(wanted.map(([name]) => [name, this.kept.get(name)?.n ?? 0]));
    const news = await get(`${this.url}?${query}`);
    for (const [name, points] of Object.entries(news)) this.add(name, points);
    return Object.keys(news);
  }

  // A resumed run writes steps again: the later point of a step takes the place of the earlier.
  // The system is drawn over time, in minutes.
  add(name, points) {
    const old = this.kept.get(name) ?? { thinned: false, x: [], y: [] };
    const x = name.startsWith("system/") ? points.time.map((t) => (t - this.began(points)) / 60) : points.step;
    const merged = { n: points.n, thinned: old.thinned || points.thinned };
    if (old.x.length && x.length && x[0] <= old.x[old.x.length - 1]) {
      const latest = new Map(old.x.map((step, i) => [step, old.y[i]]));
      x.forEach((step, i) => latest.set(step, points.value[i]));
      merged.x = [...latest.keys()].sort((a, b) => a - b);
      merged.y = merged.x.map((step) => latest.get(step));
    } else {
      merged.x = old.x.concat(x);
      merged.y = old.y.concat(points.value);
    }
    this.kept.set(name, merged);
  }

  began(points) {
    this.start ??= points.time[0];
    return this.start;
  }

  line(name) {
    return { name: name.replace("system/", ""), ...this.kept.get(name) };
  }

  // "12,000 points, 4,000 shown" where the server has thinned them out.
  shown(names) {
    const thinned = names.map((name) => this.kept.get(name)).filter((line) => line.thinned);
    if (!thinned.length) return "";
    const [stored, drawn] = [Math.max(...thinned.map((line) => line.n)), Math.max(...thinned.map((line) => line.x.length))];
    return `${whole(stored)} points stored, ${whole(drawn)} shown, extremes kept`;
  }
}
