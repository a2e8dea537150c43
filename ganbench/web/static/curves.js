// What draws curves: a Plot, the Sheets of many, a Board of one run's series.
export { Board } from "./board.js";
export { Look } from "./look.js";
export { Plot } from "./plot.js";
export { Series } from "./series.js";
export { Sheets } from "./sheets.js";
export { Toolbar } from "./toolbar.js";
