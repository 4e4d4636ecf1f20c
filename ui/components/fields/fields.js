class Fields {
  constructor(parent) {
    this.photo = new Plate("", (x, y) => this.point((x + 0.5) / this.photo.width, (y + 0.5) / this.photo.height));
    this.map = new Plate("", (x, y) => this.point((x + 0.5) / this.map.width, (y + 0.5) / this.map.height));
    this.slider = element("input", { type: "range", min: 0, value: 0, "aria-label": "Layer" });
    this.slider.oninput = () => this.choose(Number(this.slider.value));
    this.title = element("b");
    this.head = element("p", { class: "head" });
    this.key = element("div");
    this.say = element("p", { class: "say", role: "status" });
    this.onward = element("button", { type: "button", class: "onward", text: "How is this number made?" });
    this.onward.onclick = () => this.trigger("opened", [this.at, this.map.at.y, this.map.at.x]);
    this.root = element("div", { class: "root" }, element("label", { class: "depth" }, element("span", { text: "Deeper" }), this.slider, this.title),
      element("div", { class: "plates" }, element("div", { class: "seen" }, element("p", { class: "head", text: "What the cell sees of the photo" }), this.photo.node),
        element("div", {}, this.head, this.map.node, this.key)), this.say, this.onward);
    parent.append(this.root);
  }

  show(header) {
    this.steps = header.steps;
    [this.picture, ...this.maps] = picturesOf(header);
    this.photo.node.setAttribute("aria-label", header.label);
    this.photo.show(this.picture);
    this.slider.max = this.steps.length - 1;
    this.share ??= { x: 0.5, y: 0.45 };
    this.choose(Math.min(Number(this.slider.value), this.steps.length - 1));
  }

  choose(at) {
    this.at = at;
    const { title } = this.steps[at], map = this.maps[at];
    this.title.textContent = title;
    this.slider.setAttribute("aria-valuetext", title);
    this.head.textContent = `Its strongest map, ${map.height} × ${map.width}`;
    this.map.node.setAttribute("aria-label", `The strongest map after ${title}. Arrow keys move the cell`);
    this.map.show(map);
    this.key.replaceChildren(legendOf(map.table, map.ticks));
    this.point(this.share.x, this.share.y);
  }

  // x and y as shares of the picture's sides.
  point(x, y) {
    this.share = { x, y };
    const map = this.maps[this.at], { rows, columns } = this.steps[this.at];
    const column = Math.min(map.width - 1, Math.floor(x * map.width)), row = Math.min(map.height - 1, Math.floor(y * map.height));
    this.map.at = { x: column, y: row };
    this.map.mark(column, row, 1, 1);
    const [top, bottom] = rows[row], [left, right] = columns[column];
    this.photo.at = { x: Math.floor(x * this.picture.width), y: Math.floor(y * this.picture.height) };
    this.photo.mark(left, top, right - left, bottom - top);
    const share = (bottom - top) * (right - left) / (this.picture.width * this.picture.height);
    this.say.textContent = `The cell in row ${row + 1}, column ${column + 1} sees ${bottom - top} × ${right - left} pixels, ${share === 1 ? "the whole photo" : `${share < 0.001 ? "less than 0.1" : (100 * share).toFixed(1)} % of the photo`}. Its value is ${printed(map.values[row * map.width + column])}.`;
  }
}

export default (mount) => viewOf(Fields, mount);
