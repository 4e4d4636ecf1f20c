const CHUNK = 48; // tiles on one canvas: browsers limit a canvas's height
const ROWS = 16, SPARE = 4; // rows of a grid that are shown at first, and by how many more that is not worth a button
const GAP = 12;
const CAPTION = 40;
const ARRIVING = 1500; // ms that a page takes to come together
const CLOSED = -1; // reported when the enlarged tile is closed

class Maps {
  constructor(parent) {
    this.root = element("div", { class: "root" });
    this.tip = element("div", { class: "tip hidden", role: "status", "aria-live": "polite" });
    this.stage = element("div", { class: "stage hidden" });
    this.legend = element("div", { class: "legend hidden" });
    this.grid = element("div", { class: "grid", role: "group" });
    this.more = element("button", { type: "button", class: "more" });
    this.more.onclick = () => this.showAll();
    this.root.append(this.legend, this.stage, this.grid, this.more, this.tip);
    parent.append(this.root);
    this.offscreen = document.createElement("canvas");
    this.seen = new IntersectionObserver((entries) => entries.filter((e) => e.isIntersecting).forEach((e) => this.paint(e.target)), { rootMargin: "300px" });
    this.resized = new ResizeObserver(() => { if (this.header && this.root.clientWidth !== this.width) { this.layOut(); this.drawStage(); } });
    this.resized.observe(this.root);
    this.grid.onpointermove = (event) => this.hover(event, event.target.closest(".tile"));
    this.grid.onpointerleave = () => this.leave();
    this.grid.addEventListener("focusin", (event) => this.focused(event.target.closest(".tile")));
    this.grid.addEventListener("focusout", () => this.leave());
    this.grid.onclick = (event) => { const tile = event.target.closest(".tile"); if (tile && this.header.choosable) this.choose(Number(tile.dataset.at)); };
    this.root.onkeydown = (event) => this.keyed(event);
    this.scrolled = new AbortController();
    document.addEventListener("scroll", () => this.leave(), { capture: true, passive: true, signal: this.scrolled.signal });
  }

  close() {
    this.seen.disconnect();
    this.resized.disconnect();
    this.scrolled.abort();
  }

  show(header) {
    if (header.label !== this.header?.label) this.whole = false;
    this.header = header;
    const tables = Object.fromEntries(header.palettes.map((name, at) => [name, header.arrays[at]]));
    [...header.tiles, ...(header.picture ? [header.picture] : [])].forEach((tile, at) => Object.assign(tile, { values: header.arrays[header.palettes.length + at], table: tables[tile.palette] }));
    this.tiles = header.tiles;
    this.picture = header.picture;
    this.open = this.tiles.findIndex((tile) => tile.index === header.enlarged);
    this.focus = Math.max(0, this.open);
    this.root.className = `root ${header.layout}`;
    this.grid.setAttribute("aria-label", header.label);
    this.drawLegend();
    this.layOut();
    this.drawStage();
    if (header.comeFor) this.comeFor(header.comeFor);
  }

  // What stands above still grows while its parts come: until it has, the page stays here, unless the visitor does something.
  comeFor(key) {
    const until = performance.now() + ARRIVING, left = new AbortController();
    for (const act of ["wheel", "pointerdown", "keydown"]) document.addEventListener(act, () => left.abort(), { passive: true, signal: left.signal });
    const stay = () => {
      if (left.signal.aborted || performance.now() > until) return left.abort();
      document.querySelector(`.st-key-${key}`)?.scrollIntoView();
      requestAnimationFrame(stay);
    };
    stay();
  }

  drawLegend() {
    const { ticks, arrays } = this.header;
    this.legend.classList.toggle("hidden", !ticks);
    if (!ticks) return;
    const strip = { height: 1, width: arrays.at(-1).length / 3, channels: 3, values: arrays.at(-1) };
    const canvas = paint(element("canvas", { "aria-hidden": "true" }), strip);
    this.legend.replaceChildren(canvas, element("div", { class: "ticks" }, ...ticks.map((tick) => element("span", { text: tick }))));
  }

  layOut() {
    this.width = this.root.clientWidth;
    if (!this.width || !this.header) return;
    const { layout, size } = this.header;
    const single = layout === "single";
    const gap = single ? 0 : GAP;
    this.columns = single ? 1 : Math.max(1, Math.floor((this.width + gap) / (size + gap)));
    if (layout === "strip") this.columns = Math.min(this.columns, this.tiles.length);
    const widest = layout === "strip" ? size * 1.3 : Infinity;
    this.side = single ? Math.min(this.width, size) : Math.min(widest, Math.floor((this.width + gap) / this.columns - gap));
    this.caption = single ? 0 : CAPTION;
    this.seen.disconnect();
    const few = layout !== "grid" || this.tiles.length <= (ROWS + SPARE) * this.columns || this.open >= ROWS * this.columns;
    const count = few || this.whole ? this.tiles.length : ROWS * this.columns;
    if (this.focus >= count) this.focus = 0;
    this.more.classList.toggle("hidden", count === this.tiles.length);
    this.more.textContent = `Show all ${this.tiles.length}`;
    const chunks = [];
    const step = this.columns * Math.max(1, Math.floor(CHUNK / this.columns)); // whole rows, so that chunks join without a seam
    for (let first = 0; first < count; first += step) chunks.push(this.chunk(first, Math.min(step, count - first), gap));
    this.grid.replaceChildren(...chunks);
    chunks.forEach((chunk) => this.seen.observe(chunk));
  }

  chunk(first, count, gap) {
    const rows = Math.ceil(count / this.columns);
    const chunk = element("div", { class: "chunk" });
    chunk.style.height = `${rows * (this.side + this.caption + gap)}px`;
    const canvas = element("canvas", { "aria-hidden": "true" });
    chunk.append(canvas);
    for (let at = first; at < first + count; at++) {
      const tile = this.tiles[at];
      const button = element("button", {
        class: `tile${tile.silent ? " silent" : ""}${at === this.open ? " open" : ""}`, type: "button", "data-at": at,
        tabindex: at === this.focus ? 0 : -1, "aria-label": `${tile.name}: ${tile.text}`,
      }, element("span", { class: "caption" }, element("b", { text: tile.name }), element("span", { text: tile.note })));
      const column = (at - first) % this.columns, row = Math.floor((at - first) / this.columns);
      Object.assign(button.style, {
        left: `${column * (this.side + gap)}px`, top: `${row * (this.side + this.caption + gap)}px`,
        width: `${this.side}px`, height: `${this.side + this.caption}px`, paddingTop: `${this.side}px`,
      });
      chunk.append(button);
    }
    return chunk;
  }

  paint(chunk) {
    const canvas = chunk.querySelector("canvas");
    if (canvas.dataset.done) return;
    canvas.dataset.done = "1";
    const ratio = Math.min(2, window.devicePixelRatio);
    canvas.width = Math.round(this.width * ratio);
    canvas.height = Math.round(chunk.offsetHeight * ratio);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    for (const button of chunk.querySelectorAll(".tile")) {
      const tile = this.tiles[button.dataset.at];
      const { width, height } = this.fitted(tile, this.side);
      this.blit(context, tile, button.offsetLeft * ratio, button.offsetTop * ratio, width * ratio, height * ratio);
    }
  }

  fitted(tile, side) {
    const scale = side / Math.max(tile.width, tile.height);
    return { width: tile.width * scale, height: tile.height * scale };
  }

  blit(context, tile, x, y, width, height) {
    paint(this.offscreen, tile);
    context.drawImage(this.offscreen, Math.round(x), Math.round(y), Math.round(width), Math.round(height));
  }

  cellAt(event, box, tile) {
    const bounds = box.getBoundingClientRect();
    const { width, height } = this.fitted(tile, box.classList.contains("tile") ? bounds.width : Math.max(bounds.width, bounds.height));
    const x = Math.floor((event.clientX - bounds.left) / width * tile.width);
    const y = Math.floor((event.clientY - bounds.top) / height * tile.height);
    return x >= 0 && y >= 0 && x < tile.width && y < tile.height ? { x, y } : null;
  }

  reading(tile, { x, y }) {
    const cell = y * tile.width + x;
    const value = tile.palette
      ? printed(tile.values[cell])
      : [...tile.values.slice(cell * tile.channels, (cell + 1) * tile.channels)].map((v, c) => (tile.channels === 3 ? "RGB"[c] + " " : "") + v).join(", ");
    return `${tile.name} · row ${y + 1}, column ${x + 1} · ${value}`;
  }

  hover(event, box) {
    const tile = box && this.tiles[box.dataset.at];
    const cell = tile && this.cellAt(event, box, tile);
    if (!cell) return this.leave();
    this.speak(this.reading(tile, cell), box, event);
  }

  focused(tile) {
    if (tile?.matches(":focus-visible")) this.speak(this.tiles[tile.dataset.at].text, tile);
  }

  speak(text, box, event) {
    this.tip.textContent = text;
    this.tip.classList.remove("hidden");
    const frame = this.root.getBoundingClientRect(), bounds = box.getBoundingClientRect();
    const x = (event ? event.clientX : bounds.left) - frame.left, y = (event ? event.clientY : bounds.bottom) - frame.top;
    this.tip.style.left = `${Math.max(0, Math.min(x + 14, this.width - this.tip.offsetWidth))}px`;
    const below = frame.top + y + 18 + this.tip.offsetHeight < window.innerHeight;
    this.tip.style.top = `${below ? y + 18 : y - 10 - this.tip.offsetHeight}px`;
  }

  leave() {
    this.tip.classList.add("hidden");
  }

  choose(at) {
    const same = at === this.open;
    this.focus = at;
    this.leave();
    if (this.header.layout === "grid") {
      this.enlarge(same ? -1 : at);
      (same ? this.button(at) : this.stage).scrollIntoView({ block: "nearest", behavior: "smooth" });
      if (same) this.button(at).focus({ preventScroll: true });
    }
    this.trigger("chosen", same && this.header.layout === "grid" ? CLOSED : this.tiles[at].index);
  }

  enlarge(at) {
    this.open = at;
    this.root.querySelectorAll(".tile.open").forEach((tile) => tile.classList.remove("open"));
    if (at >= 0) this.button(at).classList.add("open");
    this.drawStage();
  }

  drawStage() {
    const tile = this.tiles[this.open];
    this.stage.classList.toggle("hidden", !tile);
    if (!tile) return;
    const focused = this.stage.contains(this.root.getRootNode().activeElement) && this.root.getRootNode().activeElement.textContent;
    const step = (by, text, label) => {
      const button = element("button", { type: "button", text, "aria-label": label });
      button.disabled = !this.tiles[this.open + by];
      button.onclick = () => this.move(this.open + by, false);
      return button;
    };
    const shut = element("button", { type: "button", text: "Close" });
    shut.onclick = () => this.choose(this.open);
    const onward = element("button", { type: "button", class: this.header.onward ? "" : "hidden", text: this.header.onward });
    onward.onclick = () => this.trigger("onward", tile.index);
    const frames = [tile, ...(this.picture ? [this.picture] : [])].map((each) => this.frame(each, tile));
    this.stage.replaceChildren(...frames, element("div", { class: "about" },
      element("h3", { text: tile.name }),
      element("p", { text: `${tile.text[0].toUpperCase()}${tile.text.slice(1)}.` }),
      element("p", { class: "quiet", text: `${tile.height} × ${tile.width} cells, drawn from ${printed(tile.low)} to ${printed(tile.high)}.` }),
      element("div", { class: "row" }, step(-1, "←", "Previous map"), step(1, "→", "Next map"), onward, shut)));
    if (focused) [...this.stage.querySelectorAll("button")].find((button) => button.textContent === focused)?.focus();
  }

  // A large map, or the picture beside it. The pointer on either marks the map's cell on both.
  frame(shown, tile) {
    const side = Math.min(340, this.width - 34);
    const { width, height } = this.fitted(shown, side);
    const canvas = element("canvas", { width: Math.round(width * 2), height: Math.round(height * 2), role: "img", "aria-label": `${shown.name}: ${shown.text}` });
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    this.blit(context, shown, 0, 0, canvas.width, canvas.height);
    const frame = element("div", { class: "frame" }, canvas, element("div", { class: "cell hidden" }));
    Object.assign(frame.style, { width: `${width}px`, height: `${height}px` });
    frame.onpointermove = (event) => {
      const cell = this.cellAt(event, frame, tile);
      if (!cell) return;
      this.mark(cell, tile);
      this.speak(this.reading(tile, cell), frame, event);
    };
    frame.onpointerleave = () => { this.mark(null); this.leave(); };
    return frame;
  }

  mark(cell, tile) {
    for (const box of this.stage.querySelectorAll(".cell")) {
      box.classList.toggle("hidden", !cell);
      if (cell) Object.assign(box.style, {
        left: `${100 * cell.x / tile.width}%`, top: `${100 * cell.y / tile.height}%`,
        width: `${100 / tile.width}%`, height: `${100 / tile.height}%`,
      });
    }
  }

  button(at) {
    return this.grid.querySelector(`.tile[data-at="${at}"]`);
  }

  showAll() {
    this.focus = this.grid.querySelectorAll(".tile").length;
    this.whole = true;
    this.layOut();
    this.button(this.focus).focus({ preventScroll: true });
  }

  move(at, focus) {
    if (this.tiles[at] && !this.button(at)) {
      this.whole = true;
      this.layOut();
    }
    const next = this.button(at);
    if (!next) return;
    this.button(this.focus)?.setAttribute("tabindex", -1);
    this.focus = at;
    next.setAttribute("tabindex", 0);
    if (this.open >= 0) {
      this.enlarge(at);
      this.trigger("chosen", this.tiles[at].index);
    }
    if (focus) next.focus({ preventScroll: this.open >= 0 });
  }

  keyed(event) {
    if (event.key === "Escape" && this.open >= 0) return this.choose(this.open);
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
    if (!by || !event.target.closest(".tile")) return;
    event.preventDefault();
    this.move(this.focus + by, true);
  }
}

export default (mount) => viewOf(Maps, mount);
