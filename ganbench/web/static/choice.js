// Which runs are chosen, and what can be done with them: compare, tag.
import { make } from "./format.js";

const AT_ONCE = 4; // writes

export class Choice {
  // `changed` is called after a choice, `written` after tags were.
  constructor(bar, changed, written) {
    Object.assign(this, { bar, changed, written });
    this.ids = new Set();
    this.shown = []; // ids in the order of the table
    this.last = null;
    bar.querySelector("#clear").addEventListener("click", () => this.set([]));
    bar.querySelector("#tagging").addEventListener("submit", (event) => {
      event.preventDefault();
      this.tag(event.submitter?.value ?? "add");
    });
  }

  show(ids) {
    this.shown = [...new Set(ids)];
    this.describe();
  }

  // A click on a run's box; with shift all from the last one clicked to this one.
  click(id, on, shift) {
    const [from, to] = [this.shown.indexOf(this.last), this.shown.indexOf(id)];
    const range = shift && from >= 0 && to >= 0 ? this.shown.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
    this.last = id;
    this.put(range, on);
  }

  put(ids, on) {
    for (const id of ids) if (on) this.ids.add(id); else this.ids.delete(id);
    this.describe();
    this.changed();
  }

  set(ids) {
    this.ids = new Set(ids);
    this.describe();
    this.changed();
  }

  // Those that are gone are no longer chosen.
  keep(known) {
    for (const id of this.ids) if (!known.has(id)) this.ids.delete(id);
  }

  ordered() {
    const rest = [...this.ids].filter((id) => !this.shown.includes(id));
    return [...this.shown.filter((id) => this.ids.has(id)), ...rest];
  }

  describe() {
    const n = this.ids.size;
    this.bar.hidden = n === 0;
    const hidden = this.ordered().length - this.shown.filter((id) => this.ids.has(id)).length;
    this.bar.querySelector("#chosen").textContent = `${n} chosen${hidden ? `, ${hidden} of them not shown` : ""}`;
    const link = this.bar.querySelector("#compare");
    if (n > 1) link.href = `/compare?runs=${this.ordered().map(encodeURIComponent).join(",")}`;
    else link.removeAttribute("href");
    link.setAttribute("aria-disabled", String(n < 2));
    link.title = n < 2 ? "Choose two runs or more" : "";
  }

  async tag(what) {
    const input = this.bar.querySelector("#tag");
    const tag = input.value.trim();
    if (!tag) { input.focus(); return; }
    const waiting = this.ordered();
    const total = waiting.length;
    const failed = [];
    const work = async () => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        const problem = await write(id, { [what]: [tag] });
        if (problem) failed.push(`${id}: ${problem}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const done = total - failed.length;
    const words = what === "add" ? `${tag} added to` : `${tag} removed from`;
    const refused = failed.length ? `; not written: ${failed.slice(0, 3).join("; ")}` : "";
    this.bar.querySelector("#tagged").textContent = `${words} ${done} ${done === 1 ? "run" : "runs"}${refused}`;
    if (!failed.length) input.value = "";
    this.written();
  }
}

async function write(id, change) {
  try {
    const answer = await fetch(`/api/runs/${encodeURIComponent(id)}/annotations`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(change),
    });
    return answer.ok ? null : (await answer.json()).error;
  } catch (error) {
    return error.message;
  }
}

// A box to choose with; shift-click is a range.
export function box(label, on, act) {
  const input = make("input", { type: "checkbox", "aria-label": label, "data-part": "box" });
  input.checked = on;
  input.addEventListener("click", (event) => act(input.checked, event.shiftKey));
  return input;
}
