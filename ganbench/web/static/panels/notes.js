// Notes and tags: the only things that the page writes.
import { get, make, send } from "../format.js";

const PAUSE = 300; // ms after the last key, until the preview is asked for

export function mount(root, view) {
  const url = `${view.api}/annotations`;
  const at = (id) => root.querySelector(`#${id}`);
  const [form, text, said] = [at("notes-form"), at("notes-text"), at("notes-said")];
  let now = { notes: "", html: "", tags: [], edition: null };
  let base = null; // the edition that is being edited
  let known = null; // the pulse's edition that `now` is of
  let timer = null;

  function show(news) {
    now = news;
    at("notes-html").innerHTML = now.html; // the server has made it harmless
    at("no-notes").hidden = now.notes.trim() !== "";
    at("tag-list").replaceChildren(...now.tags.map((tag) => chip(tag)));
    if (!form.hidden && now.edition !== base) conflict();
  }

  function chip(tag) {
    const button = make("button", { type: "button", "aria-label": `Remove tag ${tag}`, title: "Remove" }, "×");
    button.addEventListener("click", () => change({ remove: [tag] }, `removed ${tag}`).then(() => at("tag-new").focus()));
    return make("li", { class: "tag" }, tag, button);
  }

  async function change(body, words) {
    const output = at("tag-said");
    try {
      show((await send(url, body)).body);
      output.textContent = words;
    } catch (error) {
      output.textContent = `Not saved: ${error.message}`;
    }
  }

  function edit(open) {
    base = open ? now.edition : null;
    form.hidden = !open;
    at("notes-html").hidden = open;
    at("no-notes").hidden = open || now.notes.trim() !== "";
    at("notes-edit").hidden = open;
    at("notes-conflict").hidden = true;
    said.textContent = "";
    if (open) {
      text.value = now.notes;
      at("notes-preview").innerHTML = now.html;
      text.focus();
    } else at("notes-edit").focus();
  }

  // Both texts stay on the screen until somebody has decided.
  function conflict() {
    base = now.edition;
    at("notes-theirs").textContent = now.notes;
    at("notes-conflict").hidden = text.value === now.notes;
  }

  async function save() {
    said.textContent = "Saving …";
    try {
      const { status, body } = await send(url, { notes: text.value, edition: base });
      if (status === 409) said.textContent = "Not saved yet";
      else form.hidden = true;
      show(body);
      if (status === 200) edit(false);
    } catch (error) {
      said.textContent = `Not saved: ${error.message}`;
    }
  }

  async function preview() {
    const written = text.value;
    const { body } = await send("/api/markdown", { notes: written }).catch(() => ({ body: null }));
    if (body && written === text.value) at("notes-preview").innerHTML = body.html;
  }

  at("notes-edit").addEventListener("click", () => edit(true));
  at("notes-cancel").addEventListener("click", () => edit(false));
  at("notes-take").addEventListener("click", () => edit(false));
  form.addEventListener("submit", (event) => { event.preventDefault(); save(); });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(); }
    if (event.key === "Escape" && text.value === now.notes) edit(false);
  });
  text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(preview, PAUSE); });
  addEventListener("beforeunload", (event) => {
    if (!form.hidden && text.value !== now.notes) event.preventDefault();
  });
  at("tag-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const tag = at("tag-new").value.trim();
    if (!tag) return;
    change({ add: [tag] }, `added ${tag}`);
    at("tag-new").value = "";
  });

  return {
    async update(pulse) {
      if (pulse.edition === known) return;
      show(await get(url));
      known = pulse.edition;
    },
  };
}
