// A movie to take away: the server makes it, the browser saves it.
import { make } from "./format.js";

const FORMATS = { webp: "animated WebP", gif: "256 colours a frame", mp4: "H.264 video", zip: "PNG of each grid" };
const video = document.querySelector("meta[name=ganbench-video]")?.content === "yes";

export class Saving {
  // `address(suffix, captions)` gives where the movie is.
  constructor(parent, address) {
    this.address = address;
    this.said = make("p", { class: "quiet", "aria-live": "polite" });
    this.captions = make("input", { type: "checkbox", checked: "" });
    const items = Object.entries(FORMATS).map(([suffix, says]) => make("li", {}, ...this.item(suffix, says)));
    this.node = make("details", { class: "saving" }, make("summary", { title: "Save the movie" }, "Save"),
      make("div", {}, make("ul", {}, ...items), make("label", {}, this.captions, " steps below the pictures"), this.said));
    this.node.addEventListener("toggle", () => this.point());
    this.captions.addEventListener("change", () => this.point());
    parent.append(this.node);
  }

  item(suffix, says) {
    if (suffix === "mp4" && !video) return [make("span", { class: "quiet" }, "MP4 needs ", make("code", {}, "pip install 'ganbench[video]'"), " where the page is served")];
    const link = make("a", { href: "#", "data-suffix": suffix, download: "" }, suffix.toUpperCase());
    link.addEventListener("click", (event) => { event.preventDefault(); this.save(suffix); });
    return [link, make("span", { class: "quiet" }, ` ${says}`)];
  }

  // The links are true addresses, to be copied.
  point() {
    for (const link of this.node.querySelectorAll("a")) link.href = this.address(link.dataset.suffix, this.captions.checked);
  }

  async save(suffix) {
    this.said.textContent = `making the ${suffix.toUpperCase()} …`;
    try {
      const answer = await fetch(this.address(suffix, this.captions.checked));
      if (!answer.ok) throw new Error((await answer.text()).replace("ganbench: ", ""));
      const name = answer.headers.get("content-disposition").match(/filename="(.+)"/)[1];
      const url = URL.createObjectURL(await answer.blob());
      make("a", { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      this.said.textContent = `saved as ${name}`;
    } catch (error) {
      this.said.textContent = `It could not be made: ${error.message}`;
    }
  }
}
