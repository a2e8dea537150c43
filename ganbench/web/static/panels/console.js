// What the run printed, as far as it has come, and the texts that it logged.
import { get, make, moment, size, whole } from "../format.js";

const FIRST = 2 ** 18; // bytes of a long console that are shown at first, its end
const MOST = 2 ** 21; // characters that the page keeps of it
const TEXTS = 200; // texts that are shown, the newest

export function mount(root, view) {
  const at = (id) => root.querySelector(`#${id}`);
  const [box, follow, filter] = [at("console-text"), at("console-follow"), at("console-filter")];
  const texts = new Map(); // name and step → its <li>, by time
  let text = ""; // lines that are complete
  let rest = ""; // the one that is not
  let next = -FIRST; // where the next piece begins
  let start = 0;
  let seen = -1; // bytes that the server had
  let newest = 0; // time of the newest text
  let counted = -1;

  const [done, tail] = [new Text(), new Text()];
  box.append(done, tail);
  at("console-file").href = `${view.page}/files/console.log`;

  function words() {
    return filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  }

  // `added` is what the text has grown by, where nothing else has changed: a selection stays.
  function draw(added = null) {
    const wanted = words();
    const count = at("console-count");
    if (wanted.length) {
      const lines = (text + rest).split("\n").filter((line) => wanted.every((word) => line.toLowerCase().includes(word)));
      [done.data, tail.data] = [lines.join("\n"), ""];
      count.textContent = `${whole(lines.length)} ${lines.length === 1 ? "line" : "lines"}`;
    } else {
      if (added === null) done.data = text;
      else done.appendData(added);
      tail.data = rest;
      count.textContent = "";
    }
    box.hidden = !(text || rest);
    at("no-console").hidden = !box.hidden;
    at("console-cut").hidden = start === 0;
    at("console-cut").textContent = `The first ${size(start)} are not shown here; the download has them.`;
    if (follow.checked) box.scrollTop = box.scrollHeight;
  }

  // At the end of a console that was redrawn, the last line is another, without any new ones.
  async function read(bytes) {
    if (bytes === seen) return;
    let added = "";
    let piece;
    do {
      piece = await get(`${view.api}/console?offset=${next}`);
      if (next < 0) start = piece.start;
      text += piece.text;
      rest = piece.rest;
      if (added !== null) added += piece.text;
      if (text.length > MOST) {
        added = null;
        const cut = text.indexOf("\n", text.length - MOST) + 1;
        start += new TextEncoder().encode(text.slice(0, cut)).length; // about: colours are not in it
        text = text.slice(cut);
      }
      if (piece.offset === next) break;
      next = piece.offset;
    } while (next < piece.size && !piece.rest);
    seen = bytes;
    draw(added);
  }

  async function log(count) {
    if (count === counted) return;
    for (const found of await get(`${view.api}/texts?since=${newest}`)) {
      newest = Math.max(newest, found.time);
      texts.set(`${found.step} ${found.name}`, make("li", {},
        make("p", { class: "quiet" }, make("b", {}, found.name), ` at step ${whole(found.step)} · `, moment(found.time * 1000)),
        make("div", { class: "said" }, found.text)));
    }
    counted = count;
    const shown = [...texts.values()].slice(-TEXTS).reverse();
    at("texts-card").hidden = shown.length === 0;
    at("texts-cut").hidden = texts.size <= TEXTS;
    at("texts-cut").textContent = `${whole(count)} texts, the newest ${whole(TEXTS)} shown.`;
    at("texts").replaceChildren(...shown);
  }

  box.addEventListener("scroll", () => {
    const end = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    follow.checked = end; // who scrolls up reads; who comes back to the end follows again
  });
  follow.addEventListener("change", () => { if (follow.checked) box.scrollTop = box.scrollHeight; });
  at("console-wrap").addEventListener("change", (event) => box.classList.toggle("wrap", event.target.checked));
  filter.addEventListener("input", () => draw());

  return {
    async update(pulse) {
      await read(pulse.console);
      await log(pulse.texts);
    },
  };
}
