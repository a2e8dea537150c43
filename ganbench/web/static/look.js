// How the curves of a page are looked at: smoothing, axes, zoom, and the place under the pointer.
// All plots of a page share one; the settings are remembered for each kind of page.
const SETTINGS = { smooth: 0, log: false, x: "step" };
export const AXES = { step: "steps", seen: "images", time: "time" };

export class Look {
  constructor(kind = null, cursor = null) {
    this.key = kind && `ganbench-curves-${kind}`;
    this.cursor = cursor;
    this.zooms = { step: null, seen: null, time: null }; // [from, to] of an axis; time in seconds
    this.marks = []; // steps at which something began to go wrong
    this.pointer = null; // {axis, at} while the pointer is over a plot
    this.listeners = new Set();
    Object.assign(this, SETTINGS, this.remembered());
  }

  remembered() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "{}");
      const { smooth, log, x } = { ...SETTINGS, ...kept };
      return { smooth: Math.min(Math.max(Number(smooth) || 0, 0), 0.99), log: log === true, x: x in AXES ? x : "step" };
    } catch { return {}; } // no storage here, or something else is in it
  }

  // `act(what)` is told of "settings", "zoom", "pointer" and "marks".
  listen(act) { this.listeners.add(act); }

  forget(act) { this.listeners.delete(act); }

  tell(what) { for (const act of this.listeners) act(what); }

  set(changes) {
    Object.assign(this, changes);
    if (this.key) {
      try {
        localStorage.setItem(this.key, JSON.stringify({ smooth: this.smooth, log: this.log, x: this.x }));
      } catch { /* not remembered, then */ }
    }
    this.tell("settings");
  }

  // `range` is [from, to], or null for everything.
  zoom(axis, range) {
    const old = this.zooms[axis];
    const close = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
    if (range === old || (range && old && close(range[0], old[0]) && close(range[1], old[1]))) return;
    this.zooms[axis] = range;
    this.tell("zoom");
  }

  mark(steps) {
    if (steps.join() === this.marks.join()) return;
    this.marks = steps;
    this.tell("marks");
  }

  point(axis, at) {
    this.pointer = at === null ? null : { axis, at };
    this.tell("pointer");
  }
}
