// Which columns the table has: a menu of them all, kept in this browser.
import { BUILT_IN, USUAL, label, measures, parameters, series, varied } from "./fields.js";
import { make } from "./format.js";

const KEY = "ganbench.runs.columns";
const MOST = 60; // of a part that are offered; the search finds the others

export class Columns {
  constructor(root, asked, changed) {
    Object.assign(this, { root, changed });
    this.chosen = (asked ?? kept() ?? USUAL).filter(known);
    this.search = root.querySelector("input[type=search]");
    this.list = root.querySelector(".offered");
    this.runs = [];
    this.search.addEventListener("input", () => this.draw());
    root.addEventListener("toggle", () => { if (root.open) this.draw(); });
    root.querySelector("#usual").addEventListener("click", () => this.set(USUAL));
    document.addEventListener("click", (event) => { if (!root.contains(event.target)) root.open = false; });
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      root.open = false;
      root.querySelector("summary").focus();
    });
  }

  show(runs) { this.runs = runs; }

  set(columns) {
    this.chosen = columns;
    try { localStorage.setItem(KEY, JSON.stringify(columns)); } catch { /* private windows keep nothing */ }
    this.draw();
    this.changed();
  }

  toggle(column, on) {
    const rest = this.chosen.filter((name) => name !== column);
    this.set(on ? [...rest, column] : rest);
  }

  parts() {
    const differing = varied(this.runs).map((name) => `config:${name}`);
    const all = parameters(this.runs).map((name) => `config:${name}`);
    return [
      ["Columns", Object.keys(BUILT_IN).filter((name) => name !== "run")],
      ["Best scores", measures(this.runs).map((name) => `best:${name}`)],
      ["Parameters that differ", differing],
      ["Last values", series(this.runs).map((name) => `last:${name}`)],
      ["Parameters that are the same", all.filter((name) => !differing.includes(name))],
    ];
  }

  draw() {
    if (!this.runs.length) return;
    const wanted = this.search.value.trim().toLowerCase();
    const parts = this.parts().map(([title, columns]) => [title, columns.filter((name) => label(name).toLowerCase().includes(wanted))]);
    this.list.replaceChildren(...parts.filter(([, columns]) => columns.length).map(([title, columns]) =>
      make("fieldset", {}, make("legend", {}, title), ...columns.slice(0, MOST).map((name) => this.offer(name)),
        columns.length > MOST ? make("p", { class: "quiet" }, `and ${columns.length - MOST} more: search for them`) : null)));
  }

  offer(name) {
    const box = make("input", { type: "checkbox" });
    box.checked = this.chosen.includes(name);
    box.addEventListener("change", () => this.toggle(name, box.checked));
    return make("label", {}, box, make("span", {}, label(name)));
  }
}

// An address or an older page may name a column that there is not.
const known = (name) => (name in BUILT_IN && name !== "run") || /^(config|best|last):/.test(name);

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(found) && found.every((name) => typeof name === "string") ? found : null;
  } catch {
    return null;
  }
}
