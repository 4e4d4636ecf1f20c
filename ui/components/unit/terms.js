// The terms of a sum, window × kernel = subtotal, one below the other; of a maximum, its window.

const ROWS = 5; // terms that are shown at first; of more the strongest
const TALLEST = 640; // px of terms, of which more are scrolled
const PAD = 14; // px of air above and below the numbers of a term
const BETWEEN = 22; // px between a window and the kernel below it
const CELL = 30; // px, height of a number's field
const FIELD = 52; // px, width of one in which most numbers find room

class Terms {
  constructor() {
    this.sheet = element("canvas", { "aria-hidden": "true" });
    this.spacer = element("div", { class: "spacer" }, this.sheet);
    this.node = element("div", { class: "scroller", tabindex: 0, role: "img", "aria-label": "The terms" }, this.spacer);
    this.node.onscroll = () => this.draw();
  }

  show(header, arithmetic, brush) {
    Object.assign(this, { header, arithmetic, brush, open: false });
  }

  toggle() {
    this.open = !this.open;
    this.node.scrollTop = 0;
  }

  get rows() {
    return this.open ? this.header.count : Math.min(ROWS, this.header.count);
  }

  // Where everything stands in a term of this width.
  form(width, cell) {
    const { counts, kind } = this.header;
    const { tall, wide } = this.arithmetic.window(0, cell);
    const narrow = width < 460;
    const weighs = kind !== "largest" && (counts ?? "nothing") === "nothing";
    const thumb = narrow ? 0 : 62, tail = narrow || !weighs ? 0 : 92, signs = narrow ? 26 : 52;
    const free = width - (thumb ? thumb + 14 : 0) - tail;
    const stacked = weighs && wide > 3 && (free - signs) / (2 * wide) < FIELD; // the kernel stands below the window
    const room = free - (!weighs ? 0 : stacked ? signs - 26 : signs);
    const across = Math.min(width > 760 ? 84 : 66, room / (wide * (weighs && !stacked ? 2 : 1)));
    const size = across >= 78 ? 16 : across >= 61 ? 13 : 12;
    const letters = Math.floor((across - 5) / (size * 0.602));
    const legible = letters >= 4;
    const down = !legible ? Math.max(6, Math.min(CELL, across)) : CELL + 2 * Math.max(0, size - 13);
    const head = narrow ? 24 : 0;
    const body = Math.max(tall * down, thumb) + (stacked ? tall * down + BETWEEN : 0);
    return { width, narrow, weighs, stacked, thumb, across, down, size, letters, legible, head, tall, wide, body, height: body + head + 2 * PAD };
  }

  layOut(width, cell, found) {
    const strongest = (found.terms ?? []).reduce((most, { subtotal }) => Math.max(most, Math.abs(subtotal)), 0) || 1;
    Object.assign(this, { cell, found, strongest, laid: this.form(width, cell) });
    const full = this.rows * this.laid.height;
    this.visible = this.open ? Math.min(full, TALLEST) : full;
    this.node.style.height = `${this.visible}px`;
    this.spacer.style.height = `${full}px`;
    this.node.classList.toggle("scrolls", this.visible < full);
    this.draw();
  }

  draw() {
    const { height, width } = this.laid, above = this.node.scrollTop;
    const context = this.brush.canvas(this.sheet, width, this.visible);
    const order = this.found.terms ?? [{ n: 0, subtotal: 0 }];
    const last = Math.min(this.rows - 1, Math.floor((above + this.visible) / height));
    for (let row = Math.floor(above / height); row <= last; row++) this.term(context, order[row], row * height - above, row);
  }

  term(context, { n, subtotal }, top, row) {
    const { brush, laid: { width, narrow, weighs, stacked, thumb, across, down, head, tall, wide, body, legible } } = this;
    const { labels, sourceScale, weightScale } = this.header;
    const found = this.arithmetic.window(n, this.cell);
    if (row) {
      context.fillStyle = shade(brush.ink, 10);
      context.fillRect(0, top, width, 1);
    }
    context.textBaseline = "middle";
    const middle = top + head + PAD + body / 2, first = stacked ? top + head + PAD : middle - tall * down / 2;
    let left = 0;
    if (narrow) {
      brush.text(context, labels[n], 0, top + PAD + 6, { size: 13, quiet: true });
      if (weighs) brush.text(context, signed(subtotal), width, top + PAD + 6, { size: 15, align: "right", colour: brush.hue(subtotal) });
    } else {
      this.thumb(context, n, found, 0, middle - thumb / 2 - (tall > 1 ? 8 : 0), tall > 1 ? thumb - 14 : thumb - 22);
      brush.text(context, labels[n], 0, middle + thumb / 2 - (tall > 1 ? 12 : 6), { size: 12, quiet: true });
      left = thumb + 14;
    }
    const best = this.header.kind === "largest" ? this.found.best : -1;
    this.figures = Math.min(...[...found.values, ...(weighs ? found.weights : [])].map((each) => this.fitting(each)));
    const given = this.grid(context, found.values, found.inside, left, first, sourceScale, best);
    if (!weighs) return;
    brush.text(context, "×", left + (stacked ? wide * across / 2 : wide * across + 13), middle, { size: 16, align: "center" });
    left += stacked ? 0 : wide * across + 26;
    const by = this.grid(context, found.weights, null, left, stacked ? middle + BETWEEN / 2 : first, weightScale, -1);
    left += wide * across;
    const shown = given.reduce((sum, value, at) => sum + value * by[at], 0), over = Number(subtotal.toFixed(FIGURES)) - shown;
    const rounding = legible && remains(over) ? `rounding ${signed(over)}` : "";
    if (narrow) return brush.text(context, rounding, width - 90, top + PAD + 7, { size: 12, align: "right", quiet: true });
    brush.text(context, "=", left + 13, middle, { size: 16, align: "center" });
    this.bar(context, subtotal, left + 34, width - 112, middle);
    brush.text(context, signed(subtotal), width - 2, middle, { size: 16, align: "right", colour: brush.hue(subtotal) });
    brush.text(context, rounding, width - 2, middle + 20, { size: 12, align: "right", quiet: true });
  }

  // Where there is room: how much the term adds or takes away, the strongest filling its half.
  bar(context, subtotal, left, right, middle) {
    if (right - left < 80) return;
    const zero = (left + right) / 2, length = subtotal / this.strongest * (right - left) / 2;
    context.fillStyle = shade(this.brush.ink, 14);
    context.fillRect(zero - 0.5, middle - 14, 1, 28);
    context.fillStyle = this.brush.hue(subtotal);
    context.fillRect(Math.min(zero, zero + length), middle - 7, Math.max(1, Math.abs(length)), 14);
  }

  // Coloured numbers; padding is hatched. Returns the numbers as they are printed.
  grid(context, values, inside, left, top, scale, best) {
    const { brush, laid: { across, down, size, legible, wide } } = this;
    const gap = across > 12 ? 2 : 0, shown = [];
    for (let at = 0; at < values.length; at++) {
      const x = left + at % wide * across, y = top + Math.floor(at / wide) * down;
      const padding = inside && !inside[at], rgb = brush.colour(values[at], scale);
      context.fillStyle = padding ? shade(brush.ink, 6) : `rgb(${rgb})`;
      context.beginPath();
      context.roundRect(x + gap / 2, y + gap / 2, across - gap, down - gap, gap ? 4 : 0);
      context.fill();
      if (padding) brush.hatch(context, x + gap / 2, y + gap / 2, across - gap, down - gap);
      const text = padding ? "0" : fixed(values[at], this.figures);
      shown.push(Number(text.replace("−", "-")));
      if (!legible) continue;
      brush.text(context, text, x + across / 2, y + down / 2 + 0.5, { size, align: "center", colour: padding ? brush.ink : inkOn(rgb) });
      if (at === best) brush.frame(context, x + 2, y + 2, across - 4, down - 4, 2.5);
    }
    return shown;
  }

  // How many decimals of a value its field has room for.
  fitting(value) {
    for (let digits = FIGURES; digits > 0; digits--) if (fixed(value, digits).length <= this.laid.letters) return digits;
    return 0;
  }

  // The map that a term comes from, with the window on it.
  thumb(context, n, found, left, top, side) {
    const { brush, header: { taken: [height, width], sources, sourceScale, averaged, averagedSize, averagedScale, rows, columns } } = this;
    const [tall, wide] = averaged ? averagedSize : [height, width];
    if (tall * wide === 1) return;
    const values = averaged ?? sources, unit = side / Math.max(tall, wide);
    const picture = brush.picture(`source ${n}`, values.subarray(n * tall * wide, (n + 1) * tall * wide), tall, wide, averaged ? averagedScale : sourceScale);
    context.drawImage(picture, left, top, wide * unit, tall * unit);
    context.lineWidth = 1;
    context.strokeStyle = shade(brush.ink, 20);
    context.strokeRect(left + 0.5, top + 0.5, wide * unit - 1, tall * unit - 1);
    if (averaged || found.tall >= tall) return;
    const high = rows ? (rows.kernel - 1) * rows.dilation + 1 : 1, broad = columns ? (columns.kernel - 1) * columns.dilation + 1 : 1;
    brush.frame(context, left + found.column * unit, top + found.row * unit, Math.max(3, broad * unit), Math.max(3, high * unit), 1.5);
  }
}
