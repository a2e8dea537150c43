// The run folder: looked through a page at a time; what a person can read of a file is shown.
import { get, make, moment, size, whole } from "../format.js";
import { plotly } from "../plotly.js";

const AGAIN = 5000; // ms after which a folder that grows is read again
const WHAT = [
  [/^run\.json$/, "what was run"],
  [/^annotations\.json$/, "tags and notes"],
  [/^console\.log$/, "what was printed"],
  [/^events-.*\.jsonl$/, "journal of a process"],
  [/^media$/, "pictures"],
  [/^checkpoints$/, "states of the training"],
  [/^checkpoints\/\d+$/, "state at this step"],
  [/^files$/, "what was logged"],
  [/^files\/figures$/, "figures"],
  [/\.safetensors$/, "tensors"],
  [/\.plotly\.json$/, "figure"],
];

const path = (name) => name.split("/").map(encodeURIComponent).join("/");

export function mount(root, view) {
  const at = (id) => root.querySelector(`#${id}`);
  let folder = "";
  let offset = 0;
  let read = -Infinity; // when the folder was read last
  let drawn = "";
  let asked = 0; // listings so far
  let open = null; // the file that is shown

  async function list() {
    read = performance.now();
    const ticket = ++asked;
    const query = new URLSearchParams({ folder, find: at("files-find").value, offset });
    const found = await get(`${view.api}/files?${query}`);
    const state = JSON.stringify([folder, found]);
    if (state === drawn || ticket !== asked) return; // who goes on quickly sees only the last page
    drawn = state;
    const where = document.activeElement?.dataset?.name;
    crumbs();
    at("files-total").textContent = `${whole(found.files)} ${found.files === 1 ? "file" : "files"}, ${size(found.bytes)}`;
    at("files-table").tBodies[0].replaceChildren(...found.entries.map(row));
    pages(found);
    if (where) root.querySelector(`[data-name="${CSS.escape(where)}"]`)?.focus();
  }

  function row(entry) {
    const name = folder ? `${folder}/${entry.name}` : entry.name;
    const button = make("button", { type: "button", class: "link", "data-name": name }, entry.folder ? `${entry.name}/` : entry.name);
    button.addEventListener("click", () => (entry.folder ? enter(name) : show(name).catch(fail)));
    const words = WHAT.find(([pattern]) => pattern.test(name))?.[1] ?? "";
    const save = make("a", { href: `${view.page}/files/${path(name)}`, download: "", "aria-label": `Download ${entry.name}`, title: "Download" }, "↓");
    return make("tr", {},
      make("td", {}, entry.outside ? make("span", {}, entry.name) : button),
      make("td", { class: "quiet" }, entry.outside ? "a link that leads elsewhere" : words),
      make("td", { class: "number" }, entry.folder ? `${whole(entry.files)} ${entry.files === 1 ? "file" : "files"}, ${size(entry.bytes)}` : size(entry.bytes)),
      make("td", { class: "quiet" }, moment(entry.time * 1000)),
      make("td", {}, entry.folder || entry.outside ? null : save));
  }

  function crumbs() {
    const parts = folder ? folder.split("/") : [];
    const links = ["", ...parts].map((part, i) => {
      const to = parts.slice(0, i).join("/");
      const here = to === folder;
      const button = make("button", { type: "button", class: "link", "aria-current": here ? "location" : null }, i ? part : view.run);
      button.addEventListener("click", () => enter(to));
      return button;
    });
    at("files-path").replaceChildren(...links.flatMap((link, i) => (i ? [" / ", link] : [link])));
  }

  function pages({ n, entries }) {
    at("files-pages").hidden = entries.length === n;
    at("files-shown").textContent = `${whole(offset + (entries.length ? 1 : 0))} – ${whole(offset + entries.length)} of ${whole(n)}`;
    at("files-back").disabled = offset === 0;
    at("files-forth").disabled = offset + entries.length >= n;
  }

  function enter(name) {
    folder = name;
    offset = 0;
    at("files-find").value = "";
    list().then(() => at("files-path").lastElementChild.focus()).catch(fail);
  }

  async function show(name) {
    open = name;
    const found = await get(`${view.api}/preview/${path(name)}`);
    if (open !== name) return;
    at("file").hidden = false;
    at("files-split").classList.add("open");
    at("file-title").textContent = name;
    at("file-save").href = `${view.page}/files/${path(name)}`;
    at("file-cut").hidden = !found.cut;
    at("file-cut").textContent = `Only the beginning is shown; the download has all ${size(found.bytes)}.`;
    const kinds = { image, page, table, text, figure, none };
    at("file-shown").replaceChildren(kinds[found.kind](found, `${view.page}/files/${path(name)}`));
    if (found.kind === "figure") await plot(found.figure);
    at("file-title").focus();
  }

  const text = (found) => make("pre", { class: "console", tabindex: 0, "aria-labelledby": "file-title" }, found.text);
  const none = (found) => make("p", { class: "quiet" }, `${size(found.bytes)} that no person reads; the download is whole.`);
  const image = (_, url) => make("img", { src: url, alt: open });
  const figure = () => make("div", { id: "file-figure", role: "img", "aria-label": `Figure ${open}` });
  // HTML and SVG of strangers: no script, nothing loaded, no access to this page.
  const page = (_, url) => make("iframe", { sandbox: "", src: `${url}?show`, title: `${open}, in a sandbox without scripts` });

  function table({ rows: [head = [], ...body] }) {
    return make("div", { class: "scroll" }, make("table", { class: "listing" },
      make("thead", {}, make("tr", {}, ...head.map((cell) => make("th", { scope: "col" }, cell)))),
      make("tbody", {}, ...body.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell)))))));
  }

  async function plot({ data, layout }) {
    const box = at("file-figure");
    const options = { displaylogo: false, responsive: true };
    try {
      await plotly();
      if (box.isConnected) await Plotly.newPlot(box, data, { ...layout, autosize: true, width: undefined }, options);
    } catch (error) {
      box.replaceChildren(make("p", { class: "quiet" }, `Plotly cannot draw it: ${error.message}`));
    }
  }

  function fail(error) {
    at("files-total").textContent = error.message;
  }

  function close() {
    const name = open;
    open = null;
    at("file").hidden = true;
    at("files-split").classList.remove("open");
    at("file-shown").replaceChildren();
    root.querySelector(`[data-name="${CSS.escape(name)}"]`)?.focus();
  }

  at("file-close").addEventListener("click", close);
  at("file").addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  at("files-find").addEventListener("input", () => { offset = 0; list().catch(fail); });
  at("files-back").addEventListener("click", () => { offset = Math.max(offset - 200, 0); list().catch(fail); });
  at("files-forth").addEventListener("click", () => { offset += 200; list().catch(fail); });

  return {
    async update() {
      if (performance.now() - read > AGAIN) await list();
    },
  };
}
