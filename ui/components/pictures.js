// Shared by components that show a picture under the pointer: it stands after colours.js.

const CHANNELS = ["red", "green", "blue"];

function tint(node, colour) {
  node.style.background = `rgb(${colour.join(",")})`;
  node.style.color = inkOn(colour);
}

// A picture with a box on it that the pointer, a finger or the arrow keys move: `moved(x, y)` hears of the cell.
class Plate {
  constructor(label, moved) {
    this.at = { x: 0, y: 0 };
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.box = element("div", { class: "box hidden" });
    this.node = element("div", { class: "plate", tabindex: 0, role: "group", "aria-label": label }, this.canvas, this.box);
    const follow = (event) => {
      const bounds = this.canvas.getBoundingClientRect();
      const x = (event.clientX - bounds.left) / bounds.width * this.width, y = (event.clientY - bounds.top) / bounds.height * this.height;
      if (Math.floor(x) !== this.at.x || Math.floor(y) !== this.at.y) this.go(x, y, moved);
    };
    this.node.onpointermove = this.node.onpointerdown = follow;
    this.node.onkeydown = (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!by) return;
      event.preventDefault();
      const far = event.shiftKey ? 8 : 1;
      this.go(this.at.x + far * by[0], this.at.y + far * by[1], moved);
    };
  }

  go(x, y, moved) {
    this.at = { x: Math.max(0, Math.min(this.width - 1, Math.floor(x))), y: Math.max(0, Math.min(this.height - 1, Math.floor(y))) };
    moved(this.at.x, this.at.y);
  }

  show(picture) {
    [this.width, this.height] = [picture.width, picture.height];
    paint(this.canvas, picture);
  }

  // The box, in cells; what lies outside the picture is cut off.
  mark(x, y, width, height) {
    const left = Math.max(0, x), top = Math.max(0, y);
    const right = Math.min(this.width, x + width), bottom = Math.min(this.height, y + height);
    this.box.classList.toggle("hidden", right <= left || bottom <= top);
    Object.assign(this.box.style, {
      left: `${100 * left / this.width}%`, top: `${100 * top / this.height}%`,
      width: `${100 * (right - left) / this.width}%`, height: `${100 * (bottom - top) / this.height}%`,
    });
  }
}

// A square of numbers on their colours. cells: {text, colour, class} row by row.
function numbers(node, columns, cells) {
  if (node.childElementCount !== cells.length) node.replaceChildren(...cells.map(() => element("span")));
  node.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  cells.forEach((cell, at) => {
    const child = node.children[at], shown = `${cell.text} ${cell.class} ${cell.colour}`;
    if (child.shown === shown) return;
    child.shown = shown;
    child.textContent = cell.text;
    child.className = cell.class ?? "";
    tint(child, cell.colour);
  });
}

function legendOf(table, ticks) {
  const canvas = element("canvas", { "aria-hidden": "true" });
  paint(canvas, { width: 256, height: 1, values: Float32Array.from({ length: 256 }, (_, at) => at), table, low: 0, high: 255 });
  return element("div", { class: "legend" }, canvas, element("div", { class: "ticks" }, ...ticks.map((tick) => element("span", { text: tick }))));
}

// The header's pictures with their values and colour tables in place.
function picturesOf(header) {
  return header.pictures.map((picture) => ({ ...picture, values: header.arrays[picture.slot], table: picture.palette && header.arrays[header.tables[picture.palette]] }));
}
