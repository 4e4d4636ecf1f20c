const ALL = 12; // cells on a side up to which the numbers are all of them; beyond, those around the marked cell
const AROUND = 2; // cells on either side of it
const OPACITY = 0.7, POWER = 1.5, DEEP = 0.62; // of a map over a picture, as convoscope.render.overlay draws it

class Heat {
  constructor(parent) {
    this.root = element("div", { class: "root" });
    this.plate = new Plate("", (x, y) => this.point(x, y));
    this.over = element("canvas", { class: "over", "aria-hidden": "true" });
    this.plate.box.before(this.over);
    this.plate.node.onpointerleave = (event) => event.pointerType === "touch" || this.leave();
    this.read = element("div", { class: "read", "aria-live": "polite" });
    this.fade = element("input", { type: "range", min: 0, max: 100, "aria-label": "From the photo to the map alone" });
    this.fade.oninput = () => { this.moved = true; this.draw(); };
    this.legend = element("div");
    this.cells = element("div", { class: "numbers", role: "img" });
    this.caption = element("div", { class: "quiet" });
    this.details = element("details", {}, element("summary", { text: "Show me the numbers" }), this.cells, this.caption);
    this.details.ontoggle = () => this.list();
    this.root.append(this.plate.node, this.read, this.legend,
      element("div", { class: "fade quiet" }, element("span", { text: "photo" }), this.fade, element("span", { text: "map" })), this.details);
    parent.append(this.root);
  }

  show(header) {
    this.header = header;
    [this.picture, this.map] = picturesOf(header);
    if (!this.moved) this.fade.value = header.begin;
    paint(this.plate.canvas, this.picture);
    [this.plate.width, this.plate.height] = [this.map.width, this.map.height];
    this.plate.node.setAttribute("aria-label", header.label);
    this.legend.replaceChildren(legendOf(this.map.table, this.map.ticks));
    this.plate.at = strongest(this.map);
    this.draw();
    this.leave();
    this.list();
  }

  // Half way the strongest cells are the most opaque; from there on the map's own colours are laid over all, and the picture greys.
  draw() {
    const { width, height, values, low, high } = this.map;
    const shown = this.fade.value / 50, full = Math.max(0, shown - 1), peak = Math.max(Math.abs(low), Math.abs(high));
    const deep = [low, high].map((end) => colourOf({ ...this.map, values: [DEEP * end] }, 0));
    [this.over.width, this.over.height] = [width, height];
    const image = new ImageData(width, height);
    for (let cell = 0; cell < width * height; cell++) {
      const strong = deep[values[cell] < 0 ? 0 : 1], own = colourOf(this.map, cell);
      const opacity = Math.min(1, Math.abs(values[cell]) / peak) ** POWER * OPACITY * Math.min(1, shown);
      const both = opacity + (1 - opacity) * full;
      image.data.set([0, 1, 2].map((c) => strong[c] + (own[c] - strong[c]) * (both && full / both)), cell * 4);
      image.data[cell * 4 + 3] = 255 * both;
    }
    this.over.getContext("2d").putImageData(image, 0, 0);
    this.plate.canvas.style.filter = `grayscale(${Math.min(1, 2 * full)})`;
  }

  point(x, y) {
    const { boxed, unit } = this.header;
    this.plate.mark(x - (boxed >> 1), y - (boxed >> 1), boxed, boxed);
    this.read.textContent = `Row ${y + 1}, column ${x + 1}: ${signed(this.map.values[y * this.map.width + x], this.map.low)} ${unit}`;
    this.list();
  }

  leave() {
    this.plate.mark(0, 0, 0, 0);
    this.read.textContent = touched() ? "Tap a cell to read its value." : "Point at a cell to read its value; arrow keys work, too.";
  }

  list() {
    if (!this.details.open) return;
    const { width, height, low, high } = this.map;
    const all = Math.max(width, height) <= ALL;
    const [left, columns] = all ? [0, width] : around(this.plate.at.x, width);
    const [top, rows] = all ? [0, height] : around(this.plate.at.y, height);
    const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high)))));
    numbers(this.cells, columns, Array.from({ length: rows * columns }, (_, at) => {
      const x = left + at % columns, y = top + Math.floor(at / columns);
      const own = !all && x === this.plate.at.x && y === this.plate.at.y;
      const value = this.map.values[y * width + x];
      return { text: digits > 4 ? printed(value) : value.toFixed(digits).replace("-", "−"), colour: colourOf(this.map, y * width + x), class: own ? "won" : "" };
    }));
    this.cells.setAttribute("aria-label", `Rows ${top + 1} to ${top + rows}, columns ${left + 1} to ${left + columns} of the map as numbers`);
    this.caption.textContent = all
      ? `All ${width * height} cells, ${this.header.unit}.`
      : `Rows ${top + 1}-${top + rows}, columns ${left + 1}-${left + columns}, around the cell pointed at, of ${height} × ${width}; all of them are in the .npz file.`;
  }
}

function around(at, count) {
  const size = Math.min(count, 2 * AROUND + 1);
  return [Math.max(0, Math.min(count - size, at - AROUND)), size];
}

function strongest({ values, width }) {
  let best = 0;
  values.forEach((value, cell) => { if (Math.abs(value) > Math.abs(values[best])) best = cell; });
  return { x: best % width, y: Math.floor(best / width) };
}

function signed(value, low) {
  return low < 0 && value > 0 ? `+${printed(value)}` : printed(value);
}

export default (mount) => viewOf(Heat, mount);
