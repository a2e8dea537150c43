// Many plots of series, in groups: only those that can be seen are fetched and drawn.
import { make, trouble, whole } from "./format.js";
import { plotly } from "./plotly.js";
import { place } from "./series.js";
import { Plot } from "./plot.js";

const FOLDED = 40; // plots from which on the groups after the first begin folded
const KEPT = 60; // plots that stay drawn when they are out of sight
const LABELS = { step: "steps", seen: "images", time: "since the start" };

export class Sheets {
  constructor(parent, look) {
    this.parent = parent;
    this.look = look;
    this.groups = new Map(); // name → {node, row, count}
    this.entries = new Map(); // key → {spec, plot, drawn}
    this.words = () => true; // which titles and names are wanted
    this.last = Promise.resolve();
    look.listen((what) => {
      if (what !== "pointer" && what !== "marks") this.refresh(what === "zoom" ? 150 : 0);
    });
  }

  // specs: [{key, title, group, folded?, axis?, lines: [{series, name, label, colour}]}], in order.
  show(specs) {
    for (const spec of specs) {
      const known = this.entries.get(spec.key);
      if (known) known.spec = spec;
      else this.add(spec, specs.length);
    }
    this.sift();
    for (const { plot } of this.entries.values()) if (!plot.revision) plot.glance();
    return this.refresh();
  }

  add(spec, total) {
    const { row } = this.groups.get(spec.group) ?? this.group(spec, total);
    const plot = new Plot(row, spec.title, "", this.look, spec.axis ?? "step");
    this.entries.set(spec.key, { spec, plot, drawn: null });
    plot.onshow = () => this.refresh(10); // others are seen at the same moment
  }

  group({ group: name, folded = false }, total) {
    const row = make("div", { class: "curves row" });
    const count = make("span", { class: "quiet" });
    const open = !folded && (total <= FOLDED || this.groups.size === 0) ? "" : null;
    const node = name ? make("details", { class: "group", open }, make("summary", {}, name, " ", count), row) : row;
    this.parent.append(node);
    this.groups.set(name, { node, row, count });
    return this.groups.get(name);
  }

  // Shows the plots that `words` wants, by title and names of series; returns how many.
  filter(words) {
    this.words = words;
    return this.sift();
  }

  sift() {
    const counts = new Map();
    for (const { spec, plot } of this.entries.values()) {
      const wanted = this.words([spec.title, ...spec.lines.map((line) => line.name)]);
      plot.sheet.hidden = !wanted;
      counts.set(spec.group, (counts.get(spec.group) ?? 0) + wanted);
    }
    for (const [name, { node, count }] of this.groups) {
      const n = counts.get(name) ?? 0;
      node.hidden = n === 0;
      count.textContent = `${whole(n)} ${n === 1 ? "plot" : "plots"}`;
    }
    return [...counts.values()].reduce((sum, n) => sum + n, 0);
  }

  // Fetches and draws what is behind and can be seen; one after the other.
  refresh(wait = 0) {
    clearTimeout(this.timer);
    if (wait) this.timer = setTimeout(() => this.refresh(), wait);
    else this.last = this.last.then(() => this.catchUp()).then(() => trouble(null), trouble);
    return this.last;
  }

  async catchUp() {
    const seen = [...this.entries.values()].filter((entry) => entry.plot.shown && !entry.plot.sheet.hidden);
    const wanted = new Map(); // series → names
    for (const { spec } of seen) {
      for (const { series, name } of spec.lines) wanted.set(series, [...(wanted.get(series) ?? []), name]);
    }
    const coming = [...wanted].map(([series, names]) => series.fetch([...new Set(names)]));
    if (seen.length) await plotly();
    await Promise.all(coming);
    for (const entry of seen) this.draw(entry);
    for (const entry of seen) {
      await this.magnify(entry);
      this.draw(entry);
    }
    this.forget();
  }

  // Of thinned curves the stretch in view, whole.
  async magnify(entry) {
    const { axis } = entry.plot;
    const range = this.look.zooms[axis];
    for (const { series, name } of entry.spec.lines) {
      await series.zoom(name, range && stretch(series, name, axis, range));
    }
  }

  draw(entry) {
    const { spec, plot } = entry;
    const lines = spec.lines.filter(({ series, name }) => series.kept.get(name)?.step.length);
    const axis = this.axis(spec, lines);
    const state = JSON.stringify([axis, lines.map(({ series, name }) => {
      const { from, to, stored } = series.stretches.get(name) ?? {};
      return [series.run, name, series.kept.get(name).n, from, to, stored];
    })]);
    if (!lines.length || entry.drawn === state) return;
    entry.drawn = state;
    const { unit, scale } = axis === "time" ? clock(lines) : { unit: "", scale: 1 };
    plot.measure(axis, unit, scale, LABELS[axis]);
    plot.draw(lines.map((line) => curve(line, axis, scale)));
    plot.say(stands(lines, this.look.zooms[axis] !== null));
  }

  // Images are an axis only where they are counted.
  axis(spec, lines) {
    const axis = spec.axis ?? this.look.x;
    const counted = ({ series, name }) => series.kept.get(name).seen.some((n) => n > 0);
    return axis === "seen" && !lines.some(counted) ? "step" : axis;
  }

  forget() {
    const drawn = [...this.entries.values()].filter(({ plot }) => plot.revision);
    const away = drawn.filter(({ plot }) => !plot.shown);
    for (const { plot } of away.slice(0, Math.max(drawn.length - KEPT, 0))) plot.purge();
  }
}

function curve({ series, name, label, colour }, axis, scale) {
  const line = series.line(name);
  const began = series.began;
  const x = axis === "time" ? line.time.map((time) => (time - began) / scale) : line[axis];
  const hover = axis === "step" ? undefined : () => line.step.map((step, i) =>
    `<br>step ${whole(step)}, ${moments.format(line.time[i] * 1000)}`);
  const thinned = (series.stretches.get(name) ?? series.kept.get(name)).buckets !== null;
  return { name: label, x, y: line.value, step: line.step, colour, hover, thinned };
}

const moments = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "medium" });

// The unit of time that suits these lines, and its seconds.
function clock(lines) {
  const longest = Math.max(...lines.map(({ series, name }) => {
    const { time } = series.kept.get(name);
    return time[time.length - 1] - series.began;
  }));
  if (longest > 7200) return { unit: " h", scale: 3600 };
  return longest > 180 ? { unit: " min", scale: 60 } : { unit: " s", scale: 1 };
}

// The steps of what lies between two places of an axis, with one point more at each side.
function stretch(series, name, axis, [from, to]) {
  if (axis === "step") return [from, to];
  const line = series.kept.get(name);
  if (!line) return null;
  const x = axis === "time" ? line.time.map((time) => time - series.began) : line[axis];
  const low = Math.max(place(x, from) - 1, 0);
  const high = Math.min(place(x, to), x.length - 1);
  return [line.step[low], line.step[high]];
}

// "1,000,000 points in 2,000 buckets, min and max kept", of each length that there is.
function stands(lines, zoomed) {
  const words = new Map();
  for (const { series, name, label } of lines) {
    const line = series.kept.get(name);
    if (line.buckets === null) continue;
    const part = zoomed ? series.stretches.get(name) : null;
    const { stored, buckets } = part ?? line;
    const says = buckets === null
      ? `all ${whole(stored)} points of this stretch`
      : `${whole(stored)} points${part ? " of this stretch" : ""} in ${whole(buckets)} buckets, min and max kept`;
    words.set(says, [...(words.get(says) ?? []), label]);
  }
  if (words.size <= 1) return [...words.keys()].join("");
  return [...words].map(([says, labels]) => `${labels.join(", ")}: ${says}`).join("; ");
}
