// What was run, and on what: parameters by their dotted names, command, versions.
import { flatten, make, whole } from "../format.js";

const COMMIT = /^[0-9a-f]{40}$/;

export function mount(root, view) {
  const at = (id) => root.querySelector(`#${id}`);
  let rows = []; // {text, row, group} of the parameters
  let known = null;

  // One table for each branch of the tree; what is on no branch comes first.
  function tables(content, first) {
    const branches = new Map([[first, []]]);
    for (const [key, value] of Object.entries(content ?? {})) {
      const branch = value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length;
      if (branch) branches.set(key, flatten(value, key));
      else branches.get(first).push([key, value]);
    }
    return [...branches].filter(([, pairs]) => pairs.length).map(([title, pairs]) => {
      const made = pairs.map(([name, value]) => ({ text: `${name} ${plain(value)}`.toLowerCase(), row: line(name, value) }));
      const group = make("section", { class: "group" }, make("h3", {}, title),
        make("table", {}, make("tbody", {}, ...made.map(({ row }) => row))));
      return { group, made: made.map((item) => ({ ...item, group })) };
    });
  }

  function line(name, value) {
    const dot = name.lastIndexOf(".") + 1;
    const none = value === null || value === undefined;
    return make("tr", {},
      make("th", { scope: "row" }, make("span", { class: "quiet" }, ...breaking(name.slice(0, dot))), ...breaking(name.slice(dot))),
      make("td", { class: none ? "quiet" : null }, plain(value)));
  }

  // A long name is broken where its words end.
  function breaking(name) {
    return name.split(/(?<=[._])/).flatMap((part, i) => (i ? [make("wbr"), part] : [part]));
  }

  function plain(value) {
    if (value === null || value === undefined) return "none";
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  }

  function sift() {
    const words = at("config-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    const kept = new Set();
    for (const { text, row, group } of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) { n += 1; kept.add(group); }
    }
    for (const { group } of rows) group.hidden = !kept.has(group);
    at("config-count").textContent = words.length ? `${whole(n)} of ${whole(rows.length)}` : "";
  }

  // As a shell takes it; a module that was started with -m again.
  function command(words) {
    const [program = "", ...rest] = words ?? [];
    const module = program.match(/([\w.-]+)\/__main__\.py$/);
    const start = module ? ["python", "-m", module[1]] : program.endsWith(".py") ? ["python", program] : [program.replace(/^.*\/bin\//, "")];
    const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
    return [...start, ...rest].map(String).map(quoted).join(" ");
  }

  function environment({ git, command: _, packages, ...rest }) {
    const said = { ...rest };
    if (git) said.git = `${COMMIT.test(git.commit) ? git.commit.slice(0, 12) : git.commit}${git.dirty ? ", with changes that are in no commit" : ""}`;
    return packages ? { ...said, packages } : said;
  }

  async function copy() {
    const words = at("command").textContent;
    try {
      await navigator.clipboard.writeText(words);
      at("copied").textContent = "copied";
    } catch { // only pages of this machine or of https may
      getSelection().selectAllChildren(at("command"));
      at("copied").textContent = "selected: Ctrl+C copies it";
    }
  }

  at("config-filter").addEventListener("input", sift);
  at("copy").addEventListener("click", copy);

  return {
    async update(pulse) {
      if (pulse.edition === known) return;
      const all = await view.whole();
      known = pulse.edition;
      const parameters = tables(all.config, "general");
      rows = parameters.flatMap(({ made }) => made);
      at("config-groups").replaceChildren(...parameters.map(({ group }) => group));
      at("no-config").hidden = rows.length > 0;
      sift();
      at("environment").replaceChildren(...tables(environment(all.environment ?? {}), "machine").map(({ group }) => group));
      const words = command(all.command ?? all.environment?.command);
      at("command").textContent = words || "not recorded";
      at("copy").hidden = !words;
    },
  };
}
