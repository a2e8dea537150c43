// What mattered over many runs: a target, parallel coordinates, the runs that they choose, importance.
import { axis, canBeLog, isNumber, wantsLog } from "./axes.js";
import { label, measures, parameters, scoreName, series, text, value, varied } from "./fields.js";
import { make, number, whole } from "./format.js";
import { believed, draw as drawImportance, fetchImportance, scatter } from "./mattered.js";
import { asNumber } from "./filter.js";
import { Parallel } from "./parallel.js";

const AXES = 7; // parameters that have an axis by themselves
const ROWS = 100;
const SIDE = 12;
const USUAL = ["dis_loss", "loss", "d_loss", "train/loss"];
const KINDS = { last: "last", low: "smallest", high: "largest" };
const element = (id) => document.getElementById(id);
const page = (id) => `/runs/${encodeURIComponent(id)}`;

export function targetName(target) {
  const [kind, ...rest] = target.split(":");
  return kind === "best" ? `best ${scoreName(rest.join(":"))}` : `${KINDS[kind]} ${rest.join(":")}`;
}

// "best frechet", for where there is little room.
const shortName = (target) => (target.startsWith("best:") ? `best ${target.slice(5).split(" ")[0]}` : targetName(target));

export class Many {
  // `asked` is the address' query, `query` what says which runs, `remember(name, value)` writes to it.
  constructor(runs, asked, query, remember) {
    Object.assign(this, { runs, query, remember });
    this.logs = new Map([...names(asked, "log").map((name) => [name, true]), ...names(asked, "linear").map((name) => [name, false])]);
    this.parameters = varied(runs);
    const chosen = names(asked, "axes").filter((name) => parameters(runs).includes(name));
    this.shown = chosen.length ? chosen : this.usual();
    this.against = asked.get("x");
    this.plot = new Parallel(element("parallel"), () => this.brushed(), (id) => { location.href = page(id); });
    for (const range of asked.getAll("brush")) {
      const [, name, from, to] = /^(.*):([\d.]+):([\d.]+)$/.exec(range) ?? [];
      if (name && from < to) this.plot.ranges.set(name, [Number(from), Number(to)]);
    }
    const known = this.targets().flatMap(([, options]) => options.map(([key]) => key));
    element("no-target").hidden = known.length > 0;
    element("over").hidden = known.length === 0;
    element("target").parentElement.hidden = known.length === 0;
    if (!known.length) return;
    this.offer();
    this.choose(known.includes(asked.get("target")) ? asked.get("target") : this.first(known));
    element("target").addEventListener("change", (event) => { this.remember("target", event.target.value); this.choose(event.target.value); });
    element("unbrush").addEventListener("click", () => this.plot.clear());
    element("scatter-log").addEventListener("change", (event) => { this.setLog(this.against, event.target.checked); this.scatter(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.scatter());
  }

  // Those with the most values, but not what is another word in each run: that is a name.
  usual() {
    const values = (name) => new Set(this.runs.map((run) => JSON.stringify(run.parameters.get(name)))).size;
    const words = (name) => this.runs.some((run) => !isNumber(run.parameters.get(name)) && run.parameters.get(name) !== null);
    const candidates = this.parameters.filter((name) => !words(name) || values(name) < this.runs.length);
    const most = [...candidates].sort((a, b) => values(b) - values(a)).slice(0, AXES);
    return candidates.filter((name) => most.includes(name));
  }

  targets() {
    const curves = series(this.runs);
    return [
      ["Best scores", measures(this.runs).map((name) => [`best:${name}`, targetName(`best:${name}`)])],
      ...Object.keys(KINDS).map((kind) => [`${KINDS[kind]} values`, curves.map((name) => [`${kind}:${name}`, targetName(`${kind}:${name}`)])]),
    ].filter(([, options]) => options.length);
  }

  first(known) {
    if (known[0].startsWith("best:")) return known[0];
    return known.find((key) => USUAL.includes(key.slice(5))) ?? known.find((key) => key.includes("loss")) ?? known[0];
  }

  offer() {
    element("target").replaceChildren(...this.targets().map(([title, options]) =>
      make("optgroup", { label: title }, ...options.map(([key, words]) => make("option", { value: key }, words)))));
  }

  isLog(name, values) { return canBeLog(values) && (this.logs.get(name) ?? wantsLog(values)); }

  setLog(name, on) {
    this.logs.set(name, on);
    const listed = (wanted) => [...this.logs].filter(([, log]) => log === wanted).map(([key]) => key).join(",");
    this.remember("log", listed(true));
    this.remember("linear", listed(false));
    this.draw();
  }

  // Of a score only what has the protocol that most runs have; the server does the same.
  choose(target) {
    this.target = target;
    element("target").value = target;
    const key = target.slice(5);
    const prints = target.startsWith("best:") ? this.runs.map((run) => run.best[key]?.fingerprint ?? null) : [];
    const common = mostFrequent(prints.filter((print) => print !== null));
    const scored = this.runs.find((run) => run.best[key]?.value);
    const { loss, value: y } = scored?.best[key] ?? {};
    this.better = !target.startsWith("best:") ? null : loss === y ? "lower" : loss === -y ? "higher" : null; // or nearer to a number
    this.values = new Map(this.runs.map((run, i) => {
      const other = common !== null && prints[i] !== common;
      return [run.id, other ? NaN : asNumber(value(run, target))];
    }));
    const others = common === null ? 0 : prints.filter((print) => print !== null && print !== common).length;
    element("target-note").textContent = others ? `${whole(others)} scored by another protocol, not comparable, left out` : "";
    this.draw();
    this.importance();
  }

  // The axes of the parameters and, at last, of the target.
  axes() {
    const made = this.shown.map((name) => {
      const values = this.runs.map((run) => run.parameters.get(name) ?? null);
      const found = axis(values, this.isLog(name, values));
      return { ...found, name, label: name, at: ({ run }) => found.at(run.parameters.get(name) ?? null), values };
    });
    const values = [...this.values.values()].filter(isNumber);
    if (!values.length) return made;
    const found = axis(values, this.isLog(this.target, values));
    return [...made, { ...found, name: this.target, label: shortName(this.target), at: ({ id }) => found.at(this.values.get(id)), values }];
  }

  draw() {
    const axes = this.axes();
    const last = axes.find((one) => one.name === this.target);
    const finite = [...this.values.values()].filter(isNumber);
    const ends = finite.length ? [Math.min(...finite), Math.max(...finite)].map(number) : ["–", "–"];
    element("coloured").replaceChildren(targetName(this.target), " ", ends[0], make("i", { class: "ramp" }), ends[1]);
    this.lines = this.runs.map((run) => {
      const place = last?.at(run);
      const title = `${run.name ?? run.id}: ${targetName(this.target)} ${number(this.values.get(run.id))}`;
      return { id: run.id, run, title, colour: isNumber(place) ? `color-mix(in oklab, var(--orange) ${Math.round(100 * place)}%, var(--blue))` : "var(--quiet)" };
    });
    this.plot.draw(axes, this.lines);
    this.choosers(axes);
    this.brushed(false);
  }

  choosers(axes) {
    const all = [...this.parameters, ...this.shown.filter((name) => !this.parameters.includes(name))];
    element("axes").querySelector(".offered").replaceChildren(...all.map((name) => {
      const box = make("input", { type: "checkbox" });
      box.checked = this.shown.includes(name);
      box.addEventListener("change", () => this.show(name, box.checked));
      return make("span", { class: "axis-choice" }, make("label", {}, box, make("span", {}, name)), this.logBox(name, axes.find((one) => one.name === name)));
    }), make("span", { class: "axis-choice" }, make("span", {}, targetName(this.target)), this.logBox(this.target, axes.find((one) => one.name === this.target))));
  }

  logBox(name, drawn) {
    if (!drawn || drawn.kind === "word" || !canBeLog(drawn.values)) return null;
    const box = make("input", { type: "checkbox", "aria-label": `${drawn.label} logarithmic` });
    box.checked = drawn.kind === "log";
    box.addEventListener("change", () => this.setLog(name, box.checked));
    return make("label", { class: "quiet" }, box, "log");
  }

  show(name, on) {
    this.shown = on ? [...this.shown, name] : this.shown.filter((other) => other !== name);
    this.remember("axes", this.shown.join(","));
    this.draw();
  }

  // The table of the runs that the ranges choose, the best first.
  brushed(moved = true) {
    const chosen = this.lines.filter((line) => this.plot.holds(line)).map((line) => line.run);
    const sign = this.better === "higher" ? -1 : 1;
    const key = (run) => { const y = this.values.get(run.id); return isNumber(y) ? sign * y : Infinity; };
    chosen.sort((a, b) => key(a) - key(b) || 0);
    if (moved) this.remember("brush", [...this.plot.ranges].map(([name, [from, to]]) => `${name}:${from.toFixed(3)}:${to.toFixed(3)}`));
    element("brushed-title").textContent = chosen.length === this.runs.length ? `All ${whole(chosen.length)} runs` : `${whole(chosen.length)} of ${whole(this.runs.length)} runs`;
    element("unbrush").hidden = this.plot.ranges.size === 0;
    const link = element("brushed-compare");
    link.hidden = chosen.length < 2 || chosen.length === this.runs.length;
    link.href = `/compare?runs=${chosen.map((run) => encodeURIComponent(run.id)).join(",")}`;
    link.textContent = chosen.length <= SIDE ? "Side by side" : "Compare these alone";
    const head = ["run", targetName(this.target), ...this.shown];
    const rows = chosen.slice(0, ROWS).map((run) => make("tr", { "data-run": run.id },
      make("td", {}, make("a", { href: page(run.id), title: run.id }, run.name ?? run.id)),
      make("td", { class: "number" }, isNumber(this.values.get(run.id)) ? number(this.values.get(run.id)) : "–"),
      ...this.shown.map((name) => make("td", {}, text(run, `config:${name}`)))));
    if (chosen.length > ROWS) rows.push(make("tr", {}, make("td", { class: "quiet", colspan: head.length }, `and ${whole(chosen.length - ROWS)} more`)));
    element("brushed").replaceChildren(make("thead", {}, make("tr", {}, ...head.map((name, i) => make("th", { scope: "col", class: i === 1 ? "number" : null }, name)))), make("tbody", {}, ...rows));
  }

  async importance() {
    const target = this.target;
    element("believed").textContent = "Growing a random forest …";
    element("importance").replaceChildren();
    element("told").textContent = "";
    element("scatter-box").hidden = true;
    try {
      const found = await fetchImportance(this.query, target);
      if (target !== this.target) return;
      element("believed").textContent = believed(found);
      drawImportance(element("importance"), element("told"), found, this.better, (name) => { this.against = name; this.remember("x", name); this.scatter(); });
      if (!parameters(this.runs).includes(this.against)) this.against = found.parameters[0]?.names[0] ?? null;
      this.scatter();
    } catch (error) {
      element("believed").textContent = `The importance cannot be had: ${error.message}`;
    }
  }

  scatter() {
    const box = element("scatter-box");
    const drawn = this.runs.filter((run) => isNumber(this.values.get(run.id)));
    box.hidden = this.against === null || !drawn.length;
    if (box.hidden) return;
    const values = drawn.map((run) => run.parameters.get(this.against));
    const log = this.isLog(this.against, values) && values.every(isNumber);
    element("scatter-log").checked = log;
    element("scatter-log").parentElement.hidden = !values.every(isNumber) || !canBeLog(values);
    for (const bar of element("importance").children) bar.setAttribute("aria-pressed", String(bar.dataset.names.split(",").includes(this.against)));
    const points = drawn.map((run, i) => ({ id: run.id, x: values[i] ?? "none", y: this.values.get(run.id) }));
    scatter(element("scatter"), points, label(`config:${this.against}`), targetName(this.target), log, (id) => { location.href = page(id); });
  }
}

const names = (asked, key) => (asked.get(key) ?? "").split(",").filter(Boolean);

function mostFrequent(values) {
  const times = new Map();
  for (const one of values) times.set(one, (times.get(one) ?? 0) + 1);
  return [...times].reduce((most, one) => (one[1] > most[1] ? one : most), [null, 0])[0];
}
