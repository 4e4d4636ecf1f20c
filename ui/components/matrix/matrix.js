const NAMES = 128; // px for the names at the left, once cells are large enough for them
const READABLE = 13; // px of a cell from which names are written
const TALLEST = 620; // px
const STEP = 1.6; // of a zoom button

class Matrix {
  constructor(parent) {
    this.fingers = new Map();
    this.root = element("div", { class: "root" });
    this.search = element("input", { type: "search", placeholder: "find a class", "aria-label": "Find a class in the matrix" });
    this.search.oninput = () => this.find(this.search.value.trim().toLowerCase());
    this.search.onkeydown = (event) => event.key === "Enter" && this.findNext();
    const zooms = [["+", STEP, "Zoom in"], ["−", 1 / STEP, "Zoom out"]].map(([text, factor, name]) => {
      const button = element("button", { class: "zoom", type: "button", text, "aria-label": name });
      button.onclick = () => this.zoom(factor, this.middle());
      return button;
    });
    this.whole = element("button", { type: "button", text: "Whole" });
    this.whole.onclick = () => this.fit();
    this.canvas = element("canvas", { tabindex: 0, role: "img" });
    this.read = element("div", { class: "read", "aria-live": "polite" });
    this.root.append(element("div", { class: "bar" }, this.search, ...zooms, this.whole), this.canvas, this.read);
    parent.append(this.root);
    this.canvas.onwheel = (event) => { // until the matrix is clicked or tapped, wheel and finger scroll the page
      if (!this.canvas.matches(":focus")) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, [event.offsetX, event.offsetY]);
    };
    this.canvas.onpointerdown = (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
      this.move(event);
    };
    this.canvas.onpointerup = this.canvas.onpointercancel = (event) => this.fingers.delete(event.pointerId);
    this.canvas.onpointermove = (event) => this.move(event);
    this.canvas.onkeydown = (event) => this.press(event);
    this.watch = new ResizeObserver(() => this.content && this.root.clientWidth !== this.width && this.fit());
    this.watch.observe(this.root);
  }

  close() {
    this.watch.disconnect();
  }

  show(content) {
    this.content = content;
    this.counts = content.arrays[0];
    this.size = content.names.length;
    this.totals = content.names.map((_, row) => this.counts.subarray(row * this.size, (row + 1) * this.size).reduce((sum, count) => sum + count, 0));
    this.at = null;
    this.canvas.setAttribute("aria-label", content.label);
    this.fit();
    this.tell();
  }

  fit() {
    this.width = this.root.clientWidth;
    this.height = Math.min(TALLEST, this.width);
    this.canvas.style.height = `${this.height}px`;
    this.canvas.width = this.width * devicePixelRatio;
    this.canvas.height = this.height * devicePixelRatio;
    const room = Math.min(this.width, this.height), named = (room - NAMES) / this.size;
    this.least = named >= READABLE ? named : Math.min(room / this.size, READABLE - 1);
    this.cell = this.least;
    this.left = this.top = 0; // of the view, in px of the whole matrix
    this.draw();
  }

  margin() {
    return this.cell >= READABLE ? NAMES : 0;
  }

  middle() {
    return [this.width / 2, this.height / 2];
  }

  zoom(factor, [x, y]) {
    const cell = Math.max(this.least, Math.min(40, this.cell * factor));
    const column = (x - this.margin() + this.left) / this.cell;
    const row = (y - this.margin() + this.top) / this.cell;
    this.cell = cell;
    this.left = column * cell - x + this.margin();
    this.top = row * cell - y + this.margin();
    this.draw();
  }

  move(event) {
    const here = [event.offsetX, event.offsetY];
    const before = this.fingers.get(event.pointerId);
    if (before && this.fingers.size === 2) {
      const other = [...this.fingers].find(([id]) => id !== event.pointerId)[1];
      const apart = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]);
      this.zoom(apart(here) / Math.max(1, apart(before)), [(here[0] + other[0]) / 2, (here[1] + other[1]) / 2]);
    } else if (before) {
      this.left -= here[0] - before[0];
      this.top -= here[1] - before[1];
      this.draw();
    }
    if (before) this.fingers.set(event.pointerId, here);
    this.look(Math.floor((here[1] - this.margin() + this.top) / this.cell), Math.floor((here[0] - this.margin() + this.left) / this.cell));
  }

  press(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [row, column] = this.at ?? [0, 0];
    this.look(row + step[0], column + step[1], true);
  }

  // Whole words first, then the others, in the order of the rows.
  find(text) {
    const names = this.content.names.map((name) => name.toLowerCase());
    const whole = (row) => names[row].split(/[^\p{L}\p{N}]+/u).includes(text) || names[row] === text;
    const rows = text ? [...names.keys()].filter((row) => names[row].includes(text)) : [];
    this.found = [...rows.filter(whole), ...rows.filter((row) => !whole(row))];
    if (this.found.length) return this.showFound(0);
    this.at = null;
    this.fit();
    this.read.textContent = text ? "No class has that in its name." : "";
    if (!text) this.tell();
  }

  findNext() {
    if (this.found?.length > 1) this.showFound((this.turn + 1) % this.found.length);
  }

  showFound(turn) {
    const row = this.found[this.turn = turn], half = (length) => (length - this.margin() - this.cell) / 2;
    this.cell = Math.max(this.least, 18);
    this.left = row * this.cell - half(this.width);
    this.top = row * this.cell - half(this.height);
    this.look(row, row);
    if (this.found.length > 1) this.read.textContent += ` ${turn + 1} of ${this.found.length} found; Enter shows the next.`;
  }

  look(row, column, follow = false) {
    if (row < 0 || column < 0 || row >= this.size || column >= this.size) return;
    this.at = [row, column];
    if (follow) {
      const room = [this.width - this.margin() - this.cell, this.height - this.margin() - this.cell];
      this.left = Math.min(column * this.cell, Math.max(this.left, column * this.cell - room[0]));
      this.top = Math.min(row * this.cell, Math.max(this.top, row * this.cell - room[1]));
    }
    this.draw();
    this.tell();
  }

  tell() {
    if (!this.at) {
      this.read.textContent = "Each row is a class, each column an answer; the diagonal is right, everything beside it wrong. " + (touched() ? "Tap a cell; then pinch to zoom." : "Point at a cell; click the matrix, then scroll to zoom.");
      return;
    }
    const [row, column] = this.at;
    const count = this.counts[row * this.size + column];
    const { names } = this.content;
    const share = (100 * count / (this.totals[row] || 1)).toFixed(0);
    this.read.textContent = row === column
      ? `Of ${this.totals[row]} pictures of ${names[row]}, ${count} were named so: ${share} %.`
      : `Of ${this.totals[row]} pictures of ${names[row]}, ${count} were taken for ${names[column]}: ${share} %.`;
  }

  draw() {
    const most = [this.size * this.cell - this.width + this.margin(), this.size * this.cell - this.height + this.margin()];
    this.left = Math.max(0, Math.min(this.left, most[0]));
    this.top = Math.max(0, Math.min(this.top, most[1]));
    const style = getComputedStyle(this.root);
    const accent = style.getPropertyValue("--st-primary-color"), ink = style.getPropertyValue("--st-text-color"), paper = style.getPropertyValue("--st-background-color");
    const pen = this.canvas.getContext("2d");
    const edge = this.margin();
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.globalAlpha = 1;
    pen.fillStyle = paper;
    pen.fillRect(0, 0, this.width, this.height);
    pen.fillStyle = ink;
    pen.globalAlpha = 0.05;
    pen.fillRect(edge, edge, Math.min(this.width - edge, this.size * this.cell), Math.min(this.height - edge, this.size * this.cell));
    const rows = this.seen(this.top, this.height - edge), columns = this.seen(this.left, this.width - edge);
    pen.save();
    pen.beginPath();
    pen.rect(edge, edge, this.width, this.height);
    pen.clip();
    for (const row of rows) {
      for (const column of columns) {
        const count = this.counts[row * this.size + column];
        if (!count) continue;
        pen.fillStyle = row === column ? ink : accent;
        pen.globalAlpha = row === column ? 0.2 + 0.6 * count / this.totals[row] : Math.min(1, 0.3 + 3 * count / this.totals[row]);
        pen.fillRect(edge + column * this.cell - this.left, edge + row * this.cell - this.top, Math.max(1, this.cell - 0.5), Math.max(1, this.cell - 0.5));
      }
    }
    pen.globalAlpha = 1;
    if (this.at) {
      const [row, column] = this.at;
      pen.strokeStyle = ink;
      pen.lineWidth = 2;
      pen.strokeRect(edge + column * this.cell - this.left, edge + row * this.cell - this.top, this.cell, this.cell);
    }
    pen.restore();
    if (edge) this.write(pen, ink, style.getPropertyValue("--st-font"), rows, columns);
  }

  seen(start, room) {
    const first = Math.max(0, Math.floor(start / this.cell)), last = Math.min(this.size - 1, Math.floor((start + room) / this.cell));
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  }

  write(pen, ink, font, rows, columns) {
    pen.globalAlpha = 1;
    pen.fillStyle = ink;
    pen.font = `12px ${font}`;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    const cut = (name) => (name.length > 19 ? `${name.slice(0, 18)}…` : name);
    for (const row of rows) {
      const y = NAMES + (row + 0.5) * this.cell - this.top;
      if (y > NAMES) pen.fillText(cut(this.content.names[row]), NAMES - 6, y);
    }
    for (const column of columns) {
      const x = NAMES + (column + 0.5) * this.cell - this.left;
      if (x < NAMES) continue;
      pen.save();
      pen.translate(x, NAMES - 6);
      pen.rotate(Math.PI / 2);
      pen.fillText(cut(this.content.names[column]), 0, 0);
      pen.restore();
    }
  }
}

export default (mount) => viewOf(Matrix, mount);
