// What was run, and on what.
import { flatten, make } from "../format.js";

export function mount(root, view) {
  function pairs(table, value) {
    table.tBodies[0].replaceChildren(...flatten(value).map(([name, item]) =>
      make("tr", {}, make("td", {}, name), make("td", {}, Array.isArray(item) ? item.join(" ") : String(item ?? "–")))));
  }
  return {
    async update() {
      const all = await view.whole();
      pairs(root.querySelector("#config-table"), all.config);
      pairs(root.querySelector("#environment"), all.environment);
    },
  };
}
