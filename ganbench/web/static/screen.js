// Where one run's pictures are shown, with the words below.
import { make } from "./format.js";

export class Screen {
  constructor(parent, frames, title) {
    this.frames = frames;
    this.picture = null;
    this.box = make("div", { class: "screen" });
    this.caption = make("p", { class: "caption" });
    this.node = make("div", { class: "view" }, ...(title ? [make("h3", {}, title)] : []), this.box, this.caption);
    parent.append(this.node);
  }

  // Shows a picture as soon as it is there; `words` say which it is, `url` where it is.
  show(picture, url, words, alt) {
    this.caption.textContent = words;
    this.picture = picture;
    if (!picture) {
      this.box.replaceChildren();
      return;
    }
    const frame = this.frames.get(url, picture);
    const put = () => {
      if (this.picture !== picture) return; // another one is wanted by now
      frame.image.alt = alt;
      if (frame.state === "ready") this.put(frame.image);
      else if (frame.state === "failed") this.put(make("p", { class: "lost" }, `${alt} cannot be shown: ${url.split("/").slice(-2).join("/")} is missing or damaged`));
    };
    put();
    if (frame.state === "loading") frame.done.then(put);
  }

  put(node) { if (this.box.firstChild !== node) this.box.replaceChildren(node); }
}
