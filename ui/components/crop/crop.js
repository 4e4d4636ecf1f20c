const STEP = 0.04; // of the photo's shorter side, for one press of an arrow key
const ZOOM = 1.12; // for one press of a key or one notch of a wheel
const SMALLEST = 0.1; // of the photo's shorter side
const TALLEST = 440; // px of a photo, of which more is scrolled
const NARROWEST = 96; // px of the shorter side, or an oblong photo could not be seen, let alone moved
const LONGEST = 2000; // px of the longer side
const AROUND = 48; // px beside the square that stay in sight
const PAUSE = 300; // ms without a further key or notch before the network is asked again

class Cropper {
  constructor(parent) {
    this.root = element("div", { class: "root" });
    this.canvas = element("canvas", { tabindex: 0, role: "application" });
    this.readout = element("div", { class: "readout quiet", role: "status", "aria-live": "polite" });
    this.shows = true;
    this.frame = element("div", { class: "frame" }, this.canvas);
    this.frame.style.maxHeight = `${TALLEST}px`;
    const button = (text, label, action) => {
      const made = element("button", { type: "button", text, "aria-label": label, title: label });
      made.onmousedown = (event) => this.held && event.preventDefault(); // or the photo would no longer be
      made.onclick = action;
      return made;
    };
    this.toggle = button("Evidence", "Show or hide the evidence", () => { this.shows = !this.shows; this.draw(); });
    this.reset = button("Reset", "Back to the largest square in the middle", () => this.send({ ...this.header.whole }));
    this.root.append(this.frame, this.readout, element("div", { class: "row" },
      button("−", "Show more of the photo", () => this.zoom(ZOOM)), button("+", "Zoom in", () => this.zoom(1 / ZOOM)), this.reset, this.toggle));
    parent.append(this.root);
    this.pointers = new Map();
    this.canvas.onpointerdown = (event) => this.down(event);
    this.canvas.onpointermove = (event) => this.moved(event);
    this.canvas.onpointerup = this.canvas.onpointercancel = this.canvas.onlostpointercapture = (event) => this.up(event);
    this.canvas.onpointerleave = (event) => event.pointerType === "touch" || this.say("");
    this.canvas.onkeydown = (event) => this.keyed(event);
    this.canvas.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    this.canvas.addEventListener("focus", () => this.hold(true));
    this.canvas.addEventListener("blur", () => this.hold(false));
    this.hold(false);
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.root);
  }

  close() {
    this.resized.disconnect();
    clearTimeout(this.timer);
  }

  async show(header) {
    const fresh = header.arrays[0];
    const another = header.width !== this.header?.width || header.height !== this.header?.height;
    this.header = header;
    if (another || !(this.timer || this.pointers.size)) { // else newer moves are under way
      this.square = { ...header.square };
      this.stale = this.unsent = false;
    }
    this.say("");
    this.canvas.setAttribute("aria-label", header.label);
    this.toggle.classList.toggle("hidden", !header.cells);
    this.overlay = header.cells && this.coloured(header);
    this.picture = await createImageBitmap(new Blob([fresh], { type: "image/jpeg" }));
    if (this.header === header) this.draw();
  }

  coloured({ cells: [height, width], arrays }) {
    const canvas = element("canvas", { width, height });
    canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(arrays[1]), width, height), 0, 0);
    return canvas;
  }

  draw() {
    if (!this.picture || !this.root.clientWidth) return;
    const { width, height } = this.header;
    const [shorter, longer] = [Math.min(width, height), Math.max(width, height)];
    const scale = Math.max(Math.min(this.root.clientWidth / width, TALLEST / height), Math.min(NARROWEST / shorter, LONGEST / longer));
    const ratio = Math.min(2, window.devicePixelRatio);
    this.scale = scale;
    Object.assign(this.canvas, { width: Math.round(width * scale * ratio), height: Math.round(height * scale * ratio) });
    Object.assign(this.canvas.style, { width: `${width * scale}px`, height: `${height * scale}px` });
    const { left, top, side } = this.square;
    const context = this.canvas.getContext("2d");
    context.scale(scale * ratio, scale * ratio);
    context.drawImage(this.picture, 0, 0, width, height);
    if (this.overlay && this.shows && !this.stale) {
      context.imageSmoothingEnabled = false;
      context.drawImage(this.overlay, left, top, side, side);
    }
    context.fillStyle = "rgb(0 0 0 / 55%)";
    context.beginPath();
    context.rect(0, 0, width, height);
    context.rect(left, top, side, side);
    context.fill("evenodd");
    context.lineWidth = 2 / scale;
    context.strokeStyle = "#fff";
    context.strokeRect(left + 1 / scale, top + 1 / scale, side - 2 / scale, side - 2 / scale);
    this.toggle.setAttribute("aria-pressed", String(this.shows));
    this.reset.disabled = ["left", "top", "side"].every((name) => this.square[name] === this.header.whole[name]);
    this.follow();
  }

  // Scrolls a photo that is larger than its frame to where the square is.
  follow() {
    const { left, top, side } = this.square, { scale, frame } = this;
    for (const [scrolled, start, room] of [["scrollLeft", left, frame.clientWidth], ["scrollTop", top, frame.clientHeight]]) {
      const most = start * scale - AROUND, least = (start + side) * scale + AROUND - room;
      frame[scrolled] = least > most ? (least + most) / 2 : Math.max(least, Math.min(frame[scrolled], most));
    }
  }

  // Until the photo is clicked or tapped, wheel and finger scroll the page.
  hold(held) {
    this.held = held;
    this.canvas.style.touchAction = held ? "none" : "pan-x pan-y";
    if (this.header) this.say("");
  }

  wheeled(event) {
    if (!this.held) return;
    event.preventDefault();
    this.zoom(event.deltaY > 0 ? ZOOM : 1 / ZOOM);
  }

  say(text) {
    const touch = touched();
    const hint = touch
      ? (this.held ? "Drag the square, pinch to zoom." : "Tap the photo, then drag the square or pinch to zoom.")
      : (this.held ? "Drag the square, scroll to zoom; arrow keys, + and − work too." : "Drag the square to move it; click the photo, then scroll to zoom.");
    this.readout.textContent = text || hint;
  }

  at(event) {
    const bounds = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - bounds.left) / this.scale, y: (event.clientY - bounds.top) / this.scale };
  }

  down(event) {
    if (event.button !== 0) return;
    if (event.pointerType === "touch" && !this.held) return this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.at(event));
    this.grip = { square: { ...this.square }, points: new Map(this.pointers) };
  }

  moved(event) {
    const point = this.at(event);
    if (!this.pointers.has(event.pointerId)) return this.explain(point);
    this.pointers.set(event.pointerId, point);
    const [[first, start], [second, other] = []] = this.grip.points;
    const { left, top, side } = this.grip.square;
    if (second !== undefined) {
      const now = Math.hypot(this.pointers.get(first).x - this.pointers.get(second).x, this.pointers.get(first).y - this.pointers.get(second).y);
      const factor = Math.hypot(start.x - other.x, start.y - other.y) / Math.max(1, now);
      this.place(left + side * (1 - factor) / 2, top + side * (1 - factor) / 2, side * factor);
    } else {
      const moved = this.pointers.get(first);
      this.place(left + moved.x - start.x, top + moved.y - start.y, side);
    }
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.pointers.size) this.grip = { square: { ...this.square }, points: new Map(this.pointers) };
    else if (this.unsent) this.send(this.square);
    else this.explain(this.at(event));
  }

  explain({ x, y }) {
    const { left, top, side } = this.square;
    const { cells, arrays, className } = this.header;
    const inside = x >= left && y >= top && x < left + side && y < top + side;
    if (!cells || !inside || this.stale) return this.say("");
    const [height, width] = cells;
    const value = arrays[2][Math.floor((y - top) / side * height) * width + Math.floor((x - left) / side * width)];
    this.say(`This cell ${value < 0 ? "spoke against" : "spoke for"} ${className}: ${value < 0 ? "" : "+"}${printed(value)} of its logit.`);
  }

  place(left, top, side) {
    const { width, height, whole } = this.header;
    side = Math.round(Math.max(whole.side * SMALLEST, Math.min(side, whole.side)));
    left = Math.round(Math.max(0, Math.min(left, width - side)));
    top = Math.round(Math.max(0, Math.min(top, height - side)));
    if (left === this.square.left && top === this.square.top && side === this.square.side) return;
    this.square = { left, top, side };
    this.stale = this.unsent = true;
    this.draw();
  }

  zoom(factor) {
    const { left, top, side } = this.square;
    this.place(left + side * (1 - factor) / 2, top + side * (1 - factor) / 2, side * factor);
    this.soon();
  }

  keyed(event) {
    const step = this.header.whole.side * STEP;
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (by) this.place(this.square.left + by[0] * step, this.square.top + by[1] * step, this.square.side);
    else if (event.key === "+" || event.key === "=") this.zoom(1 / ZOOM);
    else if (event.key === "-") this.zoom(ZOOM);
    else return;
    event.preventDefault();
    this.soon();
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(this.square), PAUSE);
  }

  send(square) {
    clearTimeout(this.timer);
    this.timer = null;
    this.square = square;
    this.stale = true;
    this.unsent = false;
    this.draw();
    this.trigger("square", square);
  }
}

export default (mount) => viewOf(Cropper, mount);
