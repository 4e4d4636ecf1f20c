// Which cell of the map is looked at: by pointer, finger, keys, or sliding by itself; and which is pinned.

const SETTLED = 350; // ms without a further move before it is read out, and before keys reach the URL

class Pointer {
  // moved: another cell, once for each frame. settled: it rests there. pinned: the visitor pins a cell, or null lets go.
  constructor(map, { moved, settled, pinned }) {
    Object.assign(this, { map, moved, settled, heard: pinned });
    this.play = element("button", { type: "button", "aria-label": "Slide the window over the map", text: "▶ Slide" });
    this.play.onclick = () => (this.timer ? this.stop() : this.start());
    this.speed = element("input", { type: "range", min: 0, max: 6, step: 0.5, value: 3, "aria-label": "Speed of the window" });
    this.speed.oninput = () => this.timer && this.start();
    map.onpointerdown = (event) => this.down(event);
    map.onpointermove = (event) => this.point(event);
    map.onpointerup = (event) => this.up(event);
    map.onpointerleave = () => this.pinned && this.go(this.pinned);
    map.onkeydown = (event) => this.keyed(event);
  }

  show({ height, width, cell: [y, x], pinned }) {
    this.stop();
    clearTimeout(this.keys);
    Object.assign(this, { height, width, cell: { y, x }, pinned: pinned ? { y, x } : null });
    this.settle();
  }

  close() {
    this.stop();
    clearTimeout(this.settling);
    clearTimeout(this.keys);
  }

  under(event) {
    const bounds = this.map.getBoundingClientRect();
    const clip = (at, size) => Math.max(0, Math.min(size - 1, Math.floor(at * size)));
    return { y: clip((event.clientY - bounds.top) / bounds.height, this.height), x: clip((event.clientX - bounds.left) / bounds.width, this.width) };
  }

  down(event) {
    if (event.button !== 0) return;
    this.stop();
    if (event.pointerType === "touch") this.map.setPointerCapture(event.pointerId);
    this.from = { x: event.clientX, y: event.clientY };
    this.go(this.under(event));
  }

  point(event) {
    if (this.timer && event.pointerType !== "touch") return;
    this.go(this.under(event));
  }

  up(event) {
    if (!this.from) return;
    const dragged = Math.hypot(event.clientX - this.from.x, event.clientY - this.from.y) > 8;
    this.from = null;
    const cell = this.under(event);
    this.pin(!dragged && alike(this.pinned, cell) ? null : cell);
  }

  pin(cell) {
    clearTimeout(this.keys);
    this.pinned = cell;
    this.heard(cell);
  }

  keyed(event) {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.key === "Enter" || event.key === " ") this.pin({ ...this.cell });
    else if (event.key === "Escape" && this.pinned) this.pin(null);
    else if (!by) return;
    event.preventDefault();
    if (!by) return;
    this.stop();
    this.go({ y: Math.max(0, Math.min(this.height - 1, this.cell.y + by[0])), x: Math.max(0, Math.min(this.width - 1, this.cell.x + by[1])) });
    this.pinned = this.cell;
    clearTimeout(this.keys);
    this.keys = setTimeout(() => this.pin(this.cell), SETTLED);
  }

  start() {
    clearInterval(this.timer);
    this.pinned = null;
    this.play.textContent = "❚❚ Stop";
    this.timer = setInterval(() => {
      const at = (this.cell.y * this.width + this.cell.x + 1) % (this.height * this.width);
      this.go({ y: Math.floor(at / this.width), x: at % this.width });
    }, 1000 / 2 ** this.speed.value);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "▶ Slide";
  }

  go(cell) {
    if (alike(this.cell, cell)) return;
    this.cell = cell;
    if (this.asked) return; // one drawing for each frame
    this.asked = requestAnimationFrame(() => { this.asked = null; this.moved(); });
    this.settle();
  }

  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settled(), SETTLED);
  }

  get advice() {
    const touch = touched();
    if (this.pinned) return `Pinned, and in the page's address. ${touch ? "Tap it again" : "Click it again or press Esc"} to let go.`;
    return touch ? "Tap a cell, or drag your thumb across the map." : "Move the pointer over the map. Click to pin a cell; arrow keys move it.";
  }
}
