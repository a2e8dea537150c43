// Where pictures are shown for a time that is measured: by frames, as the screen has no others.
import { make } from "../format.js";

const SIDE = 420; // pixels of the longer side, at most

// The time of the next frame, when what was changed before it is drawn.
export const frame = () => new Promise((done) => { requestAnimationFrame(() => done(performance.now())); });

export class Stage {
  constructor(node) {
    this.node = node;
    this.pictures = node.querySelector(".pictures");
    this.masks = node.querySelector(".masks");
    this.tick = 1000 / 60; // ms of a frame
  }

  set phase(name) { this.node.dataset.phase = name; }

  // Draws the pictures and their masks, still out of sight.
  prepare(images) {
    const factor = this.factor(images);
    this.pictures.replaceChildren(...images.map((image) => draw(image, factor)));
    this.masks.replaceChildren(...images.map((image) => noise(image, factor)));
  }

  // Small pictures grow by whole pixels, so far as there is room.
  factor(images) {
    const n = images.length;
    const width = (this.node.clientWidth - 48 * (n - 1)) / n;
    const fits = Math.min(...images.map((i) => Math.min(width / i.naturalWidth, this.node.clientHeight / i.naturalHeight, Math.max(1, SIDE / Math.max(i.naturalWidth, i.naturalHeight)))));
    return fits >= 1 ? Math.floor(fits) : fits;
  }

  // The cross for at least `ms`; learns how long a frame is.
  async fixate(ms) {
    this.phase = "cross";
    const times = [await frame()];
    while (times.at(-1) - times[0] < ms) times.push(await frame());
    const ticks = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b);
    this.tick = ticks[Math.floor(ticks.length / 2)] ?? this.tick;
  }

  // The pictures for `ms`, to the nearest frame, then the mask; {begun, shown} in ms.
  async show(ms) {
    let now = await frame();
    const begun = now;
    this.phase = "picture";
    if (ms === null) return { begun, shown: null };
    do now = await frame(); while (now - begun < ms - this.tick / 2);
    this.phase = "mask";
    return { begun, shown: now - begun };
  }
}

function canvas(image, factor) {
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  const made = make("canvas", { width, height });
  made.style.width = `${Math.round(width * factor)}px`;
  made.style.height = `${Math.round(height * factor)}px`;
  return made;
}

function draw(image, factor) {
  const made = canvas(image, factor);
  made.getContext("2d").drawImage(image, 0, 0);
  return made;
}

// Noise on every scale, in colour if the picture is: what is left of it on the eye ends here.
function noise(image, factor) {
  const made = canvas(image, factor);
  const context = made.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const seen = context.getImageData(0, 0, made.width, made.height);
  const grey = seen.data.every((value, i) => i % 4 === 3 || value === seen.data[i - (i % 4)]);
  const scales = [1, 2, 4, 8, 16].filter((size) => size <= Math.max(made.width, made.height));
  const fields = scales.map((size) => {
    const across = Math.ceil(made.width / size);
    const values = Float32Array.from({ length: across * Math.ceil(made.height / size) * 3 }, Math.random);
    return (x, y, c) => values[(Math.floor(y / size) * across + Math.floor(x / size)) * 3 + (grey ? 0 : c)];
  });
  const gain = 255 * Math.sqrt(scales.length) / scales.length;
  for (let y = 0; y < made.height; y += 1) {
    for (let x = 0; x < made.width; x += 1) {
      for (let c = 0; c < 3; c += 1) {
        const sum = fields.reduce((total, at) => total + at(x, y, c) - 0.5, 0);
        seen.data[(y * made.width + x) * 4 + c] = 128 + gain * sum;
      }
    }
  }
  context.putImageData(seen, 0, 0);
  return made;
}
