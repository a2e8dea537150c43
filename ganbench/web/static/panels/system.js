// The machine: processor, memory, GPU.
import { Board } from "../curves.js";

export function mount(root, view) {
  const board = new Board(root.querySelector("#system-curves"), view.series, (name) => name.startsWith("system/"));
  return { update: (pulse) => board.update(pulse.points) };
}
