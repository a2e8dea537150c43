// From lines to what Plotly draws: the curve, the raw one behind a smooth one, bands and baselines,
// and marks at the top edge where a value is not finite.
import { number, whole } from "./format.js";
import { smooth } from "./smoothing.js";

const FEW = 30; // points that are drawn as dots too
const DENSE = 1000; // points from which on a curve may hide another

// What is not finite, in words, and its mark.
export const ODD = [
  { says: "NaN", is: (value) => Number.isNaN(value), symbol: "x", sign: "✕" },
  { says: "infinity", is: (value) => value === Infinity, symbol: "triangle-up", sign: "▲" },
  { says: "minus infinity", is: (value) => value === -Infinity, symbol: "triangle-down", sign: "▼" },
];

export const odd = (line) => ODD.map((kind) => ({
  ...kind, at: line.y.flatMap((value, i) => (kind.is(value) ? [i] : [])),
})).filter((kind) => kind.at.length);

const alone = (y) => y.some((value, i) =>
  Number.isFinite(value) && !Number.isFinite(y[i - 1] ?? NaN) && !Number.isFinite(y[i + 1] ?? NaN));

// The traces of the `i`th line; each with `steps`, which step its points are of.
export function traces(line, i, color, { weight, hidden, hover }) {
  const { x, y } = line;
  const steps = line.step ?? x;
  const shown = weight > 0 ? smooth(y, weight) : y;
  const dense = weight === 0 && y.length > DENSE;
  const base = { type: "scatter", x, steps, visible: !hidden };
  const made = [];
  if (line.low) {
    const edge = { ...base, mode: "lines", line: { width: 0, color }, hoverinfo: "skip" };
    made.push({ ...edge, y: line.low }, { ...edge, y: line.high, fill: "tonexty", fillcolor: faint(color) });
  }
  if (weight > 0) {
    made.push({ ...base, y, mode: "lines", opacity: 0.28, line: { color, width: 1 }, hoverinfo: "skip" });
  }
  made.push({
    ...base, name: line.name, y: shown, mode: y.length < FEW || alone(y) ? "lines+markers" : "lines",
    line: { color, width: dense ? 1 : 1.6 }, marker: { color, size: line.dot ?? 5 }, opacity: dense ? 0.75 : 1,
    ...(weight > 0 ? { customdata: y } : {}), text: hover,
    hovertemplate: `%{y:.5~g}${weight > 0 ? " (%{customdata:.5~g})" : ""}${hover ? "%{text}" : ""}`,
  });
  if (Number.isFinite(line.baseline) && x.length) {
    made.push({
      ...base, x: [x[0], x[x.length - 1]], y: [line.baseline, line.baseline], mode: "lines",
      line: { color, width: 1, dash: "dot" }, hoverinfo: "skip",
    });
  }
  for (const kind of line.odd) {
    made.push({
      ...base, name: `${line.name} ${kind.says}`, x: kind.at.map((k) => x[k]), y: kind.at.map(() => 1 - 0.05 * i),
      steps: kind.at.map((k) => steps[k]), yaxis: "y2", mode: "markers", cliponaxis: false,
      marker: { color, symbol: kind.symbol, size: 9 }, hovertemplate: `${kind.says} at %{x}`,
    });
  }
  return made;
}

const faint = (color) => `rgba(${[1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16))}, 0.16)`; // of #rrggbb

// [smallest, largest] of what is drawn between two x, with some air; in log10 for a log axis.
export function heights(drawn, range, log) {
  let [low, high] = [Infinity, -Infinity];
  for (const trace of drawn) {
    if (trace.yaxis === "y2" || trace.visible === false) continue;
    trace.x.forEach((x, i) => {
      const y = trace.y[i];
      if (x < range[0] || x > range[1] || !Number.isFinite(y) || (log && y <= 0)) return;
      low = Math.min(low, y);
      high = Math.max(high, y);
    });
  }
  if (low > high) return null;
  if (log) [low, high] = [Math.log10(low), Math.log10(high)];
  const air = (high - low) * 0.06 || Math.abs(high) * 0.06 || 1;
  return [low - air, high + air];
}

// The plot in words, for who does not see it.
export function describe(title, lines) {
  const words = lines.map((line) => {
    const finite = line.y.filter(Number.isFinite);
    const said = line.odd.map((kind) => `${line.thinned ? "some" : kind.at.length} ${kind.says}`);
    if (!finite.length) return `${line.name}: ${said.join(", ") || "no points"}`;
    const low = finite.reduce((a, b) => Math.min(a, b));
    const high = finite.reduce((a, b) => Math.max(a, b));
    const parts = [`last ${number(line.y[line.y.length - 1])}`, `smallest ${number(low)}`, `largest ${number(high)}`];
    return `${line.name}: ${[...parts, ...said].join(", ")}`;
  });
  return `Curves: ${title}. ${words.join("; ")}`;
}

// "12 points ≤ 0 not drawn", where a log axis cannot show them.
export function below(lines) {
  const n = lines.reduce((sum, line) => sum + line.y.filter((value) => value <= 0 && value > -Infinity).length, 0);
  return n ? `${whole(n)} ${n === 1 ? "point" : "points"} ≤ 0 not drawn` : "";
}
