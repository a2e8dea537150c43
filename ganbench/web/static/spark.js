// Small curves in the table: asked for the runs that are on the screen, kept until a run changes.
import { get, number } from "./format.js";
import { asNumber } from "./filter.js";

const [WIDTH, HEIGHT, EDGE] = [120, 30, 2];
const MOST = 100; // runs that are asked for at once
const SVG = "http://www.w3.org/2000/svg";

export class Sparks {
  // `arrived` is called when there is something new to paint.
  constructor(arrived) {
    this.arrived = arrived;
    this.curve = null;
    this.kept = new Map(); // run id → its line, or null if it has none
    this.asked = new Set();
  }

  // `curve` is {series} or {score}.
  choose(curve) {
    if (JSON.stringify(curve) === JSON.stringify(this.curve)) return;
    this.curve = curve;
    this.kept.clear();
    this.asked.clear();
  }

  forget(id) { this.asked.delete(id); }

  get(id) { return this.kept.get(id); }

  async want(ids) {
    const missing = ids.filter((id) => !this.asked.has(id)).slice(0, MOST);
    if (!missing.length || !this.curve) return;
    const curve = this.curve;
    for (const id of missing) this.asked.add(id);
    const query = new URLSearchParams({ ...curve, runs: missing.join(",") });
    try {
      const lines = await get(`/api/sparklines?${query}`);
      if (curve !== this.curve) return;
      for (const id of missing) this.kept.set(id, Object.hasOwn(lines, id) ? lines[id] : null);
    } catch {
      for (const id of missing) this.asked.delete(id); // asked again the next time
      return;
    }
    this.arrived();
  }
}

// An <svg> of {step, value}; values that are not finite leave a gap and a red mark.
export function spark(line, name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("class", "spark");
  svg.setAttribute("role", "img");
  const values = line.value.map(asNumber);
  const finite = values.filter(Number.isFinite);
  const last = line.value[line.value.length - 1];
  svg.setAttribute("aria-label", `${name}: ${number(line.value[0])} to ${number(last)}`);
  const title = document.createElementNS(SVG, "title");
  title.textContent = `${name}, step ${line.step[0]} to ${line.step[line.step.length - 1]}: ${number(line.value[0])} to ${number(last)}`;
  svg.append(title);
  const scale = (low, high, size, flip) => (x) => {
    const share = high > low ? (x - low) / (high - low) : 0.5;
    return EDGE + (size - 2 * EDGE) * (flip ? 1 - share : share);
  };
  const x = scale(line.step[0], line.step[line.step.length - 1], WIDTH, false);
  const y = scale(Math.min(...finite), Math.max(...finite), HEIGHT, true);
  let pen = "M";
  let path = "";
  values.forEach((value, i) => {
    if (Number.isFinite(value)) {
      const alone = pen === "M" && !Number.isFinite(values[i + 1]) ? "h0" : ""; // a dot, by its round ends
      path += `${pen}${x(line.step[i]).toFixed(1)} ${y(value).toFixed(1)}${alone}`;
      pen = "L";
    } else {
      pen = "M";
      svg.append(shape("circle", { cx: x(line.step[i]).toFixed(1), cy: EDGE, r: 2, class: "bad" }));
    }
  });
  if (path) svg.append(shape("path", { d: path }));
  return svg;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
