// Every series of the run.
import { Board, Toolbar } from "../curves.js";

export function mount(root, view) {
  const wanted = (name) => !name.startsWith("system/");
  const board = new Board(root.querySelector("#all-curves"), view.series, wanted, view.look);
  new Toolbar(root.querySelector("#curves-toolbar"), view.look, (words) => board.sheets.filter(words));
  return { update: (pulse) => board.update(pulse.points) };
}
