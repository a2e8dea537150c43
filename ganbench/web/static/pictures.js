// The pictures of a run, by name and step; only new ones are fetched.
import { get } from "./format.js";
import { place } from "./series.js";

export class Pictures {
  constructor(run) {
    this.run = run;
    this.page = `/runs/${encodeURIComponent(run)}`;
    this.after = 0; // the last record that is known
    this.reels = new Map(); // name → pictures by step
  }

  // Fetches what came since; was there anything? `records` is how many the server has, if known.
  async fetch(records = Infinity) {
    if (records < this.after) { // the index was made anew
      this.after = 0;
      this.reels.clear();
    }
    if (records === this.after) return false;
    const { after, pictures } = await get(`/api${this.page}/pictures?after=${this.after}`);
    this.after = after;
    for (const picture of pictures) this.add(picture);
    return pictures.length > 0;
  }

  // A resumed run draws steps again: the later picture takes the place of the earlier.
  add(picture) {
    if (!this.reels.has(picture.name)) this.reels.set(picture.name, []);
    const reel = this.reels.get(picture.name);
    const at = reel.length && reel[reel.length - 1].step >= picture.step
      ? place(reel.map((other) => other.step), picture.step) : reel.length;
    reel.splice(at, reel[at]?.step === picture.step ? 1 : 0, picture);
  }

  reel(name) { return this.reels.get(name) ?? []; }

  url(picture) { return `${this.page}/media/${picture.sha256}.webp`; }
}

// The name that one looks at first: the sample grids, or what there is most of.
export function first(all) {
  const sizes = new Map();
  for (const pictures of all) {
    for (const [name, reel] of pictures.reels) sizes.set(name, (sizes.get(name) ?? 0) + reel.length);
  }
  if (sizes.has("samples")) return "samples";
  return [...sizes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}
