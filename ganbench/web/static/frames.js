// Decoded pictures, fetched ahead; those not shown for longest are let go.
export const MOST = 256 * 2 ** 20; // bytes of pixels that are kept

export class Frames {
  constructor() {
    this.kept = new Map(); // url → {image, bytes, state: "loading" | "ready" | "failed"}
    this.bytes = 0;
  }

  // The frame of a picture, from now on the youngest.
  get(url, { width, height }) {
    const frame = this.kept.get(url) ?? this.load(url, width * height * 4);
    this.kept.delete(url);
    this.kept.set(url, frame);
    return frame;
  }

  load(url, bytes) {
    const image = new Image();
    const frame = { image, bytes, state: "loading", done: null };
    image.decoding = "sync"; // it is decoded by then: no flash between frames
    image.draggable = false;
    image.src = url;
    frame.done = image.decode().then(() => { frame.state = "ready"; }, () => { frame.state = "failed"; });
    this.bytes += bytes;
    for (const [old, { bytes: freed }] of this.kept) {
      if (this.bytes <= MOST) break;
      this.kept.delete(old);
      this.bytes -= freed;
    }
    return frame;
  }
}
