// What one looks at while it trains: the movie of the samples, and the two networks' balance.
import { LOOKED_FOR, balance } from "../balance.js";
import { Board, Toolbar } from "../curves.js";
import { Diagnosis } from "../diagnosis.js";
import { Movie } from "../movie.js";

const FEW = 4; // curves that stand in where neither network is known by its names

export function mount(root, view) {
  const movie = new Movie(root.querySelector("#movie"), [view.run], view.cursor, () => view.series.created);
  const diagnosis = new Diagnosis(root.querySelector("#diagnosis"), view.cursor);
  const note = root.querySelector("#no-balance");
  let shown = new Set();
  const board = new Board(root.querySelector("#balance"), view.series, (name) => shown.has(name), view.look);
  new Toolbar(root.querySelector("#balance-toolbar"), view.look);

  function choose(points) {
    const names = Object.keys(points).filter((name) => !name.startsWith("system/"));
    const known = balance(names);
    shown = new Set(known.length ? known : names.slice(0, FEW));
    note.hidden = known.length > 0;
    note.textContent = `No loss or accuracy of two networks is logged here. Looked for: ${LOOKED_FOR}.${names.length ? " Instead the first curves:" : ""}`;
  }

  return {
    async update(pulse) {
      choose(pulse.points);
      diagnosis.show((await view.whole()).warnings);
      await Promise.all([movie.update(pulse.pictures), board.update(pulse.points)]);
    },
  };
}
