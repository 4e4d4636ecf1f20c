const ROWS = 5; // terms that are shown at first
const SETTLED = 350; // ms without a further move before it is read out, and before keys reach the URL
const FIGURES = 4; // decimals of whatever is added up
const TOLERANCE = 1e-6; // as in convoscope.arithmetic
const PAD = 14; // px of air above and below the numbers of a term
const CELL = 30; // px, height of a number's field
const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";

const taps = (axis, cell) => Array.from({ length: axis.kernel }, (_, at) => cell * axis.stride - axis.before + at * axis.dilation);
const within = (at, size) => at >= 0 && at < size;
const minus = (text) => text.replaceAll("-", "−");
const fixed = (value, digits = FIGURES) => minus((Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits));
const signed = (value, digits = FIGURES) => (value < 0 ? "− " : "+ ") + fixed(Math.abs(value), digits);
const inner = (card) => card.clientWidth - 2 * parseFloat(getComputedStyle(card).paddingLeft);
const luminance = (hex) => [1, 3, 5].reduce((sum, at, k) => sum + parseInt(hex.trim().slice(at, at + 2), 16) * [0.299, 0.587, 0.114][k], 0);
const many = (count, noun) => `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
const shade = (colour, share) => `color-mix(in srgb, ${colour} ${share}%, transparent)`;

class Unit {
  constructor(parent) {
    const button = (text, label, action) => {
      const made = element("button", { type: "button", text, "aria-label": label });
      made.onclick = action;
      return made;
    };
    this.root = element("div", { class: "root" });
    this.answer = element("p", { class: "answer" });
    this.map = element("canvas", { class: "map", tabindex: 0, role: "application" });
    this.legend = element("div", { class: "legend" });
    this.play = button("▶ Slide", "Slide the window over the map", () => (this.timer ? this.stop() : this.start()));
    this.speed = element("input", { type: "range", min: 0, max: 6, step: 0.5, value: 3, "aria-label": "Speed of the window" });
    this.speed.oninput = () => this.timer && this.start();
    this.hint = element("p", { class: "quiet hint" });
    this.where = element("section", { class: "card where" }, element("h3", { text: "Its map" }), this.map, this.legend,
      element("div", { class: "row" }, this.play, this.speed), this.hint);
    this.heading = element("h3");
    this.scroller = element("div", { class: "scroller", tabindex: 0, role: "img", "aria-label": "The terms" });
    this.terms = element("canvas", { "aria-hidden": "true" });
    this.spacer = element("div", { class: "spacer" }, this.terms);
    this.scroller.append(this.spacer);
    this.scroller.onscroll = () => this.drawTerms();
    this.equation = element("p", { class: "equation" });
    this.before = element("canvas", { class: "before", "aria-hidden": "true" });
    this.ledger = element("dl", { class: "ledger" });
    this.check = element("p", { class: "check" });
    this.copied = button("Copy as text", null, () => this.copy());
    this.all = button("", null, () => { this.open = !this.open; this.scroller.scrollTop = 0; this.draw(); });
    this.sum = element("section", { class: "card sum" }, this.heading, this.equation, this.before, this.scroller, this.ledger, this.check,
      element("div", { class: "row" }, this.all, this.copied));
    this.photo = element("canvas", { class: "photo", role: "img", "aria-label": "The photo" });
    this.seen = element("p", { class: "quiet" });
    this.next = element("div", { class: "next" });
    this.side = element("section", { class: "card side" }, element("h3", { text: "What it sees of the photo" }), this.photo, this.seen, this.next);
    this.strip = element("div", { class: "strip", role: "group", "aria-label": "Channels, strongest first" });
    this.moreChannels = button("", null, () => { this.wide = !this.wide; this.drawChannels(); });
    this.channels = element("section", { class: "card channels" }, element("h3", { text: "Channel, strongest first" }), this.strip, this.moreChannels);
    this.live = element("div", { class: "live", role: "status", "aria-live": "polite" });
    this.root.append(this.answer, element("div", { class: "board" }, this.where, this.sum, this.side, this.channels), this.live);
    parent.append(this.root);
    this.map.onpointerdown = (event) => this.down(event);
    this.map.onpointermove = (event) => this.point(event);
    this.map.onpointerup = (event) => this.up(event);
    this.map.onpointerleave = () => this.pinned && this.go(this.pinned);
    this.map.onkeydown = (event) => this.keyed(event);
    this.resized = new ResizeObserver(() => this.header && this.draw());
    this.resized.observe(this.root);
  }

  close() {
    this.stop();
    clearTimeout(this.settling);
    this.resized.disconnect();
  }

  show(header) {
    this.stop();
    this.header = header;
    Object.assign(header, Object.fromEntries(header.names.map((name, at) => [name, header.arrays[at]])));
    this.pictures = new Map();
    this.open = false;
    this.pinned = header.pinned ? { y: header.cell[0], x: header.cell[1] } : null;
    this.cell = { y: header.cell[0], x: header.cell[1] };
    const single = header.height * header.width === 1;
    this.root.classList.toggle("single", single);
    this.root.classList.toggle("bare", single && !header.channels.length);
    this.where.classList.toggle("hidden", single);
    this.channels.classList.toggle("hidden", !header.channels.length);
    this.map.setAttribute("aria-label", `${header.unit}: ${header.height} × ${header.width} cells. Arrow keys move the cell, Enter pins it.`);
    this.drawLegend();
    this.drawChannels();
    this.draw();
    this.settle();
  }

  // ---- the arithmetic of one cell

  // Window and weights of one term. `inside` is false on padding.
  window(n, { y, x }) {
    const { taken: [height, width], rows, columns, sources, factors, weights } = this.header;
    const down = rows ? taps(rows, y) : [y], across = columns ? taps(columns, x) : [x];
    const values = [], inside = [];
    for (const row of down) {
      for (const column of across) {
        const there = within(row, height) && within(column, width);
        inside.push(there);
        values.push(there ? sources[(n * height + row) * width + column] : 0);
      }
    }
    const count = values.length;
    const by = factors ? [factors[(n * height + y) * width + x]] : weights?.subarray(n * count, (n + 1) * count);
    return { values, inside, weights: by, row: down[0], column: across[0], tall: down.length, wide: across.length };
  }

  compute(cell) {
    const { count, bias, offset, width, values } = this.header;
    const at = cell.y * width + cell.x;
    const added = offset ? offset[at] : bias;
    let total = added, magnitude = Math.abs(added);
    const terms = [];
    for (let n = 0; n < count; n++) {
      const { values: given, weights } = this.window(n, cell);
      let subtotal = 0;
      for (let k = 0; k < given.length; k++) {
        const product = given[k] * weights[k];
        subtotal += product;
        magnitude += Math.abs(product);
      }
      terms.push({ n, subtotal });
      total += subtotal;
    }
    const divisor = this.divisor(cell);
    terms.sort((one, other) => Math.abs(other.subtotal) - Math.abs(one.subtotal) || one.n - other.n);
    return { terms, bias: added, divisor, sum: total, value: total / divisor, magnitude: magnitude / divisor, runtime: values[at] };
  }

  divisor({ y, x }) {
    const { counts, rows, columns } = this.header;
    if (!counts || counts === "nothing") return 1;
    const counted = (axis, cell) => taps(axis, cell).filter((at) => (counts === "inside" ? within(at, axis.size) : at >= -axis.before && at < axis.size + axis.after)).length;
    return counted(rows, y) * counted(columns, x);
  }

  largest(cell) {
    const found = this.window(0, cell);
    let best = -1;
    found.inside.forEach((there, at) => { if (there && (best < 0 || found.values[at] > found.values[best])) best = at; });
    const { rows, columns } = this.header;
    const winner = { y: taps(rows, cell.y)[Math.floor(best / found.wide)], x: taps(columns, cell.x)[best % found.wide] };
    return { ...found, best, winner, value: found.values[best] };
  }

  bent(given, { slope, low, high }) {
    const value = given < 0 ? given * slope : given;
    return Math.min(Math.max(value, low ?? -Infinity), high ?? Infinity);
  }

  result(cell) {
    const { kind, sources, width, from, values, height } = this.header;
    const runtime = values[cell.y * width + cell.x];
    if (kind === "weighted" || kind === "pointwise") return this.compute(cell);
    if (kind === "largest") {
      const found = this.largest(cell);
      return { ...found, runtime, magnitude: Math.abs(found.value) };
    }
    if (kind === "softmax") return { value: runtime, runtime, magnitude: runtime, given: this.header.given };
    const given = from ? sources[from[0] * this.header.taken[1] + from[1]] : sources[cell.y * width + cell.x];
    const value = kind === "moved" ? given : this.bent(given, this.header);
    return { given, value, runtime, magnitude: Math.abs(value), height };
  }

  // ---- moving

  cellAt(event) {
    const { height, width } = this.header, bounds = this.map.getBoundingClientRect();
    const clip = (at, size) => Math.max(0, Math.min(size - 1, Math.floor(at * size)));
    return { y: clip((event.clientY - bounds.top) / bounds.height, height), x: clip((event.clientX - bounds.left) / bounds.width, width) };
  }

  down(event) {
    if (event.button !== 0) return;
    this.stop();
    if (event.pointerType === "touch") this.map.setPointerCapture(event.pointerId);
    this.from = { x: event.clientX, y: event.clientY };
    this.go(this.cellAt(event));
  }

  point(event) {
    if (this.timer && event.pointerType !== "touch") return;
    this.go(this.cellAt(event));
  }

  up(event) {
    if (!this.from) return;
    const dragged = Math.hypot(event.clientX - this.from.x, event.clientY - this.from.y) > 8;
    this.from = null;
    const cell = this.cellAt(event);
    const again = !dragged && this.pinned && this.pinned.y === cell.y && this.pinned.x === cell.x;
    this.pin(again ? null : cell);
  }

  pin(cell) {
    this.pinned = cell;
    this.trigger("cell", cell ? [cell.y, cell.x] : []);
    this.draw();
  }

  keyed(event) {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.key === "Enter" || event.key === " ") this.pin({ ...this.cell });
    else if (event.key === "Escape" && this.pinned) this.pin(null);
    else if (!by) return;
    event.preventDefault();
    if (!by) return;
    this.stop();
    const { height, width } = this.header;
    this.go({ y: Math.max(0, Math.min(height - 1, this.cell.y + by[0])), x: Math.max(0, Math.min(width - 1, this.cell.x + by[1])) });
    this.pinned = this.cell;
    clearTimeout(this.keys);
    this.keys = setTimeout(() => this.pin(this.cell), SETTLED);
  }

  start() {
    clearInterval(this.timer);
    this.pinned = null;
    this.play.textContent = "❚❚ Stop";
    this.timer = setInterval(() => {
      const { height, width } = this.header;
      const at = (this.cell.y * width + this.cell.x + 1) % (height * width);
      this.go({ y: Math.floor(at / width), x: at % width });
    }, 1000 / 2 ** this.speed.value);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "▶ Slide";
  }

  go(cell) {
    if (cell.y === this.cell.y && cell.x === this.cell.x) return;
    this.cell = cell;
    if (this.asked) return; // one drawing for each frame
    this.asked = requestAnimationFrame(() => { this.asked = null; this.draw(); });
    this.settle();
  }

  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.speak(), SETTLED);
  }

  // ---- words

  speak() {
    const terms = this.found.terms?.slice(0, ROWS).map(({ n, subtotal }) => `${this.header.labels[n]} ${fixed(subtotal)}`).join(", ");
    this.scroller.setAttribute("aria-label", terms ? `The strongest terms: ${terms}.` : "The window.");
    this.live.textContent = `${this.answer.textContent} ${this.check.textContent}`;
  }

  place({ y, x }) {
    return this.header.height * this.header.width === 1 ? "" : `Row ${y + 1}, column ${x + 1} of `;
  }

  sentence() {
    const { header, found } = this, { unit, kind, count } = header;
    const name = this.place(this.cell) + unit;
    const value = element("b", { text: fixed(found.value) });
    const how = {
      weighted: () => {
        const products = found.terms.length * (header.taken.length && this.window(0, this.cell).values.length);
        if (header.counts !== "nothing") return `: the average of ${many(found.divisor, "value")}.`;
        const maps = header.dense ? "" : ` from ${header.inputs}`;
        return `: ${many(products, "product")}${maps}, and a bias, added up.`;
      },
      pointwise: () => `: ${many(count, "number")}${found.bias ? " and a constant" : ""}, added up.`,
      largest: () => `: the largest of the ${found.inside.filter(Boolean).length} values in its window.`,
      bent: () => (header.passes ? ": passed on as it is." : found.given < 0 ? `: what came in was ${fixed(found.given)}, below zero.` : found.value === found.given ? ": what came in was not negative, so it stays." : `: what came in was ${fixed(found.given)}.`),
      moved: () => `: it is row ${header.from[0] + 1}, column ${header.from[1] + 1} of ${header.labels[0]}, in line with all the others.`,
      softmax: () => `: e to its logit, as a share of the sum over all classes.`,
    }[kind]();
    this.answer.replaceChildren(`${name[0].toUpperCase()}${name.slice(1)} is `, value, how);
  }

  agreement() {
    const { value, runtime, magnitude } = this.found;
    const off = Math.abs(value - runtime), agrees = off <= TOLERANCE * magnitude;
    const digits = Math.max(FIGURES, Math.min(9, 7 - Math.floor(Math.log10(Math.abs(value) || 1))));
    const difference = off.toFixed(Math.min(20, Math.ceil(-Math.log10(off || 1)))).replace(/(\.\d*[1-9])0+$/, "$1");
    const words = off === 0 ? "exactly the same." : agrees
      ? `they differ by ${difference}. A millionth of all that was added up is allowed; this is ${Math.floor(TOLERANCE * magnitude / off).toLocaleString("en-US")} times less.`
      : `they differ by ${difference}, more than a millionth of all that was added up. This should not be.`;
    this.check.className = `check ${agrees ? "agrees" : "differs"}`;
    Object.assign(this.check.dataset, { value, runtime, magnitude });
    this.check.replaceChildren(element("span", { class: "mark", "aria-hidden": "true", text: agrees ? "✓" : "✗" }),
      `${this.found.terms ? "Added up" : "Computed"} here ${fixed(value, digits)}, by ONNX Runtime ${fixed(runtime, digits)}: ${words}`);
  }

  advise() {
    const touch = window.matchMedia("(pointer: coarse)").matches;
    if (this.pinned) this.hint.textContent = `Pinned, and in the page's address. ${touch ? "Tap it again" : "Click it again or press Esc"} to let go.`;
    else this.hint.textContent = touch ? "Drag your thumb over the map. Tap to pin a cell." : "Move the pointer over the map. Click to pin a cell; arrow keys move it.";
  }

  // ---- drawing

  draw() {
    if (!this.root.clientWidth) return;
    const style = getComputedStyle(this.root);
    this.root.classList.toggle("dark", style.colorScheme === "dark" || luminance(style.getPropertyValue("--st-background-color")) < 128);
    const theme = (name) => style.getPropertyValue(name).trim();
    this.ink = theme("--st-text-color");
    this.accent = theme("--st-primary-color");
    this.hues = [theme("--against"), theme("--for")];
    this.font = style.fontFamily;
    this.found = this.result(this.cell);
    this.drawMap();
    this.drawPhoto();
    this.drawSum();
    this.drawNext();
    this.sentence();
    this.agreement();
    this.advise();
  }

  canvas(canvas, width, height) {
    const ratio = Math.min(2, window.devicePixelRatio);
    const size = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) {
      [canvas.width, canvas.height] = size;
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    return context;
  }

  colour(value, { table, low, high }) {
    const at = 3 * Math.max(0, Math.min(255, Math.round((value - low) / (high - low) * 255)));
    const colours = this.header[table];
    return [colours[at], colours[at + 1], colours[at + 2]];
  }

  // A map as a small canvas of its own, made once.
  picture(key, values, height, width, scale) {
    if (!this.pictures.has(key)) {
      const image = new ImageData(width, height);
      for (let at = 0; at < height * width; at++) image.data.set([...this.colour(values[at], scale), 255], at * 4);
      const canvas = element("canvas", { width, height });
      canvas.getContext("2d").putImageData(image, 0, 0);
      this.pictures.set(key, canvas);
    }
    return this.pictures.get(key);
  }

  frame(context, left, top, width, height, thick = 2) {
    context.lineWidth = thick + 2;
    context.strokeStyle = "rgb(255 255 255 / 75%)";
    context.strokeRect(left, top, width, height);
    context.lineWidth = thick;
    context.strokeStyle = this.accent;
    context.strokeRect(left, top, width, height);
  }

  drawMap() {
    const { height, width, values, scale } = this.header;
    if (height * width === 1) return;
    const side = Math.max(120, inner(this.where));
    const unit = Math.min(side / Math.max(height, width), 64);
    const context = this.canvas(this.map, width * unit, height * unit);
    context.drawImage(this.picture("map", values, height, width, scale), 0, 0, width * unit, height * unit);
    const { y, x } = this.cell;
    this.frame(context, x * unit - 1, y * unit - 1, unit + 2, unit + 2, this.pinned ? 3 : 2);
  }

  drawLegend() {
    const { scale, ticks, table = this.header[scale.table] } = this.header;
    const strip = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
    const image = new ImageData(256, 1);
    for (let at = 0; at < 256; at++) image.data.set([table[at * 3], table[at * 3 + 1], table[at * 3 + 2], 255], at * 4);
    strip.getContext("2d").putImageData(image, 0, 0);
    this.legend.replaceChildren(strip, element("div", { class: "ticks" }, ...ticks.map((tick) => element("span", { text: tick }))));
  }

  drawPhoto() {
    const { size, picture, colours, fieldRows, fieldColumns, reachRows, reachColumns } = this.header;
    const side = Math.min(inner(this.side), 300);
    const context = this.canvas(this.photo, side, side);
    if (!this.pictures.has("photo")) {
      const image = new ImageData(size, size);
      for (let at = 0; at < size * size; at++) for (let c = 0; c < 3; c++) image.data[at * 4 + c] = picture[at * colours + Math.min(c, colours - 1)];
      for (let at = 3; at < image.data.length; at += 4) image.data[at] = 255;
      const canvas = element("canvas", { width: size, height: size });
      canvas.getContext("2d").putImageData(image, 0, 0);
      this.pictures.set("photo", canvas);
    }
    const unit = side / size, { y, x } = this.cell;
    const [top, bottom] = [fieldRows[2 * y], fieldRows[2 * y + 1]], [left, right] = [fieldColumns[2 * x], fieldColumns[2 * x + 1]];
    context.drawImage(this.pictures.get("photo"), 0, 0, side, side);
    context.fillStyle = "rgb(255 255 255 / 60%)";
    context.beginPath();
    context.rect(0, 0, side, side);
    context.rect(left * unit, top * unit, (right - left) * unit, (bottom - top) * unit);
    context.fill("evenodd");
    const edge = (at) => Math.max(1.5, Math.min(side - 1.5, at * unit));
    this.frame(context, edge(left), edge(top), edge(right) - edge(left), edge(bottom) - edge(top));
    const tall = bottom - top, wide = right - left;
    const reach = [reachRows[2 * y + 1] - reachRows[2 * y], reachColumns[2 * x + 1] - reachColumns[2 * x]];
    const all = tall === size && wide === size;
    this.seen.textContent = all ? `Its receptive field is the whole photo, ${size} × ${size} pixels.`
      : `Its receptive field: ${tall} × ${wide} of the ${size} × ${size} pixels that the network gets` +
        (tall < reach[0] || wide < reach[1] ? `; it would be ${reach[0]} × ${reach[1]}, but the photo ends here.` : ".");
    this.photo.setAttribute("aria-label", `${this.header.photoTitle}, as the network gets it. ${this.seen.textContent}`);
  }

  drawSum() {
    const { kind, count, counts } = this.header;
    const plain = kind === "bent" || kind === "moved" || kind === "softmax";
    this.equation.classList.toggle("hidden", !plain);
    this.before.classList.toggle("hidden", !plain || kind === "softmax");
    this.scroller.classList.toggle("hidden", plain);
    this.heading.textContent = {
      weighted: counts === "nothing" ? (this.header.dense ? "Each feature × its weight" : "Window × kernel, added up for each map") : "The window",
      pointwise: "The cells in this place, each × its factor", largest: "The window: the largest wins", bent: this.header.step,
      moved: "A map becomes a row of numbers", softmax: "Its logit becomes a share of the whole",
    }[kind];
    if (plain) this.drawEquation();
    else this.layOutTerms();
    this.drawLedger();
    this.all.classList.toggle("hidden", !count || count <= ROWS);
    this.all.textContent = this.open ? `Show the ${ROWS} strongest` : `Show all ${count}`;
    this.all.setAttribute("aria-expanded", String(this.open));
  }

  drawEquation() {
    const { rule, passes, kind } = this.header, { given, value } = this.found;
    if (kind !== "softmax") this.drawBefore();
    const number = (at) => element("span", { class: "number", text: fixed(at) });
    if (passes || kind === "moved") this.equation.replaceChildren(number(given), element("span", { class: "quiet", text: kind === "moved" ? "in the map" : "comes in" }), "→", number(value));
    else this.equation.replaceChildren(element("span", { text: `${rule}(` }), number(given), element("span", { text: ") =" }), number(value));
  }

  // The map that a value comes from, with its cell.
  drawBefore() {
    const { sources, taken: [height, width], from, sourceScale } = this.header;
    const unit = Math.min(300, inner(this.sum)) / Math.max(height, width);
    const context = this.canvas(this.before, width * unit, height * unit);
    context.drawImage(this.picture("source 0", sources, height, width, sourceScale), 0, 0, width * unit, height * unit);
    const [y, x] = from ?? [this.cell.y, this.cell.x];
    this.frame(context, x * unit - 1, y * unit - 1, unit + 2, unit + 2);
  }

  // Where everything stands in a term of this width.
  layout() {
    const { counts, kind } = this.header;
    const { tall, wide } = this.window(0, this.cell);
    const width = inner(this.sum), narrow = width < 460;
    const weighs = kind !== "largest" && (counts ?? "nothing") === "nothing";
    const thumb = narrow ? 0 : 62, tail = narrow || !weighs ? 0 : 92;
    const room = width - (thumb ? thumb + 14 : 0) - tail - (weighs ? (narrow ? 26 : 52) : 0);
    const across = Math.min(width > 760 ? 84 : 66, room / (wide * (weighs ? 2 : 1)));
    const size = across >= 78 ? 16 : across >= 61 ? 13 : 12;
    const letter = size * 0.602;
    const letters = Math.floor((across - 5) / letter);
    const legible = letters >= 4;
    const down = !legible ? Math.max(6, Math.min(CELL, across)) : CELL + 2 * Math.max(0, size - 13);
    const head = narrow ? 24 : 0;
    return { width, narrow, weighs, thumb, across, down, size, letters, legible, head, tall, wide, height: Math.max(tall * down, thumb) + head + 2 * PAD };
  }

  layOutTerms() {
    this.form = this.layout();
    const rows = this.open ? this.header.count : Math.min(ROWS, this.header.count);
    const full = rows * this.form.height;
    const visible = this.open ? Math.min(full, 640) : full;
    this.scroller.style.height = `${visible}px`;
    this.spacer.style.height = `${full}px`;
    this.scroller.classList.toggle("scrolls", visible < full);
    this.visible = visible;
    this.drawTerms();
  }

  drawTerms() {
    const { height, width } = this.form;
    const context = this.canvas(this.terms, width, this.visible);
    const above = this.scroller.scrollTop, order = this.found.terms ?? [{ n: 0, subtotal: 0 }];
    const rows = this.open ? this.header.count : Math.min(ROWS, this.header.count);
    const last = Math.min(rows - 1, Math.floor((above + this.visible) / height));
    for (let row = Math.floor(above / height); row <= last; row++) this.drawTerm(context, order[row], row * height - above, row);
  }

  drawTerm(context, { n, subtotal }, top, row) {
    const { width, narrow, weighs, thumb, across, down, head, tall, wide, height } = this.form;
    const { labels, sourceScale, weightScale } = this.header;
    const found = this.window(n, this.cell);
    if (row) {
      context.fillStyle = shade(this.ink, 10);
      context.fillRect(0, top, width, 1);
    }
    context.textBaseline = "middle";
    const middle = top + head + PAD + (height - head - 2 * PAD) / 2, first = middle - tall * down / 2;
    let left = 0;
    if (narrow) {
      this.text(context, labels[n], 0, top + PAD + 6, { size: 13, quiet: true });
      if (weighs) this.text(context, signed(subtotal), width, top + PAD + 6, { size: 15, align: "right", colour: this.hue(subtotal) });
    } else {
      this.drawThumb(context, n, found, 0, middle - thumb / 2 - (tall > 1 ? 8 : 0), tall > 1 ? thumb - 14 : thumb - 22);
      this.text(context, labels[n], 0, middle + thumb / 2 - (tall > 1 ? 12 : 6), { size: 12, quiet: true });
      left = thumb + 14;
    }
    const best = this.header.kind === "largest" ? this.found.best : -1;
    this.figures = Math.min(...[...found.values, ...(weighs ? found.weights : [])].map((each) => this.fitting(each)));
    const given = this.grid(context, found.values, found.inside, left, first, sourceScale, best);
    left += wide * across;
    if (!weighs) return;
    this.text(context, "×", left + 13, middle, { size: 16, align: "center" });
    left += 26;
    const by = this.grid(context, found.weights, null, left, first, weightScale, -1);
    left += wide * across;
    const shown = given.reduce((sum, value, at) => sum + value * by[at], 0), over = Number(subtotal.toFixed(FIGURES)) - shown;
    const rounding = this.form.legible && Math.abs(over) >= 0.5 * 10 ** -FIGURES ? `rounding ${signed(over)}` : "";
    if (narrow) return this.text(context, rounding, width - 90, top + PAD + 7, { size: 12, align: "right", quiet: true });
    this.text(context, "=", left + 13, middle, { size: 16, align: "center" });
    this.bar(context, subtotal, left + 34, width - 112, middle);
    this.text(context, signed(subtotal), width - 2, middle, { size: 16, align: "right", colour: this.hue(subtotal) });
    this.text(context, rounding, width - 2, middle + 20, { size: 12, align: "right", quiet: true });
  }

  // Where there is room: how much the term adds or takes away, the strongest filling its half.
  bar(context, subtotal, left, right, middle) {
    if (right - left < 80) return;
    const zero = (left + right) / 2, length = subtotal / Math.abs(this.found.terms[0].subtotal || 1) * (right - left) / 2;
    context.fillStyle = shade(this.ink, 14);
    context.fillRect(zero - 0.5, middle - 14, 1, 28);
    context.fillStyle = this.hue(subtotal);
    context.fillRect(Math.min(zero, zero + length), middle - 7, Math.max(1, Math.abs(length)), 14);
  }

  // Coloured numbers; padding is hatched. Returns the numbers as they are printed.
  grid(context, values, inside, left, top, scale, best) {
    const { across, down, size, legible, wide } = this.form;
    const shown = [];
    for (let at = 0; at < values.length; at++) {
      const x = left + at % wide * across, y = top + Math.floor(at / wide) * down;
      const gap = across > 12 ? 2 : 0;
      const padding = inside && !inside[at];
      const rgb = this.colour(values[at], scale);
      context.fillStyle = padding ? shade(this.ink, 6) : `rgb(${rgb})`;
      context.beginPath();
      context.roundRect(x + gap / 2, y + gap / 2, across - gap, down - gap, gap ? 4 : 0);
      context.fill();
      if (padding) this.hatch(context, x + gap / 2, y + gap / 2, across - gap, down - gap);
      const text = padding ? "0" : fixed(values[at], this.figures);
      shown.push(Number(text.replace("−", "-")));
      if (!legible) continue;
      const dark = !padding && rgb[0] * 0.299 + rgb[1] * 0.587 + rgb[2] * 0.114 < 140;
      this.text(context, text, x + across / 2, y + down / 2 + 0.5, { size, align: "center", colour: padding ? this.ink : dark ? "#fff" : "#0f1621" });
      if (at === best) this.frame(context, x + 2, y + 2, across - 4, down - 4, 2.5);
    }
    return shown;
  }

  // How many decimals of a value its field has room for.
  fitting(value) {
    for (let digits = FIGURES; digits > 0; digits--) if (fixed(value, digits).length <= this.form.letters) return digits;
    return 0;
  }

  hatch(context, x, y, width, height) {
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.strokeStyle = shade(this.ink, 28);
    context.lineWidth = 1;
    context.beginPath();
    for (let at = x - height; at < x + width; at += 7) {
      context.moveTo(at, y + height);
      context.lineTo(at + height, y);
    }
    context.stroke();
    context.restore();
  }

  // The map that a term comes from, with the window on it.
  drawThumb(context, n, found, left, top, side) {
    const { taken: [height, width], sources, sourceScale, averaged, averagedSize } = this.header;
    const [tall, wide] = averaged ? averagedSize : [height, width];
    if (tall * wide === 1) return;
    const values = averaged ?? sources, unit = side / Math.max(tall, wide);
    const picture = this.picture(`source ${n}`, values.subarray(n * tall * wide, (n + 1) * tall * wide), tall, wide, averaged ? this.header.averagedScale : sourceScale);
    context.drawImage(picture, left, top, wide * unit, tall * unit);
    context.lineWidth = 1;
    context.strokeStyle = shade(this.ink, 20);
    context.strokeRect(left + 0.5, top + 0.5, wide * unit - 1, tall * unit - 1);
    if (averaged || found.tall >= tall) return;
    const { rows, columns } = this.header;
    const high = rows ? (rows.kernel - 1) * rows.dilation + 1 : 1, broad = columns ? (columns.kernel - 1) * columns.dilation + 1 : 1;
    this.frame(context, left + found.column * unit, top + found.row * unit, Math.max(3, broad * unit), Math.max(3, high * unit), 1.5);
  }

  text(context, text, x, y, { size, align = "left", colour = this.ink, quiet = false }) {
    context.font = `${size}px ${quiet ? this.font : MONO}`;
    context.textAlign = align;
    context.globalAlpha = quiet ? 0.72 : 1;
    context.fillStyle = colour;
    context.fillText(text, x, y);
    context.globalAlpha = 1;
  }

  hue(value) {
    return this.hues[value < 0 ? 0 : 1];
  }

  drawLedger() {
    const { terms, bias, divisor, sum, value } = this.found, { kind, counts, offset, noun } = this.header;
    const lines = [];
    const add = (name, text, className = "", data = {}) => {
      const line = element("div", { class: className }, element("dt", { text: name }), element("dd", { text }));
      Object.assign(line.dataset, data);
      lines.push(line);
    };
    if (kind === "weighted" || kind === "pointwise") {
      const shown = this.open ? terms : terms.slice(0, ROWS), rest = terms.slice(shown.length);
      const averages = counts && counts !== "nothing";
      let printedSum = 0;
      const count = (each) => { printedSum += Number(each.toFixed(FIGURES)); return averages ? fixed(each) : signed(each); };
      if (averages) {
        const over = sum - this.window(0, this.cell).values.reduce((all, each) => all + Number(each.toFixed(this.figures)), 0);
        if (this.form.legible && Math.abs(over) >= 0.5 * 10 ** -FIGURES) add("rounding of the digits shown", signed(over), "quiet");
        add("the window added up", fixed(sum));
      }
      else {
        shown.forEach((term) => count(term.subtotal));
        if (rest.length) add(`${rest.length} more ${noun}${rest.length === 1 ? "" : "s"}`, count(rest.reduce((all, term) => all + term.subtotal, 0)), "rest", { rest: rest.length });
        if (bias || !offset) add(offset ? "constant" : "bias", count(bias));
        const over = Number(value.toFixed(FIGURES)) - printedSum;
        if (Math.abs(over) >= 0.5 * 10 ** -FIGURES) add("rounding of the digits shown", signed(over), "quiet");
      }
      if (averages) add(`divided by ${divisor}`, `÷ ${divisor}`);
    }
    add(kind === "largest" ? "largest" : "value", fixed(value), "total");
    this.ledger.replaceChildren(...lines);
  }

  // What becomes of the value: ReLU, then the window of the pooling.
  drawNext() {
    const { next } = this.header, lines = [];
    let { value } = this.found, { y, x } = this.cell, alive = true;
    for (const step of next) {
      if (!alive) break;
      if (step.kind === "bent") {
        const after = this.bent(value, step);
        lines.push(element("h4", { text: step.title }), element("p", { class: "equation small" },
          `${step.rule}(`, element("span", { class: "number", text: fixed(value) }), ") = ", element("span", { class: "number", text: fixed(after) })));
        value = after;
      } else {
        const into = this.pooledInto(step, { y, x });
        lines.push(element("h4", { text: step.title }));
        if (!into) {
          lines.push(element("p", { text: "No window of the pooling reads this cell: it is dropped." }));
          break;
        }
        const found = this.poolWindow(step, into);
        const wins = found.winner.y === y && found.winner.x === x;
        const onward = `goes on as row ${into.y + 1}, column ${into.x + 1} of the pooled map`, other = `row ${found.winner.y + 1}, column ${found.winner.x + 1}`;
        lines.push(this.pool(step, found, { y, x }), element("p", { text: wins ? `It is the largest of its window and ${onward}.`
          : found.value === found.cells.find((each) => each.y === y && each.x === x).value ? `The largest of its window, ${fixed(found.value)}, is there more than once. It ${onward}.`
          : `In its window ${other} is larger: ${fixed(found.value)} ${onward}, this one ends here.` }));
        alive = wins;
        ({ y, x } = into);
      }
    }
    this.next.replaceChildren(...lines);
  }

  pooledInto({ rows, columns, height, width }, { y, x }) {
    const find = (axis, size, at) => Array.from({ length: size }, (_, cell) => cell).find((cell) => taps(axis, cell).includes(at));
    const row = find(rows, height, y), column = find(columns, width, x);
    return row === undefined || column === undefined ? null : { y: row, x: column };
  }

  poolWindow({ rows, columns, map }, { y, x }) {
    const values = this.header[map], cells = [];
    for (const row of taps(rows, y)) for (const column of taps(columns, x)) cells.push({ y: row, x: column, there: within(row, rows.size) && within(column, columns.size) });
    let winner = null;
    for (const cell of cells) {
      cell.value = cell.there ? values[cell.y * columns.size + cell.x] : 0;
      if (cell.there && (!winner || cell.value > winner.value)) winner = cell;
    }
    return { cells, winner, value: winner.value };
  }

  pool({ columns, scale }, { cells, winner }, at) {
    const box = element("div", { class: "pool" });
    box.style.gridTemplateColumns = `repeat(${columns.kernel}, minmax(0, 74px))`;
    for (const cell of cells) {
      const rgb = this.colour(cell.value, scale);
      const dark = rgb[0] * 0.299 + rgb[1] * 0.587 + rgb[2] * 0.114 < 140;
      const own = cell.y === at.y && cell.x === at.x;
      const made = element("span", { class: `${own ? "own" : ""}${cell === winner ? " winner" : ""}${cell.there ? "" : " padding"}`, text: cell.there ? fixed(cell.value) : "0" });
      if (cell.there) Object.assign(made.style, { background: `rgb(${rgb})`, color: dark ? "#fff" : "#0f1621" });
      box.append(made);
    }
    return box;
  }

  drawChannels() {
    const { channels, chosenChannel, thumbs, thumbSize: [height, width] = [1, 1], scale } = this.header;
    const few = 12, at = channels.findIndex((each) => each.index === chosenChannel);
    const shown = this.wide ? channels : channels.slice(0, few);
    if (!this.wide && at >= few) shown.push(channels[at]);
    this.strip.replaceChildren(...shown.map((each) => {
      const button = element("button", { type: "button", class: "channel", "aria-pressed": String(each.index === chosenChannel), "aria-label": `channel ${each.index}, ${each.note}`, title: `channel ${each.index}: ${each.note}` });
      if (thumbs && height * width > 1) {
        const n = channels.indexOf(each), canvas = element("canvas", { width: 88, height: Math.round(88 * height / width), "aria-hidden": "true" });
        const context = canvas.getContext("2d");
        context.imageSmoothingEnabled = false;
        context.drawImage(this.picture(`thumb ${n}`, thumbs.subarray(n * height * width, (n + 1) * height * width), height, width, scale), 0, 0, canvas.width, canvas.height);
        button.append(canvas);
      }
      button.append(element("span", { text: String(each.index) }));
      button.onclick = () => this.trigger("channel", each.index);
      return button;
    }));
    this.moreChannels.classList.toggle("hidden", channels.length <= few);
    this.moreChannels.textContent = this.wide ? `Show the ${few} strongest` : `Show all ${channels.length}`;
  }

  // ---- copying

  asText() {
    const { kind, labels } = this.header, { terms, bias, divisor, value, runtime } = this.found;
    const lines = [this.answer.textContent];
    if (terms) {
      for (const { n, subtotal } of terms) {
        const { values, inside, weights } = this.window(n, this.cell);
        const products = values.map((each, at) => (inside[at] ? `${each} × ${weights[at]}` : "0 (padding)"));
        lines.push(`${labels[n]}: ${products.join(" + ")} = ${subtotal}`);
      }
      lines.push(`bias: ${bias}`);
      if (divisor !== 1) lines.push(`divided by ${divisor}`);
    } else if (kind === "largest") lines.push(`window: ${this.found.values.map((each, at) => (this.found.inside[at] ? each : "padding")).join(", ")}`);
    return [...lines, `value: ${value}`, `ONNX Runtime: ${runtime}`].join("\n");
  }

  async copy() {
    const text = this.asText();
    try {
      await navigator.clipboard.writeText(text);
    } catch { // not allowed here: the old way
      const area = element("textarea", { "aria-label": "text to copy" });
      area.value = text;
      this.root.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    this.copied.textContent = "Copied";
    setTimeout(() => { this.copied.textContent = "Copy as text"; }, 1500);
  }
}

export default (mount) => viewOf(Unit, mount);
