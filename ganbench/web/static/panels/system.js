// The machine: is the GPU in use, and what process, memory and disk do. `ganbench/system.py` says
// what each series is.
import { Look, Sheets } from "../curves.js";
import { number, make, whole } from "../format.js";

const MINUTES = 5; // that the verdict looks back
const IDLE = 5; // % of the time below which a GPU does nothing worth the name

// [title, its series and what they are called there]
const PLOTS = [
  ["processor, % of a core", { cpu: "this process" }],
  ["processor, % of all cores", { machine_cpu: "whole machine" }],
  ["memory, MiB", { memory: "this process" }],
  ["memory, % taken", { machine_memory: "whole machine" }],
  ["disk, GiB free", { disk_free: "of the run" }],
  ["disk, MiB/s", { disk_read: "read", disk_write: "written" }],
];
const GPU_PLOTS = [
  ["use, % of the time", { "": "all processes" }],
  ["memory, MiB", { _memory: "all processes", _held: "this process" }],
  ["power, W", { _power: "power" }],
  ["temperature, °C", { _temperature: "temperature" }],
];

const gpus = (names) => names.map((name) => name.match(/^system\/(gpu\d*)(_|$)/)?.[1]).filter(Boolean)
  .filter((name, i, all) => all.indexOf(name) === i)
  .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));

// The plots of those series that there are; what is not known here has one of its own.
function arrange(names, series) {
  const left = new Set(names);
  const cards = gpus(names);
  const plots = [
    ...PLOTS.map(([title, parts]) => ["", title, "system/", parts]),
    ...cards.flatMap((gpu) => GPU_PLOTS.map(([title, parts]) =>
      [cards.length > 1 ? `GPU ${gpu.slice(3) || 0}` : "", `GPU ${title}`, `system/${gpu}`, parts])),
  ].map(([group, title, stem, parts]) => {
    const found = Object.entries(parts).filter(([part]) => left.delete(stem + part));
    return { group, title, lines: found.map(([part, label]) => ({ series, name: stem + part, label })) };
  });
  for (const name of left) plots.push({ group: "", title: name.slice(7), lines: [{ series, name, label: name.slice(7) }] });
  return plots.filter(({ lines }) => lines.length)
    .map((plot) => ({ ...plot, axis: "time", key: `${plot.group} ${plot.title} ${plot.lines[0].name}` }));
}

// Mean of the last minutes of a series, and its last value.
function recent(line) {
  if (!line?.time.length) return null;
  const from = line.time[line.time.length - 1] - 60 * MINUTES;
  const values = line.value.filter((value, i) => line.time[i] >= from && Number.isFinite(value));
  if (!values.length) return null;
  return { mean: values.reduce((a, b) => a + b) / values.length, last: values[values.length - 1] };
}

// ["yes", "no", …, why] of the GPUs' series; `read(name)` gives a series.
export function verdict(names, read, environment, running) {
  const cards = gpus(names).map((gpu) => ({
    name: `GPU ${gpu.slice(3) || 0}`,
    use: recent(read(`system/${gpu}`)), memory: recent(read(`system/${gpu}_memory`)), held: recent(read(`system/${gpu}_held`)),
  }));
  if (!cards.length) {
    if (environment?.gpu) return ["unknown", [`PyTorch sees ${environment.gpu}, but its driver tells nothing of it.`]];
    return ["no GPU", [`No NVIDIA GPU was found${environment?.host ? ` on ${environment.host}` : ""}; the processor does the work.`]];
  }
  const span = running ? `in the last ${MINUTES} minutes` : `in the last ${MINUTES} minutes of the run`;
  const evidence = cards.map(({ name, use, memory, held }) => `${name}: ${[
    use ? `at work ${number(use.mean)} % of the time ${span}` : "does not tell how busy it is",
    memory && `${whole(memory.last)} MiB taken`,
    held && (held.last > 0 ? `${whole(held.last)} of them by this process` : "none by this process, as far as the driver sees (in a container it may not)"),
  ].filter(Boolean).join(", ")}.`);
  const busy = cards.filter(({ use }) => use && use.mean >= IDLE);
  const ours = cards.filter(({ held }) => held && held.last > 0);
  if (busy.some((card) => ours.includes(card) || !card.held)) return ["yes", evidence];
  if (busy.length) return [ours.length ? "no" : "perhaps, by another process", evidence];
  if (ours.some(({ use }) => !use)) return ["perhaps: it is held", evidence];
  return [ours.length ? "hardly: it is held, but idle" : "no", evidence];
}

export function mount(root, view) {
  const at = (id) => root.querySelector(`#${id}`);
  const sheets = new Sheets(at("system-curves"), new Look(null));
  return {
    async update(pulse) {
      const names = Object.keys(pulse.points).filter((name) => name.startsWith("system/"));
      view.series.counts = pulse.points;
      at("no-system").hidden = names.length > 0;
      await view.series.fetch(names.filter((name) => /^system\/gpu\d*(_memory|_held)?$/.test(name)));
      const { environment } = await view.whole();
      const [words, evidence] = verdict(names, (name) => view.series.kept.get(name), environment, pulse.state === "running");
      at("gpu-verdict").textContent = words;
      at("gpu-evidence").replaceChildren(...evidence.map((text) => make("li", {}, text)));
      await sheets.show(arrange(names, view.series));
    },
  };
}
