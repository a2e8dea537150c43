// The sample grids of a run as a movie: every stored one, in order.
import { whole } from "./format.js";

const AHEAD = 6; // grids that are fetched before they are shown

export class Movie {
  constructor(page) {
    this.page = page;
    this.frames = [];
    this.at = -1;
    this.timer = null;
    this.cache = new Map();
    this.image = document.getElementById("frame");
    this.scrub = document.getElementById("scrub");
    this.button = document.getElementById("play");
    this.speed = document.getElementById("speed");
    this.caption = document.getElementById("caption");
    this.button.addEventListener("click", () => this.toggle());
    document.getElementById("back").addEventListener("click", () => this.move(-1));
    document.getElementById("forth").addEventListener("click", () => this.move(1));
    this.scrub.addEventListener("input", () => { this.pause(); this.show(Number(this.scrub.value)); });
    this.speed.addEventListener("change", () => { if (this.timer) { this.pause(); this.play(); } });
    document.addEventListener("keydown", (event) => this.key(event));
    this.enable();
  }

  // New grids; who was watching the newest one goes on to the new newest.
  update(frames) {
    const following = this.at === this.frames.length - 1 && !this.timer;
    this.frames = frames;
    this.scrub.max = Math.max(frames.length - 1, 0);
    document.getElementById("ticks").replaceChildren(
      ...frames.slice(0, 200).map((_, i) => Object.assign(document.createElement("option"), { value: i })));
    this.enable();
    if (following && frames.length) this.show(frames.length - 1);
    else this.describe();
  }

  show(index) {
    if (!this.frames.length) return;
    this.at = Math.min(Math.max(index, 0), this.frames.length - 1);
    this.image.src = this.load(this.at).src;
    for (let i = 1; i <= AHEAD; i += 1) if (this.at + i < this.frames.length) this.load(this.at + i);
    this.scrub.value = this.at;
    this.describe();
  }

  describe() {
    if (this.at < 0) { this.caption.textContent = "No grid yet."; return; }
    const frame = this.frames[this.at];
    const words = `step ${whole(frame.step)}`;
    this.image.alt = `Samples at ${words}`;
    this.scrub.setAttribute("aria-valuetext", words);
    this.caption.textContent = `${words} · ${whole(frame.seen)} images · grid ${this.at + 1} of ${this.frames.length}`;
  }

  load(index) {
    const { sha256 } = this.frames[index];
    if (!this.cache.has(sha256)) {
      const image = new Image();
      image.src = `${this.page}/media/${sha256}.webp`;
      this.cache.set(sha256, image);
    }
    return this.cache.get(sha256);
  }

  move(by) { this.pause(); this.show(this.at + by); }

  toggle() { if (this.timer) this.pause(); else this.play(); }

  play() {
    if (this.frames.length < 2) return;
    if (this.at === this.frames.length - 1) this.show(0);
    this.timer = setInterval(() => {
      if (!this.load(Math.min(this.at + 1, this.frames.length - 1)).complete) return; // wait for it
      if (this.at >= this.frames.length - 1) this.pause();
      else this.show(this.at + 1);
    }, 1000 / Number(this.speed.value));
    this.enable();
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.enable();
  }

  enable() {
    this.button.textContent = this.timer ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", this.timer ? "Pause" : "Play");
    for (const id of ["back", "forth", "play", "scrub", "speed"]) {
      document.getElementById(id).disabled = this.frames.length < 2;
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    if (target.matches("input:not([type=range]), select, textarea")) return;
    const last = this.frames.length - 1;
    const action = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.move(-1),
      ArrowRight: () => this.move(1),
      Home: () => { this.pause(); this.show(0); },
      End: () => { this.pause(); this.show(last); },
    }[event.key];
    if (!action || (event.key === " " && target.matches("button, a"))) return;
    event.preventDefault();
    action();
  }
}
