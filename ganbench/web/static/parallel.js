// Parallel coordinates as SVG: an axis a parameter, a line a run; a range of an axis chooses runs.
//
// Our own and not Plotly's, which needs WebGL, cannot be used with the keyboard and has no hover.
const SVG = "http://www.w3.org/2000/svg";
const [TOP, BOTTOM, EDGE, GAP, HEIGHT] = [46, 18, 76, 150, 340];
const [MOVE, LEAST, FIRST] = [0.05, 0.03, 0.25]; // of an axis: an arrow's step, the smallest range, the first one

function shape(name, attributes = {}, text = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}

export class Parallel {
  // `brushed(ranges)` is told of each new {axis name: [from, to]}, `open(id)` of a click on a line.
  constructor(root, brushed, open) {
    Object.assign(this, { root, brushed, open });
    this.ranges = new Map();
    this.svg = null;
    this.root.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) this.root.addEventListener(name, () => this.drop());
    new ResizeObserver(() => { if (this.axes && this.root.clientWidth !== this.across) this.draw(this.axes, this.runs); }).observe(root);
  }

  // axes: [{name, label, at(run), ticks}]; runs: [{id, title, colour}].
  draw(axes, runs) {
    const focus = this.root.contains(document.activeElement) ? document.activeElement.dataset.axis : null;
    Object.assign(this, { axes, runs, across: this.root.clientWidth });
    for (const name of this.ranges.keys()) if (!axes.some((axis) => axis.name === name)) this.ranges.delete(name);
    const width = Math.max(this.across, 2 * EDGE + GAP * (axes.length - 1));
    this.x = (i) => (axes.length > 1 ? EDGE + (i * (width - 2 * EDGE)) / (axes.length - 1) : width / 2);
    this.svg = shape("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "group", "aria-label": "Parallel coordinates" });
    this.lines = shape("g", { class: "lines" });
    for (const run of runs) this.lines.append(this.line(run));
    this.svg.append(this.lines, ...axes.map((axis, i) => this.axis(axis, i)));
    this.root.replaceChildren(this.svg);
    this.mark();
    if (focus) this.svg.querySelector(`[data-axis="${CSS.escape(focus)}"]`)?.focus();
  }

  y(place) { return TOP + (1 - place) * (HEIGHT - TOP - BOTTOM); }

  place(y) { return Math.min(Math.max(1 - (y - TOP) / (HEIGHT - TOP - BOTTOM), 0), 1); }

  line(run) {
    const points = this.axes.map((axis, i) => [this.x(i), axis.at(run)]).filter(([, place]) => place !== null && place !== undefined);
    const path = shape("path", { d: points.map(([x, place], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${this.y(place).toFixed(1)}`).join(""), "data-run": run.id });
    path.style.stroke = run.colour;
    path.append(shape("title", {}, run.title));
    path.addEventListener("click", () => this.open(run.id));
    return path;
  }

  axis(axis, i) {
    const x = this.x(i);
    const made = shape("g", {
      class: "axis", tabindex: "0", role: "slider", "data-axis": axis.name, "aria-label": `Range of ${axis.label}`,
      "aria-valuemin": 0, "aria-valuemax": 100, "aria-orientation": "vertical",
    });
    const label = shape("text", { x, y: 16, class: "label" }, axis.label.length > 22 ? `…${axis.label.slice(-21)}` : axis.label);
    label.append(shape("title", {}, axis.label));
    made.append(
      shape("rect", { x: x - 16, y: TOP - 6, width: 32, height: HEIGHT - TOP - BOTTOM + 12, class: "grip" }),
      shape("line", { x1: x, x2: x, y1: this.y(1), y2: this.y(0) }),
      label,
      shape("rect", { x: x - 8, width: 16, class: "range" }),
      ...axis.ticks.map(([place, text]) => this.tick(x, place, text)),
    );
    made.addEventListener("pointerdown", (event) => this.grab(event, axis));
    made.addEventListener("keydown", (event) => this.key(event, axis));
    return made;
  }

  tick(x, place, text) {
    const shown = text.length > 14 ? `${text.slice(0, 13)}…` : text;
    const made = shape("text", { x: x + 10, y: this.y(place) + 4, class: "tick" }, shown);
    if (shown !== text) made.append(shape("title", {}, text));
    return made;
  }

  grab(event, axis) {
    if (event.button !== 0) return;
    const start = this.place(event.clientY - this.svg.getBoundingClientRect().top);
    this.held = { axis, start };
    this.root.setPointerCapture?.(event.pointerId);
    event.preventDefault();
    event.currentTarget.focus();
  }

  drag(event) {
    if (!this.held) return;
    const now = this.place(event.clientY - this.svg.getBoundingClientRect().top);
    const range = [Math.min(this.held.start, now), Math.max(this.held.start, now)];
    this.held.moved = true;
    this.set(this.held.axis.name, range[1] - range[0] < LEAST ? null : range);
  }

  drop() {
    if (this.held && !this.held.moved) this.set(this.held.axis.name, null); // a click takes it away
    this.held = null;
  }

  key(event, axis) {
    const by = { ArrowUp: MOVE, ArrowDown: -MOVE }[event.key];
    if (event.key !== "Escape" && by === undefined) return;
    event.preventDefault();
    const range = this.ranges.get(axis.name);
    if (by === undefined) { this.set(axis.name, null); return; }
    if (!range) { this.set(axis.name, by > 0 ? [0, FIRST] : [1 - FIRST, 1]); return; }
    const [from, to] = range;
    if (event.shiftKey) this.set(axis.name, [from, Math.min(Math.max(to + by, from + LEAST), 1)]);
    else {
      const shift = Math.min(Math.max(by, -from), 1 - to);
      this.set(axis.name, [from + shift, to + shift]);
    }
  }

  set(name, range) {
    if (range) this.ranges.set(name, range); else this.ranges.delete(name);
    this.mark();
    this.brushed(this.ranges);
  }

  clear() {
    this.ranges.clear();
    this.mark();
    this.brushed(this.ranges);
  }

  holds(run) {
    return this.axes.every((axis) => {
      const range = this.ranges.get(axis.name);
      const place = range && axis.at(run);
      return !range || (place !== null && place !== undefined && place >= range[0] - 1e-9 && place <= range[1] + 1e-9);
    });
  }

  mark() {
    if (!this.svg) return;
    const chosen = new Set(this.runs.filter((run) => this.holds(run)).map((run) => run.id));
    for (const path of this.lines.children) path.classList.toggle("out", !chosen.has(path.dataset.run));
    this.axes.forEach((axis, i) => {
      const made = this.svg.querySelectorAll(".axis")[i];
      const range = this.ranges.get(axis.name);
      const bar = made.querySelector(".range");
      bar.setAttribute("y", range ? this.y(range[1]) : 0);
      bar.setAttribute("height", range ? this.y(range[0]) - this.y(range[1]) : 0);
      const words = range ? `${Math.round(100 * range[0])} % to ${Math.round(100 * range[1])} % of the axis` : "all";
      made.setAttribute("aria-valuenow", range ? Math.round(100 * range[1]) : 100);
      made.setAttribute("aria-valuetext", `${words}, ${chosen.size} runs`);
    });
  }
}
