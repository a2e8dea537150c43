// What plays: a number of frames, one of which is shown; buttons, keys, speed and loop.
import { make } from "./format.js";
import { Scrub } from "./scrub.js";

export class Player {
  // `show(index)` shows a frame, `ready(index)` says whether it could be shown at once, `seen()`
  // whether the movie is on screen: only then it has the keys.
  constructor(parent, { show, ready, seen }) {
    Object.assign(this, { show, ready, seen, steps: [], at: -1, playing: false, due: 0 });
    this.scrub = new Scrub(parent, (index) => { this.pause(); this.go(index); });
    const button = (name, sign, title, act) => {
      const made = make("button", { type: "button", class: name, "aria-label": title.split(" (")[0], title }, sign);
      made.addEventListener("click", act);
      return made;
    };
    this.back = button("back", "‹", "Previous grid (←)", () => this.move(-1));
    this.toggler = button("play", "▶", "Play (space)", () => this.toggle());
    this.forth = button("forth", "›", "Next grid (→)", () => this.move(1));
    this.looper = button("loop", "↻", "Loop (L)", () => this.loop(!this.loops));
    this.speed = make("input", { type: "range", class: "speed", min: 1, max: 30, step: 1, value: 8, "aria-label": "Grids a second" });
    this.rate = make("output", { class: "quiet" });
    this.speed.addEventListener("input", () => { this.rate.textContent = `${this.speed.value}/s`; });
    this.rate.textContent = "8/s";
    this.controls = make("div", { class: "controls" }, this.back, this.toggler, this.forth, this.looper,
      make("label", { class: "rate" }, this.speed, this.rate));
    parent.append(this.controls);
    this.loop(false);
    this.enable();
    document.addEventListener("keydown", (event) => this.key(event));
  }

  // Who looks at the newest goes on to the new newest, unless it plays.
  update(steps) {
    const newest = this.at === this.steps.length - 1 && !this.playing;
    const step = this.steps[this.at];
    this.steps = steps;
    this.scrub.update(steps);
    this.enable();
    if (!steps.length) this.at = -1;
    else this.go(newest ? steps.length - 1 : Math.max(steps.indexOf(step), 0));
  }

  go(index) {
    if (!this.steps.length) return;
    this.at = Math.min(Math.max(index, 0), this.steps.length - 1);
    this.scrub.at(this.at);
    this.show(this.at);
  }

  move(by) { this.pause(); this.go(this.at + by); }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  loop(on) {
    this.loops = on;
    this.looper.setAttribute("aria-pressed", on);
  }

  play() {
    if (this.steps.length < 2) return;
    if (this.at === this.steps.length - 1) this.go(0);
    this.playing = true;
    this.due = performance.now() + 1000 / this.speed.value;
    this.enable();
    requestAnimationFrame((now) => this.tick(now));
  }

  pause() {
    this.playing = false;
    this.enable();
  }

  tick(now) {
    if (!this.playing) return;
    const last = this.at >= this.steps.length - 1;
    if (last && !this.loops) { this.pause(); return; }
    const next = last ? 0 : this.at + 1;
    if (now >= this.due && this.ready(next)) { // else it waits for the picture
      this.go(next);
      this.due = Math.max(this.due + 1000 / this.speed.value, now);
    }
    requestAnimationFrame((later) => this.tick(later));
  }

  enable() {
    this.toggler.textContent = this.playing ? "❚❚" : "▶";
    this.toggler.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    for (const control of [this.back, this.toggler, this.forth, this.looper, this.speed, this.scrub.input]) {
      control.disabled = this.steps.length < 2;
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.seen()) return;
    const { target } = event;
    if (target !== this.scrub.input && target.closest("input, select, textarea, [contenteditable]")) return;
    const action = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.move(-1),
      ArrowRight: () => this.move(1),
      Home: () => this.move(-this.at),
      End: () => this.move(this.steps.length),
      l: () => this.loop(!this.loops),
    }[event.key];
    if (!action || (event.key === " " && target.closest("button, a, summary"))) return;
    event.preventDefault();
    action();
  }
}
