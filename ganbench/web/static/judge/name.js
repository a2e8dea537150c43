// The rater's name, remembered by this browser.
const KEY = "ganbench-rater";

export function recalled() {
  try { return localStorage.getItem(KEY) ?? ""; } catch { return ""; } // no storage here
}

export function remember(name) {
  try { localStorage.setItem(KEY, name); } catch { /* not remembered, then */ }
}
