// What a rater chooses before the trials: which runs, and how many trials there are pictures for.
import { whole } from "../format.js";
import { recalled } from "./name.js";

const form = document.getElementById("choose");
const each = Number(form.dataset.each); // samples of each run
const wrong = document.getElementById("wrong");

const chosen = (name) => new FormData(form).getAll(name);

function most() {
  if (chosen("task")[0] === "real") return 2 * each;
  const k = chosen("run").length;
  return k < 2 ? 0 : ((k * (k - 1)) / 2) * Math.floor(each / (k - 1));
}

function look() {
  const task = chosen("task")[0];
  for (const name of ["real", "better"]) {
    const part = document.getElementById(`for-${name}`);
    part.hidden = part.disabled = name !== task;
  }
  document.getElementById("most").textContent = most() ? `at most ${whole(most())}` : "";
  form.n.max = most() || "";
  if (most() && Number(form.n.value) > most()) form.n.value = most();
}

function problem() {
  if (chosen("task")[0] === "better" && chosen("run").length < 2) return "Choose two runs or more.";
  return chosen("exposure").length ? "" : "Choose how long each picture is shown.";
}

form.addEventListener("change", () => { look(); wrong.hidden = true; });
form.addEventListener("submit", (event) => {
  const words = problem();
  wrong.hidden = !words;
  wrong.textContent = words;
  if (words) event.preventDefault();
});
form.rater.value = recalled();
look();
