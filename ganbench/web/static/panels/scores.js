// Scores over training, and the last ones with their intervals and baselines.
import { Plot } from "../curves.js";
import { make, number, whole } from "../format.js";

export function mount(root, view) {
  const plots = new Map(); // measure → Plot

  function curves(history) {
    for (const measure of new Set(history.map((score) => score.measure))) {
      const all = history.filter((score) => score.measure === measure && score.value !== null);
      const sizes = [...new Set(all.map((score) => score.n_fake))];
      if (all.length < 2) continue;
      if (!plots.has(measure)) plots.set(measure, new Plot(root.querySelector("#score-curves"), measure));
      plots.get(measure).draw(sizes.map((n) => {
        const points = all.filter((score) => score.n_fake === n);
        return { name: `${whole(n)} samples`, x: points.map((s) => s.step), y: points.map((s) => s.value) };
      }));
    }
  }

  function table(scores) {
    root.querySelector("#no-scores").hidden = scores.length > 0;
    root.querySelector("#scores-table").hidden = scores.length === 0;
    root.querySelector("#scores-table tbody").replaceChildren(...scores.map((score) => make("tr", {},
      make("td", { title: score.warnings.join("; ") }, score.measure),
      make("td", { class: "number" }, number(score.value)),
      make("td", { class: "number quiet" }, score.interval ? score.interval.map(number).join(" … ") : ""),
      make("td", { class: "number quiet" }, number(score.baseline)),
      make("td", {}, score.extractor),
      make("td", { class: "number" }, whole(score.n_real)),
      make("td", { class: "number" }, whole(score.n_fake)))));
  }

  return {
    async update() {
      const all = await view.whole();
      curves(all.history);
      table(all.scores);
    },
  };
}
