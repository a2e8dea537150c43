// The sample grids of one run, or of several side by side, as a movie: every stored one, in order.
import { duration, make, whole } from "./format.js";
import { Frames, MOST } from "./frames.js";
import { Pictures, first } from "./pictures.js";
import { Player } from "./player.js";
import { Saving } from "./saving.js";
import { Screen } from "./screen.js";
import { nearest } from "./series.js";

const AHEAD = 8; // grids that are fetched before they are shown, at least
const moments = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "medium" });

export class Movie {
  constructor(root, runs, cursor, began = () => null) {
    Object.assign(this, { root, cursor, began, name: null, scale: 1, steps: [] });
    this.all = runs.map((run) => new Pictures(run));
    this.frames = new Frames();
    this.names = make("select", { class: "names", "aria-label": "Which pictures", hidden: "" });
    this.names.addEventListener("change", () => this.choose(this.names.value));
    this.views = make("div", { class: runs.length > 1 ? "views side" : "views" });
    this.body = make("div", { class: "stage" }, this.names, this.views);
    this.screens = runs.map((run) => new Screen(this.views, this.frames, runs.length > 1 ? run : null));
    this.player = new Player(this.body, {
      show: (index) => this.show(index),
      ready: (index) => this.at(index).every(({ frame }) => !frame || frame.state !== "loading"),
      seen: () => this.body.checkVisibility(),
    });
    this.enlarger = make("button", { type: "button", class: "enlarge", "aria-label": "Enlarge", title: "Enlarge (click on the picture)" }, "⤢");
    this.player.controls.append(this.enlarger);
    this.saving = new Saving(this.player.controls, (suffix, captions) => this.address(suffix, captions));
    this.dialog = this.hall();
    root.append(this.body, this.dialog);
    this.hear = (step) => this.follow(step);
    cursor?.listen(this.hear);
  }

  // Asks for new pictures; `records` is how many the server has of the only run, if that is known.
  async update(records) {
    const news = await Promise.all(this.all.map((pictures) => pictures.fetch(records)));
    if (!news.some(Boolean) && this.name !== null) return;
    const asked = this.name === null ? this.cursor?.step ?? null : null; // before there was a movie
    const names = [...new Set(this.all.flatMap((pictures) => [...pictures.reels.keys()]))].sort();
    this.names.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
    this.names.hidden = names.length < 2;
    this.choose(names.includes(this.name) ? this.name : first(this.all));
    if (asked !== null) this.follow(asked);
  }

  choose(name) {
    this.name = name;
    this.names.value = name;
    const steps = new Set(this.all.flatMap((pictures) => pictures.reel(name).map((picture) => picture.step)));
    this.steps = [...steps].sort((a, b) => a - b);
    this.reels = this.all.map((pictures) => {
      const reel = pictures.reel(name);
      return { pictures, reel, own: reel.map((picture) => picture.step) };
    });
    this.player.update(this.steps);
    if (!this.steps.length) for (const screen of this.screens) screen.show(null, "", "No grid yet.", "");
  }

  // Of each run the picture nearest to a step of any, and its frame.
  at(index) {
    return this.reels.map(({ pictures, reel, own }) => {
      const picture = reel[nearest(own, this.steps[index])];
      return picture ? { picture, url: pictures.url(picture), frame: this.frames.get(pictures.url(picture), picture) } : {};
    });
  }

  show(index) {
    const now = this.at(index);
    now.forEach(({ picture, url }, i) => {
      this.screens[i].show(picture, url, this.words(picture, index), picture ? `${this.name} at step ${whole(picture.step)}` : "");
      this.screens[i].caption.setAttribute("aria-live", this.player.playing ? "off" : "polite");
    });
    const bytes = now.reduce((sum, { frame }) => sum + (frame?.bytes ?? 0), 1);
    const ahead = Math.min(Math.max(AHEAD, Number(this.player.speed.value)), Math.floor(MOST / 2 / bytes));
    for (let i = index + 1; i <= index + ahead && i < this.steps.length; i += 1) this.at(i);
    this.cursor?.set(this.steps[index], this.hear);
  }

  words(picture, index) {
    if (!picture) return `no pictures named ${this.name}`;
    const step = this.steps[index];
    const words = [`step ${whole(picture.step)}${picture.step === step ? "" : ` (nearest to ${whole(step)})`}`];
    if (picture.seen) words.push(`${whole(picture.seen)} images`);
    const began = this.began();
    if (began !== null && picture.time >= began) words.push(`after ${duration(picture.time - began)}`);
    if (this.all.length === 1) words.push(`grid ${index + 1} of ${this.steps.length}`);
    this.views.title = moments.format(picture.time * 1000);
    if (picture.caption) words.push(picture.caption);
    return words.join(" · ");
  }

  // Somebody pointed at a step: the nearest grid.
  follow(step) {
    if (!this.steps.length) return;
    this.player.pause();
    this.player.go(nearest(this.steps, step));
  }

  address(suffix, captions) {
    const query = new URLSearchParams({ name: this.name ?? "samples", fps: this.player.speed.value, captions: captions ? 1 : 0 });
    const [{ run, page }] = this.all;
    if (this.all.length === 1) return `${page}/movie.${suffix}?${query}`;
    const there = this.all.filter((pictures) => pictures.reel(this.name).length).map((pictures) => pictures.run);
    return `/compare/movie.${suffix}?runs=${there.map(encodeURIComponent).join(",") || encodeURIComponent(run)}&${query}`;
  }

  // The large view: the same stage in a dialog, with a zoom; Esc closes it.
  hall() {
    const button = (sign, title, act) => {
      const made = make("button", { type: "button", title, "aria-label": title.split(" (")[0] }, sign);
      made.addEventListener("click", act);
      return made;
    };
    const bar = make("div", { class: "controls" },
      button("−", "Smaller (−)", () => this.zoom(this.scale / 2)),
      button("+", "Larger (+)", () => this.zoom(this.scale * 2)),
      button("✕", "Close (Esc)", () => this.dialog.close()));
    const dialog = make("dialog", { class: "hall", "aria-label": "Samples, enlarged" }, bar);
    const toggle = () => { if (dialog.open) dialog.close(); else { dialog.append(this.body); dialog.showModal(); } };
    this.enlarger.addEventListener("click", toggle);
    this.views.addEventListener("click", (event) => { if (event.target.closest(".screen")) toggle(); });
    dialog.addEventListener("close", () => { this.zoom(1); this.root.prepend(this.body); this.enlarger.focus(); });
    dialog.addEventListener("keydown", (event) => {
      const by = { "+": 2, "=": 2, "-": 0.5 }[event.key];
      if (by) { event.preventDefault(); this.zoom(this.scale * by); }
    });
    return dialog;
  }

  zoom(scale) {
    this.scale = Math.min(Math.max(scale, 1), 16);
    const middles = this.screens.map(({ box }) => [(box.scrollLeft + box.clientWidth / 2) / box.scrollWidth, (box.scrollTop + box.clientHeight / 2) / box.scrollHeight]);
    this.views.style.setProperty("--zoom", this.scale);
    this.screens.forEach(({ box }, i) => { // the middle stays where it is
      box.scrollLeft = middles[i][0] * box.scrollWidth - box.clientWidth / 2;
      box.scrollTop = middles[i][1] * box.scrollHeight - box.clientHeight / 2;
    });
  }
}
