// What went wrong with a training: in words, with the evidence, and with what people do about it.
import { make, number, whole } from "./format.js";

const title = (code) => code[0].toUpperCase() + code.slice(1).replaceAll("-", " ");

export class Diagnosis {
  // A click on a step moves `cursor`, and with it the movie and the curves.
  constructor(box, cursor) {
    Object.assign(this, { box, cursor, told: "" });
    this.list = box.querySelector("ul");
  }

  // The warnings as /api/runs/RUN tells of them.
  show(warnings) {
    const told = JSON.stringify(warnings);
    if (told === this.told) return;
    this.told = told;
    this.box.hidden = warnings.length === 0;
    const open = new Map([...this.list.querySelectorAll("details")].map((node) => [node.dataset.key, node.open]));
    this.list.replaceChildren(...warnings.map((warning) => this.item(warning, open)));
  }

  item(warning, open) {
    const over = warning.until !== null;
    const key = `${warning.code} ${warning.step}`;
    const step = make("button", { type: "button", class: "link", title: "Show the samples and the curves there" }, `step ${whole(warning.step)}`);
    step.addEventListener("click", () => this.cursor.set(warning.step));
    const evidence = Object.entries(warning.evidence).map(([name, value]) =>
      make("div", {}, make("dt", {}, name.replaceAll("_", " ")), make("dd", {}, number(value))));
    const advice = make("details", { open: open.get(key) ?? !over ? "" : null, "data-key": key },
      make("summary", {}, "What people do about it"),
      make("ul", {}, ...warning.advice.map((words) => make("li", {}, words))));
    return make("li", { class: over ? "over" : "on" },
      make("h3", {}, title(warning.code), " ", make("span", { class: "when" }, step, over ? `, over at step ${whole(warning.until)}` : null)),
      make("p", {}, warning.message),
      make("dl", { class: "facts" }, ...evidence),
      advice);
  }
}
