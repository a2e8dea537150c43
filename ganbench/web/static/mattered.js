// The importance of parameters for a target, in bars and words, and the target against one of them.
import { get, make, number, whole } from "./format.js";
import { canBeLog, isNumber, wantsLog } from "./axes.js";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const percent = (share) => `${Math.round(100 * share)} %`;
// Plotly reads a few tags in its texts; names are no tags.
const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");

export async function fetchImportance(query, target) {
  const asked = new URLSearchParams(query);
  asked.set("target", target);
  return get(`/api/importance?${asked}`);
}

// What can be believed of `found`, in words.
export function believed(found) {
  if (found.problem) return `${found.problem[0].toUpperCase()}${found.problem.slice(1)}.`;
  const left = found.left_out ? ` ${whole(found.left_out)} runs are left out: they have no finite value, or are scored by another protocol.` : "";
  if (found.r2 <= 0) return `A random forest on ${whole(found.runs)} runs cannot tell how a run that it has not seen will rank (out-of-bag R² ${found.r2.toFixed(2).replace("-", "−")}): of no parameter can be said that it mattered.${left}`;
  return `From the parameters of ${whole(found.runs)} runs, a random forest tells ${percent(found.r2)} of how runs rank that it has not seen (out-of-bag R²). The mark in each bar is what chance can give.${left}`;
}

// Where larger values lead, by a rank correlation; `better` is "lower", "higher", or null.
function direction(rho, better) {
  if (rho === null) return "it matters, in no one direction";
  const goes = rho > 0 ? "higher" : "lower";
  const judged = better === null ? "" : goes === better ? ", which is better" : ", which is worse";
  return `larger values go with a ${goes} target${judged} (ρ = ${rho > 0 ? "" : "−"}${Math.abs(rho).toFixed(2)})`;
}

export function draw(root, told, found, better, choose) {
  const top = Math.max(...found.parameters.map((row) => row.importance), found.chance ?? 0, 1e-9);
  root.replaceChildren(...found.parameters.map((row) => bar(row, found, top, better, choose)));
  const words = [];
  if (found.parameters.some((row) => row.names.length > 1)) words.push("Parameters on one line were varied together (|ρ| > 0.9): which of them mattered cannot be told.");
  if (found.skipped.length) words.push(`Left out, since they differ in every run: ${found.skipped.join(", ")}.`);
  if (found.parameters.length) words.push("What mattered in these runs need not cause anything: it goes with what was varied, and how.");
  told.textContent = words.join(" ");
}

function bar({ names, importance, matters, rho }, { chance }, top, better, choose) {
  const share = Math.max(importance, 0);
  const gauge = make("span", { class: "gauge" },
    make("span", { class: "fill", style: `width: ${(100 * share) / top}%` }),
    make("span", { class: "chance", style: `left: ${(100 * chance) / top}%`, title: `chance gives up to ${number(chance)}` }));
  const words = matters ? direction(rho, better) : "not told from chance";
  const button = make("button", { type: "button", class: matters ? "weight" : "weight weak", "data-names": names.join(","), title: "Draw the target against it" },
    make("span", { class: "what" }, names.join(" + ")), gauge,
    make("span", { class: "share" }, share.toFixed(2)), make("span", { class: "quiet words" }, words));
  button.addEventListener("click", () => choose(names[0]));
  return button;
}

// points: [{id, x, y, colour}]; x is a number or any other value.
export function scatter(box, points, name, target, log, open) {
  const numbers = points.every((point) => isNumber(point.x));
  const x = points.map((point) => (numbers ? point.x : plain(typeof point.x === "object" ? JSON.stringify(point.x) : point.x)));
  const grid = { gridcolor: css("--line"), zerolinecolor: css("--line"), linecolor: css("--line") };
  const trace = {
    type: "scatter", mode: "markers", x, y: points.map((point) => point.y), text: points.map((point) => plain(point.id)),
    marker: { color: css("--blue"), size: 8, opacity: 0.8, line: { color: css("--card"), width: 1 } },
    hovertemplate: "%{text}<br>%{x}<br>%{y:.4g}<extra></extra>",
  };
  const layout = {
    margin: { l: 56, r: 12, t: 12, b: 44 }, height: 320, paper_bgcolor: "transparent", plot_bgcolor: "transparent", showlegend: false,
    font: { color: css("--quiet"), family: "system-ui, DejaVu Sans, sans-serif", size: 12 },
    xaxis: { ...grid, title: { text: plain(name) }, type: numbers ? (log ? "log" : "linear") : "category", exponentformat: "e" },
    yaxis: { ...grid, title: { text: plain(target) }, exponentformat: "e" },
    hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--ink") } },
  };
  box.setAttribute("aria-label", `${target} against ${name}, ${points.length} runs`);
  Plotly.react(box, [trace], layout, { displayModeBar: false, responsive: true });
  box.removeAllListeners?.("plotly_click");
  box.on("plotly_click", (event) => open(points[event.points[0].pointIndex].id));
}

export { canBeLog, wantsLog };
