// Every series of the run.
import { Board } from "../curves.js";

export function mount(root, view) {
  const board = new Board(root.querySelector("#all-curves"), view.series, (name) => !name.startsWith("system/"));
  return { update: (pulse) => board.update(pulse.points) };
}
