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

// Bytes.
export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4);
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${["", "KiB", "MiB", "GiB", "TiB"][power]}`;
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

// Writes; a conflict (409) is an answer too, anything else that is refused is an error.
export async function send(url, value) {
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value) });
  const body = await answer.json();
  if (!answer.ok && answer.status !== 409) throw new Error(body.error || `${url}: ${answer.status}`);
  return { status: answer.status, body };
}

export function trouble(error) {
  const box = document.getElementById("trouble");
  box.hidden = !error;
  box.textContent = error ? `The page cannot read the runs: ${error.message}` : "";
}
