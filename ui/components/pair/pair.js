const LISTED = 9; // numbers of a window that a sentence names

class Pair {
  constructor(parent) {
    this.channels = element("div", { class: "options", role: "group", "aria-label": "Channel" });
    this.before = new Plate("", (x, y) => this.look(Math.floor((x + this.window.before[1]) / this.window.stride[1]), Math.floor((y + this.window.before[0]) / this.window.stride[0])));
    this.after = new Plate("", (x, y) => this.look(x, y));
    this.heads = [element("p", { class: "head" }), element("p", { class: "head" })];
    this.keys = [element("div"), element("div")];
    this.cells = element("div", { class: "numbers" });
    this.result = element("p", { class: "big" });
    this.say = element("p", { class: "say", role: "status" });
    this.about = element("p", { class: "say" });
    this.root = element("div", { class: "root" }, this.channels, element("div", { class: "plates" },
      element("div", {}, this.heads[0], this.before.node, this.keys[0]),
      element("div", { class: "middle" }, element("p", { class: "head", text: "Under the pointer" }), this.cells, this.result, this.say),
      element("div", {}, this.heads[1], this.after.node, this.keys[1])), this.about);
    parent.append(this.root);
  }

  show(header) {
    this.header = header;
    this.window = header.window;
    this.pictures = picturesOf(header);
    header.titles.forEach((title, at) => { this.heads[at].textContent = title; });
    [this.before, this.after].forEach((plate, at) => plate.node.setAttribute("aria-label", `${header.titles[at]}, of ${header.label}. Arrow keys move the window`));
    this.open(0);
  }

  open(channel) {
    this.channel = channel;
    const buttons = this.header.channels.map(({ name }, at) => {
      const button = element("button", { type: "button", text: name, "aria-pressed": String(at === channel) });
      button.onclick = () => { this.open(at); this.channels.children[at].focus(); };
      return button;
    });
    this.channels.replaceChildren(...buttons);
    this.shown = [this.pictures[2 * channel], this.pictures[2 * channel + 1]];
    [this.before, this.after].forEach((plate, at) => plate.show(this.shown[at]));
    this.keys.forEach((node, at) => node.replaceChildren(legendOf(this.shown[at].table, this.shown[at].ticks)));
    this.about.textContent = this.header.channels[channel].about;
    const values = this.shown[1].values;
    const best = values.reduce((most, value, at) => (value > values[most] ? at : most), 0);
    const at = this.at ?? { x: best % this.shown[1].width, y: Math.floor(best / this.shown[1].width) };
    this.look(at.x, at.y);
  }

  look(column, row) {
    const [before, after] = this.shown, { size, stride, before: padding, gap } = this.window;
    const x = Math.max(0, Math.min(after.width - 1, column)), y = Math.max(0, Math.min(after.height - 1, row));
    this.at = { x, y };
    const left = x * stride[1] - padding[1], top = y * stride[0] - padding[0];
    this.before.at = { x: left + Math.floor(padding[1] ? size[1] / 2 : 0), y: top + Math.floor(padding[0] ? size[0] / 2 : 0) };
    this.before.mark(left, top, gap[1] * (size[1] - 1) + 1, gap[0] * (size[0] - 1) + 1);
    this.after.at = { x, y };
    this.after.mark(x, y, 1, 1);
    const cells = [];
    for (let r = 0; r < size[0]; r++) for (let c = 0; c < size[1]; c++) {
      const px = left + c * gap[1], py = top + r * gap[0];
      if (px >= 0 && py >= 0 && px < before.width && py < before.height) cells.push(py * before.width + px);
    }
    const result = after.values[y * after.width + x];
    const won = this.header.step === "mean" ? -1 : cells.findIndex((cell) => before.values[cell] === result);
    numbers(this.cells, Math.min(size[1], cells.length), cells.map((cell, at) => ({ text: printed(before.values[cell]), colour: colourOf(before, cell), class: at === won && cells.length > 1 ? "won" : "" })));
    this.result.textContent = `→ ${printed(result)}`;
    this.say.textContent = this[this.header.step](cells.map((cell) => before.values[cell]), result);
  }

  nonlinear([value], result) {
    return `Row ${this.at.y + 1}, column ${this.at.x + 1}: ${printed(value)} becomes ${printed(result)}.`;
  }

  relu([value]) {
    const where = `Row ${this.at.y + 1}, column ${this.at.x + 1}: `;
    if (value < 0) return `${where}${printed(value)} is below zero, so it becomes 0.`;
    return `${where}${printed(value)} is not below zero, so it stays ${printed(value)}.`;
  }

  mean(values, result) {
    const sum = values.reduce((total, value) => total + value, 0), most = this.header.window.size[0] * this.header.window.size[1];
    const padded = values.length < most && Math.abs(sum / most - result) < Math.abs(sum / values.length - result);
    const terms = values.length > LISTED ? `${values.length} numbers` : values.map(printed).join(", ");
    return `The mean of ${terms}${padded ? ` and ${most - values.length} × 0 around the map` : ""} is ${printed(result)}.`;
  }

  largest(values, result) {
    const lost = values.length - 1;
    if (values.every((value) => value === result)) return `All ${values.length} are equal, ${printed(result)}: nothing is lost.`;
    return `The largest of ${values.length > LISTED ? `${values.length} numbers` : values.map(printed).join(", ")} is ${printed(result)}. The other ${lost === 1 ? "one is" : `${lost} are`} lost, and so is where in the window it stood.`;
  }
}

export default (mount) => viewOf(Pair, mount);
