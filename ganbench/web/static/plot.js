// One plot: curves drawn by Plotly, under a title and a legend of our own, which says the values at
// the pointer. Drawn only while it can be seen. Plots that share a Look zoom and point together.
import { make, number } from "./format.js";
import { Look } from "./look.js";
import { plotly } from "./plotly.js";
import { nearest } from "./series.js";
import { below, describe, heights, odd, traces } from "./traces.js";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const COLOURS = ["--blue", "--orange", "--green", "--red", "--violet", "--teal", "--pink", "--brown"];

const all = new Set();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all.forEach((plot) => plot.redraw()));
const touch = matchMedia("(pointer: coarse)").matches; // there a drag scrolls the page

const options = {
  displaylogo: false, doubleClick: false,
  modeBarButtons: [["toImage", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
};

const SPARSE = 200; // points below which the pointer finds the next one however far it is
const HOVERED = { step: "step %{x:,}", seen: "%{x:,} images", time: "%{x:.2f}" };

function layout(plot) {
  const axis = { gridcolor: css("--line"), zerolinecolor: css("--line"), linecolor: css("--line") };
  const ink = { color: css("--ink") };
  const upward = plot.upward();
  const decades = plot.look.log && upward.range && upward.range[1] - upward.range[0] > 2 ? { dtick: 1 } : {};
  return {
    margin: { l: 54, r: 10, t: 10, b: plot.label ? 40 : 26 },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { color: css("--quiet"), family: "system-ui, DejaVu Sans, sans-serif", size: 12 },
    showlegend: false,
    xaxis: {
      ...axis, exponentformat: "SI", ticksuffix: plot.unit, ...plot.across(), nticks: 6,
      title: { text: plot.label, standoff: 4, font: { size: 11 } },
      unifiedhovertitle: { text: HOVERED[plot.axis] + plot.unit },
    },
    yaxis: { ...axis, exponentformat: "e", type: plot.look.log ? "log" : "linear", fixedrange: true, nticks: 6, ...upward, ...decades },
    yaxis2: { overlaying: "y", range: [0, 1.02], fixedrange: true, visible: false },
    dragmode: touch ? false : "zoom",
    hovermode: "x unified",
    hoverdistance: plot.lines.every((line) => line.x.length < SPARSE) ? -1 : 24, // pixels
    hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: ink },
    modebar: { bgcolor: "transparent", color: css("--quiet"), activecolor: css("--ink") },
    datarevision: plot.revision,
  };
}

export class Plot {
  // `unit` goes after the numbers of the x axis, which shows `axis` of the look in `scale`.
  constructor(parent, title, unit = "", look = new Look(), axis = "step") {
    Object.assign(this, { title, look, lines: [], drawn: [], hidden: new Set(), revision: 0, shown: false, stale: false, over: null, onshow: null, frame: null });
    this.measure(axis, unit, 1, "");
    this.box = make("div", { class: "plot", role: "img", "aria-label": `Curves: ${title}` });
    this.legend = make("div", { class: "key" });
    this.note = make("p", { class: "shown" });
    this.cursor = make("div", { class: "at", hidden: "" });
    this.pointer = make("div", { class: "at pointer", hidden: "" });
    this.wrongs = []; // where something began to go wrong
    this.canvas = make("div", { class: "canvas" }, this.box, this.cursor, this.pointer);
    this.sheet = make("figure", { class: "sheet" }, make("figcaption", {}, make("h3", {}, title), this.legend), this.canvas, this.note);
    parent.append(this.sheet);
    this.watch();
    all.add(this);
  }

  watch() {
    this.eye = new IntersectionObserver(([{ isIntersecting }]) => this.see(isIntersecting), { rootMargin: "200px" });
    this.eye.observe(this.box);
    this.ruler = new ResizeObserver(() => {
      if (this.revision && this.box.offsetWidth) Plotly.Plots.resize(this.box).then(() => this.place());
    });
    this.ruler.observe(this.box);
    this.hear = (what) => this.follow(what);
    this.look.listen(this.hear);
    this.look.cursor?.listen(this.hear);
    this.box.addEventListener("pointerdown", () => {
      this.held = true;
      addEventListener("pointerup", () => { this.held = false; if (this.stale) setTimeout(() => this.redraw()); }, { once: true });
    }, true);
  }

  remove() {
    all.delete(this);
    this.look.forget(this.hear);
    this.look.cursor?.forget(this.hear);
    this.eye.disconnect();
    this.ruler.disconnect();
    this.purge();
    this.sheet.remove();
  }

  // The x axis: what it shows, the unit after its numbers, and how much of the look's one is one.
  measure(axis, unit, scale, label) { Object.assign(this, { axis, unit, scale, label }); }

  // lines: [{name, x, y, step?, colour?, dot?, hover?, thinned?, low?, high?, baseline?}], numbers or
  // their strings; of a thinned one not all points are here.
  draw(lines) {
    this.lines = lines.map((line) => {
      const y = line.y.map(Number);
      return { ...line, y, odd: odd({ y }) };
    });
    this.redraw();
  }

  say(text) {
    this.said = text;
    this.note.textContent = [text, this.look.log ? below(this.lines) : ""].filter(Boolean).join(" · ");
  }

  // Whether it can be seen, without waiting to be told.
  glance() {
    const { top, bottom, width } = this.box.getBoundingClientRect();
    if (width > 0 && bottom > 0 && top < innerHeight) this.shown = true;
  }

  see(shown) {
    this.shown = shown;
    if (shown && this.stale) this.redraw();
    if (shown) this.onshow?.();
  }

  redraw() {
    this.stale = !this.shown || Boolean(this.held) || !window.Plotly;
    if (this.shown && !window.Plotly) plotly().then(() => { if (this.stale) this.redraw(); });
    if (this.stale || !this.lines.length) return;
    const first = this.revision === 0;
    this.revision += 1;
    this.drawn = this.lines.flatMap((line, i) => traces(line, i, this.colour(i), {
      weight: this.look.smooth, hidden: this.hidden.has(line.name), hover: i === 0 ? line.hover?.() : undefined,
    }));
    Plotly.react(this.box, this.drawn.map(({ steps, ...trace }) => trace), layout(this), options).then(() => this.place());
    if (first) this.attend();
    if (this.over !== null) Plotly.Fx.hover(this.box, { xval: this.over }, "xy"); // it had gone
    this.box.setAttribute("aria-label", describe(this.title, this.lines));
    this.write();
    this.say(this.said ?? "");
  }

  // Once a frame, however often a slider moves.
  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.redraw();
    });
  }

  purge() {
    if (this.revision) Plotly.purge(this.box);
    this.revision = 0;
    this.stale = true;
  }

  attend() {
    this.box.on("plotly_relayout", (changed) => {
      const [from, to] = [changed["xaxis.range[0]"], changed["xaxis.range[1]"]];
      if (from !== undefined) this.look.zoom(this.axis, [from * this.scale, to * this.scale]);
      else if (changed["xaxis.autorange"]) this.look.zoom(this.axis, null);
    });
    this.box.on("plotly_doubleclick", () => this.look.zoom(this.axis, null));
    this.box.on("plotly_hover", ({ points }) => {
      this.over = points[0].x;
      this.look.point(this.axis, points[0].x * this.scale);
    });
    this.box.on("plotly_unhover", () => {
      this.over = null;
      this.look.point(this.axis, null);
    });
    this.box.on("plotly_click", ({ points: [{ curveNumber, pointNumber }] }) => {
      this.look.cursor?.set(this.drawn[curveNumber].steps[pointNumber], this.hear);
      this.place();
    });
  }

  follow(what) {
    if (what === "settings") this.soon();
    else if (what === "zoom" && this.revision && this.shown) {
      const [x, y] = [this.across(), this.upward()];
      Plotly.relayout(this.box, {
        "xaxis.autorange": x.autorange, ...(x.range ? { "xaxis.range": x.range } : {}),
        "yaxis.autorange": y.autorange, ...(y.range ? { "yaxis.range": y.range } : {}),
      }).then(() => this.place());
    } else if (what === "zoom") this.stale = true;
    else this.place();
    if (what === "pointer") this.write();
  }

  across() {
    const zoom = this.look.zooms[this.axis];
    return zoom ? { autorange: false, range: zoom.map((x) => x / this.scale) } : { autorange: true };
  }

  upward() {
    const found = heights(this.drawn, this.across().range ?? [-Infinity, Infinity], this.look.log);
    return found ? { autorange: false, range: found } : { autorange: true };
  }

  // Where the page's step and the pointer of another plot are.
  place() {
    const step = this.look.cursor?.step ?? null;
    const { axis, at } = this.look.pointer ?? {};
    this.stand(this.cursor, step === null ? null : this.position(step));
    this.stand(this.pointer, axis === this.axis && this.over === null ? at / this.scale : null);
    while (this.wrongs.length < this.look.marks.length) {
      this.wrongs.push(make("div", { class: "at wrong", hidden: "" }));
      this.canvas.append(this.wrongs.at(-1));
    }
    this.wrongs.forEach((mark, i) => this.stand(mark, i < this.look.marks.length ? this.position(this.look.marks[i]) : null));
  }

  position(step) {
    const line = this.lines[0];
    if (this.axis === "step" || !line?.step?.length) return step;
    return line.x[nearest(line.step, step)];
  }

  stand(mark, x) {
    const { xaxis, yaxis } = this.box._fullLayout ?? {};
    const at = x === null || !xaxis || !this.revision ? -1 : xaxis.l2p(x);
    mark.hidden = !(at >= 0 && at <= xaxis?._length);
    if (mark.hidden) return;
    mark.style.transform = `translate(${xaxis._offset + at}px, ${yaxis._offset}px)`;
    mark.style.height = `${yaxis._length}px`;
  }

  colour(i) { return css(this.lines[i].colour ?? COLOURS[i % COLOURS.length]); }

  // The legend: what is drawn, its value at the pointer or else the last one, and what is not finite.
  write() {
    const { axis, at } = this.look.pointer ?? {};
    const here = axis === this.axis ? at / this.scale : null;
    if (this.entries?.length !== this.lines.length || this.entries.some((entry, i) => entry.name !== this.lines[i].name)) this.list();
    this.lines.forEach((line, i) => {
      const k = here === null ? line.y.length - 1 : nearest(line.x, here);
      this.entries[i].value.textContent = line.y.length ? number(line.y[k]) : "";
      this.entries[i].marks.textContent = line.odd.map((kind) => `${kind.sign} ${line.thinned ? "" : `${kind.at.length} `}${kind.says}`).join(", ");
    });
  }

  list() {
    this.entries = this.lines.map((line, i) => {
      const value = make("output", {});
      const swatch = make("i", { style: `background: var(${line.colour ?? COLOURS[i % COLOURS.length]})` });
      const button = make("button", { type: "button", "aria-pressed": !this.hidden.has(line.name), title: `Show or hide ${line.name}` }, swatch, line.name);
      button.addEventListener("click", () => {
        if (!this.hidden.delete(line.name)) this.hidden.add(line.name);
        button.setAttribute("aria-pressed", !this.hidden.has(line.name));
        this.redraw();
      });
      const marks = make("em", {});
      return { name: line.name, value, marks, node: make("span", {}, button, value, marks) };
    });
    this.legend.replaceChildren(...this.entries.map((entry) => entry.node));
  }
}
