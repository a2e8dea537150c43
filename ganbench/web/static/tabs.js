// Tabs by the pattern of the ARIA practices: arrows move, the address keeps which one is open.
export class Tabs {
  // `open(name)` is called when a tab is shown.
  constructor(open) {
    this.open = open;
    this.tabs = [...document.querySelectorAll("[role=tab]")];
    this.current = null;
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => this.show(this.name(tab)));
      tab.addEventListener("keydown", (event) => this.key(event));
    }
    addEventListener("hashchange", () => this.follow());
    this.follow();
  }

  name(tab) { return tab.getAttribute("aria-controls"); }

  // An address that names no tab, as that of the skip link, leaves open what is open.
  follow() {
    const asked = this.tabs.find((tab) => `#${this.name(tab)}` === location.hash);
    if (asked || !this.current) this.show(this.name(asked ?? this.tabs[0]), false);
  }

  show(name, remember = true) {
    if (name === this.current) return;
    this.current = name;
    for (const tab of this.tabs) {
      const chosen = this.name(tab) === name;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
      document.getElementById(this.name(tab)).hidden = !chosen;
    }
    if (remember) history.replaceState(null, "", `#${name}`);
    this.open(name);
  }

  key(event) {
    const at = this.tabs.indexOf(event.target);
    const last = this.tabs.length - 1;
    const to = { ArrowLeft: at > 0 ? at - 1 : last, ArrowRight: at < last ? at + 1 : 0, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // the movie has the arrows elsewhere
    this.tabs[to].focus();
    this.show(this.name(this.tabs[to]));
  }
}
