// Plotly, a script of megabytes: asked for when something is about to be drawn, and nothing else
// waits for it.
import { make } from "./format.js";

let asked = null;

export function plotly() {
  asked ??= new Promise((done, fail) => {
    if (window.Plotly) { done(); return; }
    const there = document.querySelector("script[src='/plotly.js']");
    const script = there ?? make("script", { src: "/plotly.js" });
    script.addEventListener("load", () => done());
    script.addEventListener("error", () => fail(new Error("plotly.js does not come")));
    if (!there) document.head.append(script);
  });
  return asked;
}
