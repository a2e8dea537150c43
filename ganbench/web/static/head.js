// The head of a run's page: its name, its state and what that means, how far it has come.
import { duration, make, moment, number, whole } from "./format.js";

const QUIET = 30; // seconds without a record, after which a run that lives is said to be quiet
const at = (id) => document.getElementById(id);

export class Head {
  constructor() {
    this.pulse = null;
    this.skew = 0; // seconds by which the server's clock is ahead of ours
    setInterval(() => this.listen(), 5000);
  }

  // The server's clock, in seconds.
  clock(now) { this.skew = now - Date.now() / 1000; }

  // A pulse, and the run as /api/runs/RUN tells of it.
  show(pulse, run) {
    this.pulse = pulse;
    const name = run.name ?? run.id;
    at("name").textContent = name;
    at("state").textContent = pulse.state;
    at("state").className = `state ${pulse.state}`;
    at("state").title = pulse.reason ?? "";
    const about = [run.project ?? run.recipe, run.name ? run.id : null, `started ${moment(run.created)}`, run.environment?.host && `on ${run.environment.host}`];
    at("about").textContent = about.filter(Boolean).join(" · ");
    at("tags").hidden = run.tags.length === 0;
    at("tags").replaceChildren(...run.tags.map((tag) => make("li", { class: "tag" }, tag)));
    this.explain(pulse, run);
    this.count(pulse, run.summary);
    document.title = `${this.title(pulse)}${name} · ganbench`;
    this.listen();
  }

  title({ state, step, steps }) {
    if (state !== "running") return `${state} · `;
    return steps ? `${Math.floor((100 * step) / steps)} % · ` : `step ${whole(step)} · `;
  }

  explain({ state, reason }, run) {
    const silent = "Its process ended without a last word, as after kill -9, without memory, or when the machine stops. What was logged before is all here.";
    const words = reason ?? (state === "killed" ? silent : "");
    at("because").hidden = !words;
    at("because").replaceChildren(words);
    if (state === "killed" && run.recipe && !reason?.includes("ganbench resume")) {
      at("because").append(" Go on with ", make("code", {}, `ganbench resume ${run.id}`));
    }
  }

  count(now, summary) {
    at("done").hidden = !now.steps;
    at("done").value = now.steps ? now.step / now.steps : 0;
    const facts = { step: now.steps ? `${whole(now.step)} of ${whole(now.steps)}` : whole(now.step) };
    if (now.seen) facts.images = whole(now.seen);
    facts.time = duration(now.seconds);
    if (now.seen && now.seconds > 0) facts["images/s"] = number(now.seen / now.seconds);
    if (summary && "peak_memory" in summary) { // nobody knows it of an imported run
      facts["peak memory"] = `${whole(summary.peak_memory)} MiB`;
      facts.GPU = summary.gpu_use === null ? "no GPU" : `${number(summary.gpu_use)} % in use`;
    }
    at("facts").replaceChildren(...Object.entries(facts).map(([name, value]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  }

  // A process that lives writes every ten seconds; one that is stopped or cut off does not.
  listen() {
    if (!this.pulse) return;
    const { state, heard } = this.pulse;
    const ago = heard === null ? 0 : Date.now() / 1000 + this.skew - heard;
    const words = state === "running" && ago > QUIET ? `last heard ${ago < 90 ? `${Math.round(ago)} s` : duration(ago)} ago` : "";
    if (at("heard").textContent !== words) at("heard").textContent = words;
  }
}
