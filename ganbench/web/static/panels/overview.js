// What one looks at while it trains: the movie of the samples, and the two networks' balance.
import { Board } from "../curves.js";
import { Movie } from "../movie.js";

const BALANCE = /^(.*_)?(dis|adv|gen)_(loss|acc)$/;

export function mount(root, view) {
  const movie = new Movie(view.page);
  const board = new Board(root.querySelector("#balance"), view.series, (name) => BALANCE.test(name));
  let pictures = -1;
  return {
    async update(pulse) {
      if (pulse.pictures !== pictures) {
        movie.update((await view.pictures()).filter((picture) => picture.name === "samples"));
        pictures = pulse.pictures;
      }
      await board.update(pulse.points);
    },
  };
}
