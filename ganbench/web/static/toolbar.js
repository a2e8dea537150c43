// How curves are drawn: one row of controls over all plots that share a Look.
import { make } from "./format.js";
import { AXES } from "./look.js";

export class Toolbar {
  // With `sift(wanted)`, which says how many plots are left, there is a filter as well.
  constructor(parent, look, sift = null) {
    this.look = look;
    this.smooth = make("input", { type: "range", min: 0, max: 0.99, step: 0.01 });
    this.weight = make("output", {});
    this.log = make("input", { type: "checkbox" });
    this.axis = make("select", {}, ...Object.entries(AXES).map(([value, name]) => make("option", { value }, name)));
    this.reset = make("button", { type: "button", title: "Show the whole of all curves (double click on one)" }, "Reset zoom");
    this.node = make("div", { class: "toolbar", role: "group", "aria-label": "How the curves are drawn" },
      make("label", { title: "Exponential moving average of the points that are drawn; the raw curve stays behind" }, "Smoothing ", this.smooth, this.weight),
      make("label", {}, "x axis ", this.axis),
      make("label", {}, this.log, " Log scale"),
      this.reset);
    if (sift) this.node.append(this.filter(sift));
    parent.append(this.node);
    this.smooth.addEventListener("input", () => look.set({ smooth: Number(this.smooth.value) }));
    this.log.addEventListener("change", () => look.set({ log: this.log.checked }));
    this.axis.addEventListener("change", () => look.set({ x: this.axis.value }));
    this.reset.addEventListener("click", () => Object.keys(AXES).forEach((axis) => look.zoom(axis, null)));
    look.listen((what) => { if (what !== "pointer") this.show(); });
    this.show();
  }

  show() {
    const { smooth, log, x, zooms } = this.look;
    this.smooth.value = smooth;
    this.weight.textContent = smooth.toFixed(2);
    this.log.checked = log;
    this.axis.value = x;
    this.reset.disabled = Object.values(zooms).every((range) => range === null);
  }

  filter(sift) {
    const input = make("input", { type: "search", placeholder: "words or a regular expression", spellcheck: "false" });
    const left = make("output", { class: "quiet", "aria-live": "polite" });
    input.addEventListener("input", () => {
      const wanted = matcher(input.value);
      input.setAttribute("aria-invalid", wanted === null);
      const n = wanted ? sift(wanted) : 0;
      left.textContent = wanted === null ? "no regular expression" : input.value.trim() ? `${n} ${n === 1 ? "plot" : "plots"}` : "";
    });
    return make("label", { class: "filter" }, "Filter ", input, left);
  }
}

// Whether some of `names` have every word of `text`, each a regular expression; null if one is none.
export function matcher(text) {
  try {
    const patterns = text.trim().split(/\s+/).map((word) => new RegExp(word, "i"));
    return (names) => patterns.every((pattern) => names.some((name) => pattern.test(name)));
  } catch { return null; }
}
