// What scores are called, and what is said of them.
import { flatten, number, whole } from "./format.js";

// A measure on some features that the field has a name for.
const USUAL = {
  "frechet inception": "FID", "frechet_infinity inception": "FID∞", "spatial_frechet inception": "sFID",
  "kid inception": "KID", "inception_score inception": "Inception Score", "frechet dinov2": "FD-DINOv2",
  "kid dinov2": "KD-DINOv2", "cmmd clip": "CMMD",
};
const BETTER = { lower: "↓ lower", higher: "↑ higher" };

export const title = ({ measure, extractor, group }) =>
  [USUAL[`${measure} ${extractor}`] ?? measure.replaceAll("_", " "), group].filter(Boolean).join(", ");

export const better = (score) => BETTER[score.better] ?? score.better?.replace("to", "→") ?? "–";

// "12.3 … 14.5"
export const range = (interval) => interval.map(number).join(" … ");

// Why there is no interval, in the words of who computed the score.
export const reason = (score) => score.warnings.find((words) => words.startsWith("no interval")) ?? "none was computed";

// "0.07652", with its number of samples where that is another.
export const baseline = ({ baseline: value, baseline_n: n, n_fake }) =>
  `${number(value)}${value !== null && n && n !== n_fake ? ` (n ${whole(n)})` : ""}`;

// The protocol as pairs of words.
export const protocol = (score) => [
  ...flatten(score.protocol ?? {}).map(([name, value]) => [name.replaceAll("_", " "), Array.isArray(value) ? value.join(", ") : String(value ?? "–")]),
  ["seed", String(score.seed)], ["took", `${number(score.seconds)} s`],
];

// How far from the best a value is; lower is better, whatever the measure. As `store/ingest.py`.
export function loss({ better: where, value }) {
  if (!where || value === null || !Number.isFinite(Number(value))) return null;
  if (where === "lower") return value;
  return where === "higher" ? -value : Math.abs(value - Number(where.replace("to ", "")));
}
