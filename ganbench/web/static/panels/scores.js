// Scores over training with intervals and baselines, and the last ones with all they depend on.
import { Look, Plot } from "../curves.js";
import { make, number, whole } from "../format.js";
import { baseline, better, loss, protocol, range, reason, title } from "../measures.js";

export function mount(root, view) {
  const at = (id) => root.querySelector(`#${id}`);
  const look = new Look(null, view.cursor); // these few points need no smoothing
  const plots = new Map(); // measure, extractor, group → Plot
  const open = new Set(); // rows of the table whose protocol is shown
  let drawn = "";

  const names = ({ measure, extractor, group }) => JSON.stringify([measure, extractor, group ?? null]);

  function curves(history) {
    const groups = Map.groupBy(history.filter((score) => score.value !== null), names);
    const steps = new Set(history.map((score) => score.step));
    at("no-history").hidden = steps.size !== 1;
    at("score-words").hidden = steps.size < 2;
    if (steps.size < 2) return;
    for (const [key, scores] of groups) {
      if (!plots.has(key)) plots.set(key, new Plot(at("score-curves"), `${title(scores[0])}, ${scores[0].extractor}`, "", look));
      const best = winner(scores);
      const sizes = [...Map.groupBy(scores, (score) => score.n_fake)];
      const lines = sizes.map(([n, points]) => line(n, points));
      if (best) lines.push({ name: "best", x: [best.step], y: [best.value], colour: "--green", dot: 11 });
      plots.get(key).draw(lines);
      plots.get(key).say([scores[0].better && `better: ${better(scores[0])}`, sizes.length > 1 && "scores of different n cannot be compared"].filter(Boolean).join(" · "));
    }
  }

  function line(n, points) {
    const edge = (i) => points.map((score) => (score.interval ? Number(score.interval[i]) : null));
    const known = points.some((score) => score.interval);
    const real = points.findLast((score) => score.baseline !== null)?.baseline;
    return {
      name: `n ${whole(n)}`, x: points.map((score) => score.step), y: points.map((score) => score.value),
      ...(known ? { low: edge(0), high: edge(1) } : {}), baseline: real === undefined ? undefined : Number(real),
    };
  }

  // The best among those of the n that was scored most often: others are not comparable.
  function winner(scores) {
    const counts = [...Map.groupBy(scores, (score) => score.n_fake).values()].sort((a, b) => b.length - a.length);
    const known = counts[0].filter((score) => loss(score) !== null);
    return counts[0].length > 1 && known.length ? known.reduce((a, b) => (loss(b) < loss(a) ? b : a)) : null;
  }

  function jump(step) {
    view.cursor.set(step);
    document.getElementById("tab-overview").click();
  }

  function stepLink(words, step) {
    const button = make("button", { type: "button", class: "link", title: "Show the samples of this step" }, words);
    button.addEventListener("click", () => jump(step));
    return button;
  }

  function bests(history) {
    const groups = [...Map.groupBy(history.filter((score) => score.value !== null), names).values()];
    const found = groups.map(winner).filter(Boolean).slice(0, 4);
    at("best-steps").replaceChildren(...(found.length ? ["best: "] : []), ...found.flatMap((score, i) =>
      [i ? " · " : "", stepLink(`${title(score)} ${number(score.value)} at step ${whole(score.step)}`, score.step)]));
  }

  function table({ scores, scored_at: step }) {
    at("no-scores").hidden = scores.length > 0;
    at("scores-table").hidden = scores.length === 0;
    const button = scores.length ? stepLink(`at step ${whole(step)}`, step) : make("span");
    button.id = "scored-at";
    at("scored-at").replaceWith(button);
    at("scores-table").tBodies[0].replaceChildren(...scores.flatMap((score, i) => rows(score, i)));
  }

  function rows(score, i) {
    const key = `${names(score)} ${score.n_fake}`;
    const more = make("tr", { id: `protocol-${i}`, class: "more" }, make("td", { colspan: 10 }, details(score)));
    more.hidden = !open.has(key);
    const button = make("button", { type: "button", class: "link", "aria-expanded": open.has(key), "aria-controls": more.id }, title(score));
    button.addEventListener("click", () => {
      more.hidden = !more.hidden;
      button.setAttribute("aria-expanded", !more.hidden);
      if (more.hidden) open.delete(key);
      else open.add(key);
    });
    const mark = score.warnings.length ? make("span", { class: "warn", title: score.warnings.join("; ") }, ` ${score.warnings.length} ⚠`, make("span", { class: "unseen" }, " warnings")) : null;
    const number_ = (words, extra = null) => make("td", { class: "number" }, words, extra);
    return [make("tr", {},
      make("td", {}, button, mark),
      make("td", { class: "quiet" }, better(score)),
      number_(score.value === null ? "–" : number(score.value)),
      score.interval ? number_(range(score.interval)) : make("td", { class: "number quiet", title: reason(score) }, "none"),
      number_(baseline(score)),
      number_(number(score.bias)),
      make("td", {}, score.extractor),
      number_(score.n_real === null ? "?" : whole(score.n_real)),
      number_(whole(score.n_fake)),
      make("td", {}, make("code", {}, score.fingerprint || "–"))), more];
  }

  function details(score) {
    const words = [...score.warnings, ...(!score.interval && !score.warnings.some((w) => w.startsWith("no interval")) ? [`no interval: ${reason(score)}`] : [])];
    return make("div", { class: "detail" },
      words.length ? make("ul", {}, ...words.map((text) => make("li", {}, text))) : null,
      make("dl", { class: "facts" }, ...protocol(score).map(([name, value]) =>
        make("div", {}, make("dt", {}, name), make("dd", {}, value)))));
  }

  return {
    async update() {
      const all = await view.whole();
      const state = JSON.stringify(all.history);
      if (state === drawn) return;
      drawn = state;
      curves(all.history);
      bests(all.history);
      table(all);
    },
  };
}
