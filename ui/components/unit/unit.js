// The page's cards, and what is drawn in them for the cell under the pointer.

class Unit {
  constructor(parent) {
    this.answer = element("p", { class: "answer" });
    this.live = element("div", { class: "live", role: "status", "aria-live": "polite" });
    this.makeWhere();
    this.makeSum();
    this.field = new Field();
    this.onward = new Onward();
    this.side = element("section", { class: "card side" }, element("h3", { text: "What it sees of the photo" }), this.field.photo, this.field.said, this.onward.node);
    this.channels = new Channels((index) => this.trigger("channel", index));
    this.root = element("div", { class: "root" }, this.answer, element("div", { class: "board" }, this.where, this.sum, this.side, this.channels.node), this.live);
    parent.append(this.root);
    this.resized = new ResizeObserver(() => this.header && this.draw());
    this.resized.observe(this.root);
  }

  makeWhere() {
    this.map = element("canvas", { class: "map", tabindex: 0, role: "application" });
    this.pointer = new Pointer(this.map, { moved: () => this.draw(), settled: () => this.speak(), pinned: (cell) => this.pin(cell) });
    this.legend = element("div", { class: "legend" });
    this.hint = element("p", { class: "quiet hint" });
    this.where = element("section", { class: "card where" }, element("h3", { text: "Its map" }), this.map, this.legend,
      element("div", { class: "row" }, this.pointer.play, this.pointer.speed), this.hint);
  }

  makeSum() {
    this.heading = element("h3");
    this.equation = element("p", { class: "equation" });
    this.before = element("canvas", { class: "before", "aria-hidden": "true" });
    this.terms = new Terms();
    this.left = element("p", { class: "quiet left" });
    this.ledger = new Ledger();
    this.check = element("p", { class: "check" });
    this.all = element("button", { type: "button" });
    this.all.onclick = () => { this.terms.toggle(); this.draw(); };
    this.copied = element("button", { type: "button", text: "Copy as text" });
    this.copied.onclick = () => this.copy();
    this.sum = element("section", { class: "card sum" }, this.heading, this.equation, this.before, this.terms.node, this.ledger.node, this.left, this.check,
      element("div", { class: "row" }, this.all, this.copied));
  }

  close() {
    this.pointer.close();
    this.resized.disconnect();
  }

  show(header) {
    this.header = header;
    Object.assign(header, Object.fromEntries(header.names.map((name, at) => [name, header.arrays[at]])));
    this.arithmetic = new Arithmetic(header);
    this.brush = new Brush(header);
    const single = header.height * header.width === 1;
    this.root.classList.toggle("single", single);
    this.root.classList.toggle("bare", single && !header.channels.length);
    this.where.classList.toggle("hidden", single);
    this.map.setAttribute("aria-label", `${header.unit}: ${header.height} × ${header.width} cells. Arrow keys move the cell, Enter pins it.`);
    this.pointer.show(header);
    this.terms.show(header, this.arithmetic, this.brush);
    this.channels.show(header, this.brush);
    this.left.textContent = leftOut(header);
    this.drawLegend();
    this.draw();
  }

  pin(cell) {
    this.trigger("cell", cell ? [cell.y, cell.x] : []);
    this.draw();
  }

  draw() {
    if (!this.root.clientWidth) return;
    this.brush.dip(this.root);
    this.room = Object.fromEntries(["where", "sum", "side"].map((card) => [card, inner(this[card])])); // before anything is changed
    this.cell = this.pointer.cell;
    this.found = this.arithmetic.at(this.cell);
    this.drawMap();
    this.field.draw(this.header, this.brush, this.cell, this.room.side);
    this.drawSum();
    this.onward.draw(this.header, this.brush, this.cell, this.found.value);
    const products = this.found.terms ? (this.header.count + this.header.left) * this.arithmetic.window(0, this.cell).values.length : 0;
    this.answer.replaceChildren(...sentence(this.header, this.cell, this.found, products));
    this.drawCheck();
    this.hint.textContent = this.pointer.advice;
  }

  drawMap() {
    const { height, width, values, scale } = this.header, { y, x } = this.cell;
    if (height * width === 1) return;
    const unit = Math.min(Math.max(120, this.room.where) / Math.max(height, width), 64);
    const context = this.brush.canvas(this.map, width * unit, height * unit);
    context.drawImage(this.brush.picture("map", values, height, width, scale), 0, 0, width * unit, height * unit);
    this.brush.frame(context, x * unit - 1, y * unit - 1, unit + 2, unit + 2, this.pointer.pinned ? 3 : 2);
  }

  drawLegend() {
    const { scale, ticks } = this.header, table = this.header[scale.table];
    const strip = this.brush.made("legend", 1, 256, (at) => table.subarray(at * 3, at * 3 + 3));
    strip.setAttribute("aria-hidden", "true");
    this.legend.replaceChildren(strip, element("div", { class: "ticks" }, ...ticks.map((tick) => element("span", { text: tick }))));
  }

  drawSum() {
    const { kind, count, left, counts: divided, dense, step, taken = [1, 1] } = this.header;
    const plain = ["unary", "moved", "softmax"].includes(kind);
    this.equation.classList.toggle("hidden", !plain);
    this.before.classList.toggle("hidden", !plain || kind === "softmax" || taken[0] * taken[1] === 1);
    this.terms.node.classList.toggle("hidden", plain);
    this.heading.textContent = {
      weighted: divided !== "nothing" ? "The window" : (dense ? "Each feature × its weight" : "Window × kernel, added up for each map") + (count > ROWS ? ", strongest first" : ""),
      pointwise: "The cells in this place, each × its factor", largest: "The window: the largest wins", unary: step,
      moved: "A map becomes a row of numbers", softmax: "Its logit becomes a share of the whole",
    }[kind];
    if (plain) this.drawEquation();
    else this.terms.layOut(this.room.sum, this.cell, this.found);
    this.ledger.draw(this.header, this.found, this.terms);
    this.all.classList.toggle("hidden", !count || count <= ROWS);
    this.all.textContent = this.terms.open ? `Show the ${ROWS} strongest` : left ? `Show ${count} of ${count + left}` : `Show all ${count}`;
    this.all.setAttribute("aria-expanded", String(this.terms.open));
  }

  drawEquation() {
    const { rule, passes, kind } = this.header, { given, value } = this.found;
    if (kind !== "softmax") this.drawBefore();
    const number = (at) => element("span", { class: "number", text: fixed(at) });
    if (passes || kind === "moved") this.equation.replaceChildren(number(given), element("span", { class: "quiet", text: kind === "moved" ? " in the map" : " comes in" }), " → ", number(value));
    else this.equation.replaceChildren(`${rule}(`, number(given), ") = ", number(value));
  }

  // The map that a value comes from, with its cell.
  drawBefore() {
    const { sources, taken: [height, width], from, sourceScale } = this.header;
    const unit = Math.min(WIDEST, this.room.sum) / Math.max(height, width);
    const context = this.brush.canvas(this.before, width * unit, height * unit);
    context.drawImage(this.brush.picture("source 0", sources, height, width, sourceScale), 0, 0, width * unit, height * unit);
    const [y, x] = from ?? [this.cell.y, this.cell.x];
    this.brush.frame(context, x * unit - 1, y * unit - 1, unit + 2, unit + 2);
  }

  drawCheck() {
    const { agrees, text } = agreement(this.found), { value, runtime, magnitude } = this.found;
    this.check.className = `check ${agrees ? "agrees" : "differs"}`;
    Object.assign(this.check.dataset, { value, runtime, magnitude, cell: `${this.cell.y},${this.cell.x}` });
    this.check.replaceChildren(element("span", { class: "mark", "aria-hidden": "true", text: agrees ? "✓" : "✗" }), text);
  }

  speak() {
    const terms = this.found?.terms?.slice(0, ROWS).map(({ n, subtotal }) => `${this.header.labels[n]} ${fixed(subtotal)}`).join(", ");
    this.terms.node.setAttribute("aria-label", terms ? `The terms: ${terms}.` : "The window.");
    this.live.textContent = `${this.answer.textContent} ${this.check.textContent}`;
  }

  async copy() {
    const text = asText(this.answer.textContent, this.header, this.arithmetic, this.cell, this.found);
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
