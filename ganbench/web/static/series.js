// The series of a run, kept in step with the server: only what is new is fetched, and of a stretch
// that somebody zooms into, all of it.
import { get } from "./format.js";

const MANY = 8000; // points kept of a series; then its extremes are asked for again
const AT_ONCE = 40; // series in one request
const FIELDS = ["step", "seen", "time", "value"];

export class Series {
  constructor(run) {
    this.run = run;
    this.url = `/api/runs/${encodeURIComponent(run)}/series`;
    this.counts = {}; // name → points that the server has
    this.kept = new Map(); // name → {n, buckets, rising, step, seen, time, value}
    this.stretches = new Map(); // name → {from, to, stored, buckets, step, …}
    this.created = Infinity; // seconds
  }

  // When the run began, in seconds, as far as is known.
  get began() {
    let first = this.created;
    for (const line of this.kept.values()) if (line.time.length) first = Math.min(first, line.time[0]);
    return first;
  }

  // Fetches what the server has more of.
  async fetch(names) {
    const behind = names.filter((name) => (this.kept.get(name)?.n ?? 0) < (this.counts[name] ?? 0));
    for (let i = 0; i < behind.length; i += AT_ONCE) {
      const part = behind.slice(i, i + AT_ONCE);
      const query = new URLSearchParams(part.flatMap((name) => [["name", name], ["after", this.next(name)]]));
      const news = await get(`${this.url}?${query}`);
      for (const name of part) this.add(name, news[name]);
    }
  }

  next(name) {
    const line = this.kept.get(name);
    if (line && line.step.length > MANY) this.kept.delete(name);
    return this.kept.get(name)?.n ?? 0;
  }

  // A resumed run writes steps again: the later point of a step takes the place of the earlier.
  add(name, news) {
    news.value = news.value.map(Number);
    const old = this.kept.get(name);
    if (!old) {
      this.kept.set(name, { ...news, rising: rises(news.step) });
      return;
    }
    const again = news.step.length && old.step.length && news.step[0] <= old.step[old.step.length - 1];
    if (again && !name.startsWith("system/")) replace(old, news);
    else for (const field of FIELDS) for (const value of news[field]) old[field].push(value);
    old.rising = old.rising && (!again || rises(old.step));
    if (old.buckets !== null || news.buckets !== null) {
      old.buckets = (old.buckets ?? old.stored) + (news.buckets ?? news.stored);
    }
    old.n = news.n;
    old.stored += news.stored;
  }

  // Fetches what is left out of a curve between two steps; null forgets it.
  async zoom(name, steps) {
    const line = this.kept.get(name);
    if (!steps || !line || line.buckets === null || !line.rising) {
      this.stretches.delete(name);
      return;
    }
    const known = this.stretches.get(name);
    const [from, to] = steps;
    if (known && known.asked === `${steps}`) return;
    if (known && known.buckets === null && known.from <= from && to <= known.to) return;
    const last = line.step[line.step.length - 1];
    const found = (await get(`${this.url}?${new URLSearchParams({ name, from, to })}`))[name];
    found.value = found.value.map(Number);
    this.stretches.set(name, { ...found, asked: `${steps}`, from, to: Math.min(to, last) });
  }

  // What to draw: {step, seen, time, value}.
  line(name) {
    const line = this.kept.get(name);
    const stretch = this.stretches.get(name);
    if (!stretch) return line;
    const low = place(line.step, stretch.from);
    const high = place(line.step, stretch.to + 1);
    return Object.fromEntries(FIELDS.map((field) =>
      [field, [...line[field].slice(0, low), ...stretch[field], ...line[field].slice(high)]]));
  }
}

const rises = (steps) => steps.every((step, i) => i === 0 || steps[i - 1] <= step);

// The first index at which ascending `values` are at least `value`.
export function place(values, value) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The index of the one of ascending `values` that is nearest to `value`, the earlier of two.
export function nearest(values, value) {
  const right = place(values, value);
  if (right === 0) return 0;
  if (right === values.length || value - values[right - 1] <= values[right] - value) return right - 1;
  return right;
}

function replace(old, news) {
  const rows = new Map();
  for (const points of [old, news]) {
    points.step.forEach((step, i) => rows.set(step, FIELDS.map((field) => points[field][i])));
  }
  const sorted = [...rows.values()].sort((a, b) => a[0] - b[0]);
  FIELDS.forEach((field, k) => { old[field] = sorted.map((row) => row[k]); });
}
