// The bar under a movie: exactly one tick for each grid, placed by its number.
import { make, whole } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const LABEL = 64; // pixels that a label needs

export class Scrub {
  // `act(index)` is called when somebody moves it.
  constructor(parent, act) {
    this.steps = [];
    this.input = make("input", { type: "range", class: "scrub", min: 0, max: 0, value: 0, step: 1, "aria-label": "Grid" });
    const path = (name) => {
      const made = document.createElementNS(SVG, "path");
      made.setAttribute("class", name);
      return made;
    };
    [this.small, this.large] = [path("small"), path("large")]; // the large ones have labels
    this.ticks = document.createElementNS(SVG, "svg");
    for (const [key, value] of Object.entries({ class: "ticks", viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" })) this.ticks.setAttribute(key, value);
    this.ticks.append(this.small, this.large);
    this.labels = make("div", { class: "labels", "aria-hidden": "true" });
    this.tip = make("output", { class: "tip", hidden: "" });
    this.node = make("div", { class: "track" }, this.tip, this.input, this.ticks, this.labels);
    parent.append(this.node);
    this.input.addEventListener("input", () => act(Number(this.input.value)));
    this.input.addEventListener("pointermove", (event) => this.hover(event));
    this.input.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    new ResizeObserver(() => this.label()).observe(this.node);
  }

  update(steps) {
    this.steps = steps;
    this.input.max = Math.max(steps.length - 1, 0);
    this.label();
  }

  at(index) {
    this.input.value = index;
    this.input.setAttribute("aria-valuetext", `step ${whole(this.steps[index])}, ${index + 1} of ${this.steps.length}`);
  }

  // 0 … 1
  along(index) { return this.steps.length > 1 ? index / (this.steps.length - 1) : 0.5; }

  // As many steps in words as there is room for, evenly among the ticks, and the last.
  label() {
    const { width } = this.ticks.getBoundingClientRect();
    const n = this.steps.length;
    if (!n) return;
    this.ticks.style.setProperty("--thin", Math.min(Math.max(width / n / 3, 0.12), 1.5));
    const stride = Math.max(Math.ceil((n - 1) / Math.max(Math.floor(width / LABEL), 1)), 1);
    const chosen = new Set([...this.steps.keys()].filter((i) => (i % stride === 0 && n - 1 - i > stride * 0.7) || i === n - 1));
    const tick = (i, height) => `M${this.along(i).toFixed(5)} 0V${height}`;
    this.small.setAttribute("d", this.steps.map((_, i) => (chosen.has(i) ? "" : tick(i, 0.6))).join(""));
    this.large.setAttribute("d", [...chosen].map((i) => tick(i, 1)).join(""));
    this.labels.replaceChildren(...[...chosen].map((i) =>
      make("span", { style: `left: ${this.along(i) * 100}%` }, whole(this.steps[i]))));
  }

  hover(event) {
    if (!this.steps.length) return;
    const { left, width } = this.ticks.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - left) / width, 0), 1);
    const index = Math.round(share * (this.steps.length - 1));
    this.tip.textContent = `step ${whole(this.steps[index])}`;
    this.tip.style.left = `${event.clientX - this.node.getBoundingClientRect().left}px`;
    this.tip.hidden = false;
  }
}
