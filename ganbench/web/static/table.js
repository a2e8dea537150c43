// A table of any length of which only what is on the screen is in the document.
//
// Lines have a key, a height and what they show as text; a line's <tr> is made again only when that
// text has changed, and stays where it is otherwise, with its focus.
import { make } from "./format.js";

const AROUND = 12; // lines beyond the screen
const WHOLE = 150; // up to so many lines are all there, for the browser's own search

export class Table {
  // `line(item)` gives {key, height, text, make()}; `seen(items)` is told what is on the screen.
  constructor(scroller, body, line, seen) {
    Object.assign(this, { scroller, body, line, seen });
    this.items = [];
    this.rows = new Map(); // key → {text, tr}
    this.above = make("tr", { class: "space", "aria-hidden": "true" }, make("td"));
    this.below = make("tr", { class: "space", "aria-hidden": "true" }, make("td"));
    this.waiting = false;
    scroller.addEventListener("scroll", () => this.later(), { passive: true });
    new ResizeObserver(() => this.later()).observe(scroller);
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  show(items) {
    this.items = items.map((item) => this.line(item));
    let top = 0;
    for (const item of this.items) { item.top = top; top += item.height; }
    this.height = top;
    this.draw();
  }

  // Lines from `first` up to `last`, not including it.
  window() {
    const n = this.items.length;
    if (n <= WHOLE) return [0, n];
    const { scrollTop, clientHeight } = this.scroller;
    const first = this.items.findIndex((item) => item.top + item.height > scrollTop);
    const beyond = this.items.findIndex((item) => item.top > scrollTop + clientHeight);
    return [Math.max((first < 0 ? n : first) - AROUND, 0), Math.min((beyond < 0 ? n : beyond) + AROUND, n)];
  }

  draw() {
    const [first, last] = this.window();
    const shown = this.items.slice(first, last);
    const kept = new Map();
    for (const [i, item] of shown.entries()) {
      const old = this.rows.get(item.key);
      const row = old?.text === item.text ? old : { text: item.text, tr: this.replace(old?.tr, item) };
      row.tr.setAttribute("aria-rowindex", first + i + 2); // the head is the first
      kept.set(item.key, row);
    }
    this.rows = kept;
    const end = this.height - (last < this.items.length ? this.items[last].top : this.height);
    space(this.above, shown.length ? shown[0].top : 0);
    space(this.below, end);
    arrange(this.body, [this.above, ...[...kept.values()].map((row) => row.tr), this.below]);
    this.refocus?.();
    this.refocus = null;
    this.seen(shown);
  }

  // What had the focus in the old row has it in the new one.
  replace(old, item) {
    const tr = item.make();
    const part = old?.contains(document.activeElement) && document.activeElement.dataset.part;
    if (part) this.refocus = () => [...tr.querySelectorAll("[data-part]")].find((e) => e.dataset.part === part)?.focus();
    return tr;
  }
}

function space(tr, height) {
  tr.hidden = height <= 0;
  tr.firstChild.style.height = `${height}px`;
}

// Makes the children of `parent` these, and moves only those that are not in their place.
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let next = parent.firstChild;
  for (const child of children) {
    if (child === next) next = next.nextSibling;
    else parent.insertBefore(child, next);
  }
}
