const FEW = 8; // classes that are shown at first
const fixed = (value) => value.toFixed(4).replace("-", "−");
const raised = (digits) => [...digits].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");
const powered = (value) => (value === 0 || value >= 0.00005 ? fixed(value) : printed(value).replace(/e−0?(\d+)/, (_, digits) => ` × 10⁻${raised(digits)}`));

class Softmax {
  constructor(parent) {
    this.title = element("h3");
    this.words = element("p", { class: "quiet" });
    this.slider = element("input", { type: "range", min: -1, max: 1, step: 0.02, "aria-label": "Temperature" });
    this.slider.oninput = () => { this.temperature = 10 ** Number(this.slider.value); this.draw(); };
    this.shown = element("output");
    this.reset = element("button", { type: "button", text: "Reset" });
    this.reset.onclick = () => { this.back(); this.draw(); };
    this.table = element("div", { class: "shares" });
    this.more = element("button", { type: "button" });
    this.more.onclick = () => { this.open = !this.open; this.draw(); };
    this.root = element("section", { class: "root" }, this.title, this.words,
      element("div", { class: "row temperature" }, element("span", { text: "Temperature" }), this.slider, this.shown, this.reset), this.table, this.more);
    parent.append(this.root);
  }

  show(header) {
    Object.assign(this, { logits: header.arrays[0], names: header.classes, chosen: header.chosen, given: header.temperature, measured: header.calibrated });
    this.title.textContent = header.title;
    this.back();
    this.draw();
  }

  back() {
    this.temperature = this.given;
    this.slider.value = Math.log10(this.given);
  }

  draw() {
    const { logits, names, temperature, chosen } = this;
    const highest = Math.max(...logits);
    const powers = Array.from(logits, (logit) => Math.exp((logit - highest) / temperature));
    const total = powers.reduce((sum, power) => sum + power, 0);
    const order = powers.map((_, at) => at).sort((one, other) => powers[other] - powers[one] || one - other);
    const shown = this.open ? order : order.slice(0, FEW);
    if (!shown.includes(chosen)) shown.push(chosen);
    const rest = order.filter((at) => !shown.includes(at));
    const sum = rest.reduce((all, at) => all + powers[at], 0);
    const bar = (share) => {
      const made = element("span", { class: "bar", "aria-hidden": "true" }, element("i"));
      made.firstChild.style.width = `${share * 100}%`;
      return made;
    };
    const row = (name, logit, power, className, index) => {
      const cells = [element("span", { class: "name", text: name }), element("span", { text: logit }), element("span", { text: powered(power) }), bar(power / total), element("span", { class: "percent", text: percent(power / total) })];
      const made = index === undefined ? element("div", { class: `share ${className}` }, ...cells)
        : element("button", { type: "button", class: `share ${className}`, "aria-pressed": String(index === chosen) }, ...cells);
      if (index !== undefined) {
        made.onclick = () => this.trigger("answer", index);
        Object.assign(made.dataset, { index, power, share: power / total });
      }
      return made;
    };
    const asShown = (share) => (share < 0.0005 ? 0 : Math.min(99.9, Number((share * 100).toFixed(1)))); // as the lines show it
    const over = 100 - [...shown.map((at) => powers[at]), sum].reduce((all, power) => all + (power === total ? 100 : asShown(power / total)), 0);
    const left = Number(fixed(total)) - [...shown.map((at) => powers[at]), sum].reduce((all, power) => all + (power < 0.00005 ? power : Number(fixed(power))), 0);
    const roundings = [[left, 4, ""], [over, 1, " %"]].map(([value, digits, unit]) =>
      (Math.abs(value) >= 0.5 * 10 ** -digits ? `${value < 0 ? "− " : "+ "}${Math.abs(value).toFixed(digits)}${unit}` : ""));
    const heads = ["class", "logit", "e to (logit − highest) / T", "", "share"].map((text) => element("span", { text }));
    this.table.replaceChildren(element("div", { class: "share head" }, ...heads),
      ...shown.map((at) => row(names[at], fixed(logits[at]), powers[at], at === chosen ? "chosen" : "", at)),
      ...(rest.length ? [row(`${rest.length} more classes`, "", sum, "quiet")] : []),
      ...(roundings.join("") ? [element("div", { class: "share over quiet" }, ...["rounding", "", roundings[0], "", roundings[1]].map((text, at) => element("span", { class: at ? "" : "name", text })))] : []),
      element("div", { class: "share total" }, ...["sum", "", fixed(total), "", "100.0 %"].map((text) => element("span", { text }))));
    this.shown.textContent = temperature.toFixed(2);
    this.reset.disabled = temperature === this.given;
    this.words.textContent = `e is raised to each logit's distance from the highest (${fixed(highest)}), divided by the temperature; each power, divided by the sum of all, is the share. ` +
      (this.measured ? `The temperature ${this.given.toFixed(2)} was measured, so that the percentages mean what they say.` : "");
    this.more.classList.toggle("hidden", names.length <= FEW);
    this.more.textContent = this.open ? `Show the ${FEW} highest` : `Show all ${names.length}`;
  }
}

export default (mount) => viewOf(Softmax, mount);
