// Scores, parameters and environment of up to twelve runs, a column each.
import { duration, make, number, whole } from "./format.js";

const page = (id) => `/runs/${encodeURIComponent(id)}`;

export function written(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number" && !Number.isInteger(value)) {
    const x = Number(value.toPrecision(6));
    return Math.abs(x) < 1e-3 ? x.toExponential() : String(x);
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const exact = (value) => (typeof value === "number" ? String(value) : written(value));

// "+0.0007 (×3.3)", of two numbers that differ.
export function difference(first, value) {
  if (typeof first !== "number" || typeof value !== "number" || first === value) return null;
  const by = value - first;
  const times = first > 0 && value > 0 && (value / first >= 2 || value / first <= 0.5) ? ` (×${number(value / first)})` : "";
  return `${by > 0 ? "+" : "−"}${written(Number(Math.abs(by).toPrecision(4)))}${times}`;
}

const BETTER = { lower: "lower is better", higher: "higher is better" };

// [{title, rows: [{name, note, cells: [{text, full, small, mark, flag, title}]}]}] of what /api/compare
// tells; `full` is what is copied.
export function sections(found, changed) {
  const kept = (rows) => rows.filter((row) => row.differs || !changed);
  return [
    { title: "Scores", rows: scores(found), none: "none of them was scored" },
    { title: "Parameters", rows: kept(found.parameters).map(parameter), none: "no parameter differs" },
    { title: "Environment", rows: kept(found.environment).map(parameter), none: "no difference" },
  ];
}

function parameter({ name, values, differs }) {
  const same = (value) => JSON.stringify(value) === JSON.stringify(values[0]);
  return {
    name,
    differs,
    cells: values.map((value, i) => ({
      text: written(value),
      small: i > 0 && differs ? difference(values[0], value) : null,
      mark: i > 0 && !same(value) ? "differs" : "",
      title: exact(value),
      full: exact(value),
    })),
  };
}

function scores(found) {
  if (!found.scores.length) return [];
  const at = { name: "at step", cells: found.scored_at.map((step) => ({ text: step === null ? "–" : whole(step), mark: "" })) };
  return [at, ...found.scores.map(score)];
}

function score({ measure, extractor, group, better, scores: made, protocols, differs, best, verdict }) {
  const told = protocols.filter((number) => number !== null);
  const common = [...told].sort((a, b) => count(told, b) - count(told, a) || a - b)[0];
  const note = [BETTER[better] ?? (better && `nearer ${better} is better`), verdict];
  if (differs.length) note.push(`≠ cannot be compared: ${differs.join(", ")} ${differs.length > 1 ? "differ" : "differs"}`);
  return {
    name: `${measure} (${extractor})${group ? ` ${group}` : ""}`,
    note: note.filter(Boolean).join("; "),
    cells: made.map((one, i) => {
      if (!one) return { text: "–", mark: "" };
      const other = protocols[i] !== common || (told.length > 1 && count(told, common) < 2);
      const interval = one.interval ? `${number(one.interval[0])} … ${number(one.interval[1])}` : null;
      return {
        text: number(one.value),
        full: exact(one.value),
        small: interval,
        mark: best.includes(i) ? "best" : "",
        flag: other && differs.length ? "≠" : null,
        title: other && differs.length
          ? `Another protocol: not comparable (${differs.join(", ")})`
          : `${whole(one.n_fake)} samples${one.baseline === null || one.baseline === undefined ? "" : `, real against real ${number(one.baseline)}`}`,
      };
    }),
  };
}

const count = (all, one) => all.filter((other) => other === one).length;

export function draw(table, found, changed, less) {
  const runs = found.beside.map((id) => found.runs.find((run) => run.id === id));
  const head = make("thead", {}, make("tr", {}, make("th", { scope: "col" }, make("span", { class: "unseen" }, "Field")),
    ...runs.map((run, i) => column(run, i, less))));
  const bodies = sections(found, changed).map(({ title, rows, none }) => make("tbody", {},
    make("tr", { class: "section" }, make("th", { scope: "rowgroup", colspan: runs.length + 1 }, make("span", {}, title))),
    ...(rows.length ? rows.map(line) : [make("tr", {}, make("td", { class: "quiet", colspan: runs.length + 1 }, none))])));
  table.replaceChildren(head, ...bodies);
  table.style.minWidth = `${270 + 150 * runs.length}px`;
}

function column(run, i, less) {
  const picture = run.picture ? make("img", { class: "thumb", alt: "", src: `${page(run.id)}/media/${run.picture}.webp` }) : make("span", { class: "thumb" });
  const away = make("button", { type: "button", class: "away", "aria-label": `Leave out ${run.id}`, title: "Leave out" }, "×");
  away.addEventListener("click", () => less(run.id));
  return make("th", { scope: "col", "data-run": run.id }, make("span", { class: "column" }, picture, away,
    make("span", { class: "label" }, make("i", { class: `swatch swatch-${i % 8}` }), make("a", { href: page(run.id), title: run.id }, run.name ?? run.id)),
    make("span", { class: "quiet" }, `${run.state} · ${duration(run.seconds)}`)));
}

function line({ name, note, cells }) {
  return make("tr", { "data-row": name },
    make("th", { scope: "row" }, make("span", {}, name), note ? make("small", {}, note) : null),
    ...cells.map(({ text, small, mark, flag, title }) => make("td", { class: mark, title },
      make("span", {}, text), flag ? make("abbr", { title }, ` ${flag}`) : null, small ? make("small", {}, small) : null)));
}

// Rows of texts, the first of them the head.
function plain(found, changed) {
  const rows = sections(found, changed).flatMap((part) => part.rows.map((row) => [row.name, ...row.cells.map((cell) => `${cell.full ?? cell.text}${cell.flag ? ` ${cell.flag}` : ""}`)]));
  return [["", ...found.beside], ...rows];
}

export function markdown(found, changed) {
  const rows = plain(found, changed).map((row) => row.map((text) => text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ")));
  const rule = rows[0].map((_, i) => (i ? "---:" : "---"));
  return [rows[0], rule, ...rows.slice(1)].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

export function csv(found, changed) {
  const safe = (text) => (/^[=+\-@]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text); // no formulas
  const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return plain(found, changed).map((row) => row.map((text) => cell(safe(text))).join(",")).join("\r\n");
}

export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = make("textarea", {}); // beyond this machine without https there is no clipboard
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  return undefined;
}
