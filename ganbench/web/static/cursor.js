// The step that the page is looking at: the movie, the curves and the scores follow it together.
export class Cursor {
  constructor() {
    this.step = null;
    this.listeners = [];
  }

  listen(act) { this.listeners.push(act); }

  forget(act) { this.listeners = this.listeners.filter((other) => other !== act); }

  // `from` is who moves it, and is not told.
  set(step, from = null) {
    if (step === this.step) return;
    this.step = step;
    for (const act of this.listeners) if (act !== from) act(step);
  }
}
