const SIDES = [4, 8, 16, 32];
const READABLE = 8; // cells in a row up to which a cell has room for its number

class Pixels {
  constructor(parent) {
    this.plate = new Plate("", (x, y) => this.look(x, y));
    this.zoom = element("input", { type: "range", min: 0, "aria-label": "Pixels under the glass" });
    this.zoom.oninput = () => this.look(this.plate.at.x, this.plate.at.y);
    this.size = element("span", { class: "quiet" });
    this.glasses = element("div", { class: "glasses" });
    this.say = element("p", { class: "say", role: "status" });
    this.root = element("div", { class: "root" }, element("div", { class: "plates" },
      element("div", {}, this.plate.node, element("label", { class: "zoom" }, element("span", { text: "Zoom" }), this.zoom, this.size)), this.glasses), this.say);
    parent.append(this.root);
  }

  show(header) {
    [this.picture] = picturesOf(header);
    const { width, height, channels } = this.picture;
    this.plate.node.setAttribute("aria-label", header.label);
    this.plate.show(this.picture);
    this.sides = [...SIDES.filter((side) => side < width), width].reverse();
    this.zoom.max = this.sides.length - 1;
    this.zoom.value = Math.max(0, this.sides.indexOf(8));
    const titles = channels === 3 ? CHANNELS : ["grey"];
    this.views = titles.map((title) => ({ title, grid: element("div", { class: "numbers" }), canvas: element("canvas", { "aria-hidden": "true" }) }));
    this.glasses.replaceChildren(...this.views.map(({ title, grid, canvas }) => element("div", { class: "glass" }, element("p", { class: "head", text: title }), grid, canvas)));
    this.plate.go(width >> 1, height >> 1, (x, y) => this.look(x, y));
  }

  look(x, y) {
    const { width, height, channels, values } = this.picture;
    const side = this.sides[this.zoom.value];
    const left = Math.max(0, Math.min(width - side, x - side / 2)), top = Math.max(0, Math.min(height - side, y - side / 2));
    this.plate.mark(left, top, side, side);
    this.views.forEach(({ grid, canvas }, channel) => {
      const cells = [];
      for (let row = top; row < top + side; row++) for (let column = left; column < left + side; column++) {
        const value = values[(row * width + column) * channels + channel];
        cells.push({ text: value, colour: channels === 3 ? [0, 1, 2].map((c) => (c === channel ? value : 0)) : [value, value, value], class: row === y && column === x ? "won" : "" });
      }
      const readable = side <= READABLE;
      grid.classList.toggle("hidden", !readable);
      canvas.classList.toggle("hidden", readable);
      if (readable) numbers(grid, side, cells);
      else paint(canvas, { width: side, height: side, channels: 3, values: cells.flatMap((cell) => cell.colour) });
    });
    this.size.textContent = `${side} × ${side} pixels`;
    const at = (y * width + x) * channels;
    const parts = this.views.map(({ title }, c) => `${title} ${values[at + c]}`);
    this.say.textContent = `Row ${y + 1}, column ${x + 1}: ${parts.join(", ")}.`;
  }
}

export default (mount) => viewOf(Pixels, mount);
