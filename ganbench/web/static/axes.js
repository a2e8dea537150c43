// Axes of parallel coordinates: where a run's value lies, from 0 (bottom) to 1, and what stands there.
import { number } from "./format.js";

// An axis is logarithmic by itself where the largest is so many times the smallest, and the median
// lies in such a share of the range: learning rates do, seeds do not.
const [SPREAD, SKEW] = [20, 0.25];
const LEVELS = 30; // words on an axis
const NONE = "none";

export const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

export function canBeLog(values) {
  const numbers = values.filter(isNumber);
  return numbers.length > 0 && numbers.every((x) => x > 0);
}

export function wantsLog(values) {
  const numbers = values.filter(isNumber).sort((a, b) => a - b);
  const [low, median, high] = [numbers[0], numbers[Math.floor(numbers.length / 2)], numbers[numbers.length - 1]];
  return canBeLog(values) && new Set(numbers).size > 2 && high / low >= SPREAD && median - low < SKEW * (high - low);
}

// {kind, at(value) → 0…1 or null, ticks: [[place, text]]}; numbers on a scale, what else a place for
// each; who has no number on an axis of numbers is at its foot, as "none".
export function axis(values, log) {
  const numbers = values.filter(isNumber);
  const words = values.filter((value) => !isNumber(value) && value !== null && value !== undefined && value !== "NaN");
  return numbers.length && !words.length ? scale(numbers, numbers.length < values.length, log) : levels(values);
}

function scale(numbers, some, log) {
  const of = log ? Math.log10 : (x) => x;
  let [low, high] = [of(Math.min(...numbers)), of(Math.max(...numbers))];
  if (low === high) { low -= 1; high += 1; }
  const foot = some ? 0.12 : 0;
  const place = (x) => foot + (1 - foot) * ((of(x) - low) / (high - low));
  const single = new Set(numbers).size === 1;
  const marks = (single ? numbers.slice(0, 1) : log ? decades(low, high) : steps(low, high)).map((x) => [place(x), short(x)]);
  return {
    kind: log ? "log" : "number",
    at: (value) => (isNumber(value) ? place(value) : some ? 0 : null),
    ticks: some ? [[0, NONE], ...marks] : marks,
  };
}

function levels(values) {
  const text = (value) => (value === null || value === undefined ? NONE : typeof value === "object" ? JSON.stringify(value) : String(value));
  const all = [...new Set(values.map(text))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const place = new Map(all.map((word, i) => [word, all.length > 1 ? i / (all.length - 1) : 0.5]));
  const every = Math.ceil(all.length / LEVELS);
  return {
    kind: "word",
    at: (value) => place.get(text(value)),
    ticks: all.filter((_, i) => i % every === 0).map((word) => [place.get(word), word]),
  };
}

// 1e-5, 1e-4, … between two exponents, or 1, 2 and 5 of each where there are few.
function decades(low, high) {
  const found = [];
  for (let e = Math.floor(low); e <= Math.ceil(high); e += 1) {
    for (const m of high - low < 2 ? [1, 2, 5] : [1]) found.push(m * 10 ** e);
  }
  const inside = found.filter((x) => Math.log10(x) >= low - 1e-9 && Math.log10(x) <= high + 1e-9);
  return inside.length > 1 ? inside : [10 ** low, 10 ** high];
}

// Round numbers between two, about five.
function steps(low, high) {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= raw) ?? 10);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(i * step);
  return found;
}

function short(x) {
  if (x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e6)) return Number(x.toPrecision(3)).toExponential().replace("e+", "e");
  return number(Number(x.toPrecision(6)));
}
