const SIZES = [3, 5];
const SETTINGS = { stride: [1, 2, 3], padding: [0, 1, 2], dilation: [1, 2, 3] };

class Slide {
  constructor(parent) {
    this.set = { stride: 1, padding: 0, dilation: 1 };
    this.photo = new Plate("", (x, y) => this.point(x, y));
    this.map = new Plate("The map that the kernel makes. Arrow keys move the window", (x, y) => this.look(x, y));
    this.presets = element("div", { class: "options", role: "group", "aria-label": "Kernels to try" });
    this.does = element("p", { class: "quiet does" });
    this.settings = element("div", { class: "settings" });
    this.window = element("div", { class: "numbers" });
    this.kernel = element("div", { class: "numbers kernel", role: "group", "aria-label": "The kernel: type your own numbers" });
    this.value = element("p", { class: "big", role: "status" });
    this.terms = element("p", { class: "say terms" });
    this.formula = element("p", { class: "say formula" });
    this.ends = element("div", { class: "ends" });
    this.key = element("div");
    this.root = element("div", { class: "root" }, this.presets, this.does, element("div", { class: "plates" },
      element("div", {}, element("p", { class: "head", text: "The photo, in grey" }), this.photo.node, this.settings),
      element("div", { class: "sum" }, element("p", { class: "head", text: "Window × kernel" }), element("div", { class: "pair" }, this.window, element("span", { class: "times", text: "×" }), this.kernel), this.value, this.terms),
      element("div", {}, element("p", { class: "head", text: "The map: one number for each window" }), this.map.node, this.key)), this.formula, this.ends);
    parent.append(this.root);
  }

  show(header) {
    this.header = header;
    [this.picture] = picturesOf(header);
    this.tables = Object.fromEntries(Object.entries(header.tables).map(([name, slot]) => [name, header.arrays[slot]]));
    this.photo.node.setAttribute("aria-label", header.label);
    this.photo.show(this.picture);
    this.drawSettings();
    if (this.weights) this.compute(); // another photo: one's own kernel stays
    else this.choose(header.presets[0].kernel, false);
  }

  choose(kernel, own) {
    this.own = own;
    this.weights = kernel.map((row) => [...row]);
    this.drawPresets();
    this.drawKernel();
    this.compute();
  }

  drawPresets() {
    const named = !this.own && this.header.presets.find(({ kernel }) => JSON.stringify(kernel) === JSON.stringify(this.weights));
    this.does.textContent = named ? `“${named.name}” ${named.does}.` : "Your own kernel: type numbers into its cells.";
    const buttons = this.header.presets.map((preset) => this.option(preset.name, preset === named, () => this.choose(preset.kernel, false)));
    const sizes = SIZES.map((size) => this.option(`own ${size} × ${size}`, this.own && size === this.weights.length, () => this.choose(this.resized(size), true)));
    keepFocus(this.presets, [...buttons, ...sizes]);
  }

  option(text, pressed, act) {
    const button = element("button", { type: "button", text, "aria-pressed": String(pressed), "data-name": text });
    button.onclick = act;
    return button;
  }

  // The same kernel with a rim of zeros, or without its rim.
  resized(size) {
    const shift = (size - this.weights.length) / 2;
    return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => this.weights[y - shift]?.[x - shift] ?? 0));
  }

  drawKernel() {
    const side = this.weights.length;
    this.kernel.style.gridTemplateColumns = `repeat(${side}, minmax(0, 1fr))`;
    this.kernel.replaceChildren(...this.weights.flatMap((row, y) => row.map((weight, x) => {
      const input = element("input", { type: "text", inputmode: "text", value: short(weight), "aria-label": `Weight, row ${y + 1}, column ${x + 1}` });
      input.oninput = () => {
        const value = Number(input.value.replace("−", "-").replace(",", "."));
        const good = input.value.trim() !== "" && Number.isFinite(value) && Math.abs(value) <= 1000;
        input.setAttribute("aria-invalid", String(!good));
        if (!good) return;
        this.weights[y][x] = value;
        this.own = true;
        this.drawPresets();
        this.compute();
      };
      return input;
    })));
  }

  drawSettings() {
    keepFocus(this.settings, Object.entries(SETTINGS).map(([name, choices]) => element("div", { class: "options", role: "group", "aria-label": name },
      element("span", { class: "quiet", text: name }), ...choices.map((choice) => {
        const button = this.option(String(choice), this.set[name] === choice, () => { this.set[name] = choice; this.drawSettings(); this.compute(); });
        button.setAttribute("aria-label", `${name} ${choice}`);
        button.dataset.name = `${name} ${choice}`;
        return button;
      }))));
  }

  // As convoscope.filters.slide computes it.
  compute() {
    const { stride, padding, dilation } = this.set, side = this.weights.length, { width, height } = this.picture;
    const size = (length) => Math.max(0, Math.floor((length + 2 * padding - dilation * (side - 1) - 1) / stride) + 1);
    const [columns, rows] = [size(width), size(height)];
    const values = new Float64Array(columns * rows);
    for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) values[y * columns + x] = this.dot(x, y);
    this.answer = { width: columns, height: rows, values };
    this.sayFormula(side, columns);
    [...this.kernel.children].forEach((input, at) => tint(input, this.weightColour(this.weights[Math.floor(at / side)][at % side])));
    if (!values.length) return;
    const peak = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    this.drawn = { ...this.answer, table: this.tables.signed, low: -peak, high: peak };
    this.map.show(this.drawn);
    this.key.replaceChildren(legendOf(this.tables.signed, [printed(-peak), "0", printed(peak)]));
    this.sayEnds();
    const fits = this.at && this.at.x < columns && this.at.y < rows;
    if (fits) this.look(this.at.x, this.at.y);
    else this.look(...this.cell(argmax(values)));
  }

  weightColour(weight) {
    const peak = Math.max(...this.weights.flat().map(Math.abs)) || 1;
    return colourOf({ values: [weight], table: this.tables.weights, low: -peak, high: peak }, 0);
  }

  cell(index) {
    return [index % this.answer.width, Math.floor(index / this.answer.width)];
  }

  // Pixel under an entry of the kernel; 0 in the padding.
  pixel(x, y, column, row) {
    const { stride, padding, dilation } = this.set, { width, height, values } = this.picture;
    const px = x * stride - padding + column * dilation, py = y * stride - padding + row * dilation;
    const inside = px >= 0 && py >= 0 && px < width && py < height;
    return { value: inside ? values[py * width + px] : 0, inside };
  }

  dot(x, y) {
    let sum = 0;
    this.weights.forEach((row, r) => row.forEach((weight, c) => { sum += weight * this.pixel(x, y, c, r).value; }));
    return sum;
  }

  // A pixel of the photo is pointed at: the window whose middle is nearest.
  point(px, py) {
    const { stride, padding, dilation } = this.set, middle = dilation * (this.weights.length - 1) / 2;
    const nearest = (at, count) => Math.max(0, Math.min(count - 1, Math.round((at + padding - middle) / stride)));
    if (this.answer.values.length) this.look(nearest(px, this.answer.width), nearest(py, this.answer.height));
  }

  look(x, y) {
    this.at = { x, y };
    const { stride, padding, dilation } = this.set, side = this.weights.length, reach = dilation * (side - 1) + 1;
    this.photo.at = { x: x * stride - padding + (reach - 1) / 2, y: y * stride - padding + (reach - 1) / 2 };
    this.photo.mark(x * stride - padding, y * stride - padding, reach, reach);
    this.map.at = { x, y };
    this.map.mark(x, y, 1, 1);
    const cells = this.weights.flatMap((row, r) => row.map((_, c) => this.pixel(x, y, c, r)));
    numbers(this.window, side, cells.map(({ value, inside }) => ({ text: value, colour: [value, value, value], class: inside ? "" : "outside" })));
    const value = this.answer.values[y * this.answer.width + x];
    const flat = this.weights.flat();
    this.value.textContent = `= ${short(value)}`;
    const terms = cells.map((cell, at) => [cell.value, flat[at]]).filter(([, weight]) => weight !== 0);
    const zeros = flat.length - terms.length;
    this.terms.textContent = `${terms.map(([pixel, weight]) => `${pixel} × ${weight < 0 ? `(${short(weight)})` : short(weight)}`).join(" + ") || "0"}${zeros ? `, and ${zeros} times × 0` : ""}`;
  }

  sayFormula(side, columns) {
    const { stride, padding, dilation } = this.set, { width } = this.picture;
    const size = `(${width} + 2 × ${padding} − ${dilation} × (${side} − 1) − 1) ÷ ${stride} + 1`;
    const gaps = (width + 2 * padding - dilation * (side - 1) - 1) % stride && columns ? ", the division rounded down" : "";
    this.formula.replaceChildren(...(columns
      ? ["Size of the map: ", element("span", { class: "digits", text: size }), " = ", element("b", { text: `${columns}` }), `${gaps}. It has ${columns} × ${this.answer.height} numbers.`]
      : ["The window is larger than the picture: there is no place for it. Choose a smaller dilation or more padding."]));
    this.ends.classList.toggle("hidden", !columns);
  }

  sayEnds() {
    const { values } = this.answer, least = argmax(values.map((value) => -value)), most = argmax(values);
    const zero = values.reduce((best, value, at) => (Math.abs(value) < Math.abs(values[best]) ? at : best), 0);
    const shown = [["largest: looks most like the kernel", most], ["nearest to zero: neither", zero]];
    shown.push(values[least] < 0 ? ["most negative: the opposite", least] : ["smallest: this kernel answers nothing below zero here", least]);
    keepFocus(this.ends, shown.map(([title, at], number) => this.end(title, at, number)));
  }

  end(title, at, number) {
    const [x, y] = this.cell(at), side = this.weights.length;
    const canvas = element("canvas", { "aria-hidden": "true" });
    const values = this.weights.flatMap((row, r) => row.map((_, c) => this.pixel(x, y, c, r).value));
    paint(canvas, { width: side, height: side, channels: 1, values });
    const button = element("button", { type: "button", "data-name": `end ${number}` }, canvas, element("span", {}, element("b", { text: short(values.length ? this.answer.values[at] : 0) }), element("span", { text: title })));
    button.onclick = () => this.look(x, y);
    return button;
  }
}

function argmax(values) {
  return values.reduce((best, value, at) => (value > values[best] ? at : best), 0);
}

function short(value) {
  return String(Number(value.toFixed(Math.abs(value) >= 10 ? 1 : 3))).replace("-", "−");
}

// New children in place of the old; the one with the same name gets the focus.
function keepFocus(node, children) {
  const focused = node.getRootNode().activeElement?.dataset?.name;
  node.replaceChildren(...children);
  if (focused) [...node.querySelectorAll("[data-name]")].find((child) => child.dataset.name === focused)?.focus();
}

export default (mount) => viewOf(Slide, mount);
