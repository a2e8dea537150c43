// Numbers and times as people read them, and the few pieces of DOM that every panel needs.

export function number(value) {
  if (value === null || value === undefined) return "–";
  const x = Number(value);
  if (!Number.isFinite(x)) return String(value);
  if (Math.abs(x) >= 1000) return Math.round(x).toLocaleString("en");
  return String(Number(x.toPrecision(4)));
}

export function whole(value) {
  return Math.round(value).toLocaleString("en");
}

export function duration(seconds) {
  const s = Math.round(seconds);
  const [h, m] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
  const rest = String(s % 60).padStart(2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${rest}` : `${m}:${rest}`;
}

export function moment(iso) {
  return new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

// An element with attributes (or properties for functions) and children; text is never HTML.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function flatten(value, prefix = "") {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [[prefix, value]];
  return Object.entries(value).flatMap(([key, item]) => flatten(item, prefix ? `${prefix}.${key}` : key));
}

export async function get(url) {
  const answer = await fetch(url);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error || `${url}: ${answer.status}`);
  return body;
}

export function trouble(error) {
  const box = document.getElementById("trouble");
  box.hidden = !error;
  box.textContent = error ? `The page cannot read the runs: ${error.message}` : "";
}
