const NARROW = 700; // px of the window, below which it runs top to bottom
const LEAST = 36, MOST = 64; // px, a tile's side
const PITCH = 52, CLOSE = 46; // px from column to column: where they have no room even close together, they move under a window
const DEEP = 16; // rows, from more of which on the same goes for them
const ROW = 8; // px between the tiles of a column
const CAPTION = 20; // px under a tile with a caption
const ABOVE = 330; // px of the page above the picture: with it, the whole network fits into the window where it can
const STEP = 30; // px between rows that run top to bottom, for their edges
const HEAD = 42, FOOT = 50; // px above and below a column, for its title and its legend
const LINE = 26; // px above a row, for both
const ANSWERS = 168; // px, the column of answers
const ANSWER = 46; // px, an answer's height
const SIZE = 58; // px that a column's size takes in one line
const JOINED = 0.35; // of the room between layers, between the steps of one
const FADED = 0.16;
const DRIVES = "#3b82bd", HOLDS = "#d6493f", QUIET = "#8a90a0"; // the tones of the signed palette; a grey for light and dark

class Overview {
  constructor(parent) {
    this.at = null; // the tile that is picked out
    this.root = element("div", { class: "root" });
    this.scales = element("div", { class: "scales", role: "group", "aria-label": "Colour scale" });
    this.note = element("div", { class: "quiet note" });
    this.net = element("div", { class: "net", role: "group" });
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.card = element("div", { class: "card hidden", role: "status", "aria-live": "polite" });
    this.window = element("div", { class: "window" }, this.net);
    this.root.append(element("div", { class: "top" }, this.scales, this.note), this.window, this.card);
    parent.append(this.root);
    this.window.onscroll = () => this.scrolled();
    this.net.onpointermove = (event) => this.pick(event.target.closest(".unit"));
    this.net.onpointerleave = () => this.pick(null);
    this.net.addEventListener("focusin", (event) => this.focused(event.target.closest(".unit")));
    this.net.addEventListener("focusout", () => this.pick(null));
    this.net.onclick = (event) => this.choose(event.target.closest(".unit"));
    this.net.onkeydown = (event) => this.keyed(event);
    this.resized = new ResizeObserver(() => { if (this.header && this.root.clientWidth !== this.width) this.layOut(); });
    this.resized.observe(this.root);
  }

  close() {
    this.resized.disconnect();
  }

  show(header) {
    const focused = this.root.getRootNode().activeElement?.dataset.at;
    this.header = header;
    this.tables = Object.fromEntries(header.palettes.map((name, at) => [name, header.arrays[at]]));
    for (const group of header.groups) group.captions = group.tiles.some((tile) => tile.written && !oneCell(tile));
    const tiles = header.groups.flatMap((group, column) => group.tiles.map((tile, row) => ({ ...tile, column, row })));
    tiles.forEach((tile, at) => { tile.picture = drawn(tile.width, tile.height, header.arrays[header.palettes.length + at]); });
    const outcomes = header.outcomes.map((outcome, row) => ({ ...outcome, column: header.groups.length, row, outcome: true }));
    this.tiles = [...tiles, ...outcomes];
    this.edges = header.edges.map(([source, target, weight, holds]) => ({ source, target, weight, holds }));
    const most = new Map();
    for (const { target, weight } of this.edges) most.set(target, Math.max(weight, most.get(target) ?? 0));
    for (const edge of this.edges) edge.strength = edge.weight / (most.get(edge.target) || 1);
    this.focus = Math.max(0, this.tiles.findIndex((tile) => tile.marked));
    this.net.setAttribute("aria-label", header.label);
    this.note.textContent = header.note;
    this.scales.replaceChildren(element("span", { class: "quiet", text: "Colour scale" }), ...header.scales.map((scale) => this.scale(scale)));
    this.layOut();
    const marked = tiles.find((tile) => tile.marked);
    if (marked) this.window.scrollTo(marked.x - this.window.clientWidth / 2, marked.y - this.window.clientHeight / 2);
    if (focused !== undefined) this.box(Math.min(focused, this.tiles.length - 1)).focus({ preventScroll: true });
  }

  scale({ name, title, chosen }) {
    const button = element("button", { type: "button", "aria-pressed": String(chosen), text: title });
    button.onclick = () => this.trigger("scaled", name);
    return button;
  }

  layOut() {
    this.width = this.root.clientWidth;
    if (!this.width) return;
    const count = this.header.groups.length;
    this.upright = window.innerWidth < NARROW;
    this.across = this.upright || ANSWERS + count * CLOSE <= this.width ? this.width : Math.max(this.width, ANSWERS + count * PITCH);
    this.root.classList.toggle("upright", this.upright);
    this.window.classList.toggle("deep", count > DEEP);
    const words = this.upright ? this.rows() : this.columns((this.across - ANSWERS) / count);
    this.net.style.width = `${this.across}px`;
    this.net.style.height = `${this.height}px`;
    this.canvas.style.height = `${this.height}px`;
    this.net.replaceChildren(this.canvas, ...words, ...this.tiles.map((tile, at) => this.unit(tile, at)));
    this.pick(null);
    this.draw();
    this.scrolled();
  }

  scrolled() {
    const { scrollLeft, scrollTop, clientWidth, clientHeight, scrollWidth, scrollHeight } = this.window;
    const [at, end] = this.upright ? [scrollTop + clientHeight, scrollHeight] : [scrollLeft + clientWidth, scrollWidth];
    this.window.classList.toggle("goes-on", at < end - 2);
    if (this.at !== null) this.place(this.tiles[this.at]);
  }

  columns(pitch) {
    const { groups, outcomes, more } = this.header;
    const most = Math.max(...groups.map((group) => group.tiles.length));
    const narrow = pitch < SIZE;
    const head = narrow ? HEAD + 17 : HEAD;
    this.root.classList.toggle("narrow", narrow);
    const high = (window.innerHeight - ABOVE - head - FOOT) / most - ROW;
    const side = Math.floor(Math.max(LEAST, Math.min(MOST, pitch * 0.58, high)));
    const body = Math.max(most * (side + ROW) - ROW, outcomes.length * ANSWER);
    this.height = head + body + FOOT;
    const room = (group) => (group.joined ? JOINED : 1);
    const gap = (this.across - ANSWERS - groups.length * side) / groups.reduce((sum, group) => sum + room(group), 0);
    let x = -gap / 2;
    const words = groups.map((group, column) => {
      x += gap * room(group);
      const step = side + ROW + (group.captions ? CAPTION : 0), wide = Math.min(pitch, side + gap);
      const tall = group.tiles.length * step - ROW, top = head + (body - tall) / 2, left = x + (side - wide) / 2;
      this.of(column).forEach((tile) => Object.assign(tile, { x, y: top + tile.row * step, side }));
      x += side;
      return [placed(element("div", { class: "head" }, ...this.title(group)), left, 0, wide), placed(element("div", { class: "foot" }, ...this.legend(group, side)), left, top + tall + 6, wide)];
    });
    const step = Math.min(body / outcomes.length, 84), first = head + (body - step * outcomes.length) / 2;
    const left = this.across - ANSWERS + 12;
    this.of(groups.length).forEach((tile) => Object.assign(tile, { x: left, y: first + tile.row * step + (step - ANSWER) / 2, side: ANSWER, wide: this.across - left }));
    return [...words.flat(), placed(element("div", { class: "head answers" }, element("b", { text: "answer" }), element("span", { class: "quiet", text: more })), left, 0, this.across - left)];
  }

  rows() {
    const { groups, outcomes, more } = this.header;
    const most = Math.max(...groups.map((group) => group.tiles.length));
    const fit = Math.min(most, Math.floor((this.width + 3) / (LEAST + 3)));
    const side = Math.floor(Math.min(MOST, (this.width + 3) / fit - 3)), gap = fit > 1 ? Math.min(ROW, (this.width - fit * side) / (fit - 1)) : 0;
    let y = 0;
    const words = groups.map((group, column) => {
      const head = placed(element("div", { class: "head" }, element("span", {}, ...this.title(group)), element("span", { class: "foot" }, ...this.legend(group, 56))), 0, y, this.width);
      y += LINE;
      for (const tile of this.of(column)) {
        const line = Math.floor(tile.row / fit), inLine = Math.min(fit, group.tiles.length - line * fit);
        const space = group.captions ? CAPTION : gap;
        const left = (this.width - inLine * (side + space) + space) / 2;
        Object.assign(tile, { x: left + (tile.row % fit) * (side + space), y: y + line * (side + gap), side });
      }
      y += Math.ceil(group.tiles.length / fit) * (side + gap) + STEP + (group.captions ? CAPTION : 0);
      return head;
    });
    const head = placed(element("div", { class: "head" }, element("span", {}, element("b", { text: "answer " }), element("span", { class: "quiet", text: more }))), 0, y, this.width);
    y += LINE;
    this.of(groups.length).forEach((tile) => Object.assign(tile, { x: 0, y: y + tile.row * ANSWER, side: ANSWER, wide: this.width }));
    this.height = y + outcomes.length * ANSWER;
    return [...words, head];
  }

  of(column) {
    return this.tiles.filter((tile) => tile.column === column);
  }

  // A layer's name unfolds its steps, or folds them up again.
  title({ title: text, size, fold }) {
    const name = fold ? element("button", { type: "button", class: "fold", "aria-expanded": String(fold.open), title: fold.open ? "Fold this layer" : "Unfold this layer" }, element("b", { text })) : element("b", { text });
    if (fold) name.onclick = () => this.trigger("folded", fold.layer);
    return [name, " ", ...size.map((part) => element("span", { class: "quiet size", text: part }))];
  }

  legend({ more, palette, ticks }, side) {
    const parts = [element("span", { class: "more quiet", text: more })];
    if (!palette) return parts;
    const strip = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
    strip.getContext("2d").drawImage(drawn(256, 1, this.tables[palette]), 0, 0);
    strip.style.width = `${side}px`;
    const shown = ticks.length === 3 ? [`± ${ticks[2]}`] : ticks;
    const numbers = element("span", { class: "ticks" }, ...shown.map((tick) => element("span", { text: tick })));
    if (!this.upright) numbers.style.minWidth = `${side}px`;
    return [...parts, element("span", { class: "scale" }, strip, numbers)];
  }

  unit(tile, at) {
    const opens = Boolean(tile.target);
    const box = element(opens ? "button" : "div", {
      class: ["unit", tile.outcome && "outcome", tile.outcome && !tile.row && "best", tile.marked && "marked"].filter(Boolean).join(" "),
      "data-at": at, tabindex: at === this.focus ? 0 : -1, "aria-label": `${tile.name}: ${tile.text}`,
      role: opens ? null : "img", type: opens ? "button" : null, "aria-current": tile.marked ? "true" : null,
    });
    if (tile.outcome) {
      const fill = element("span", { class: "fill" });
      fill.style.width = `${tile.share * 100}%`;
      box.append(element("span", { class: "named" }, element("b", { text: tile.name }), element("span", { text: tile.percent })), element("span", { class: "track" }, fill));
    } else if (tile.written) box.append(element("span", { class: oneCell(tile) ? "written" : `caption ${tile.written}`, text: tile.written }));
    return placed(box, tile.x, tile.y, tile.wide ?? tile.side, tile.side);
  }

  draw() {
    const ratio = Math.min(2, window.devicePixelRatio);
    this.canvas.width = Math.round(this.across * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const own = this.edges.filter((edge) => edge.target === this.at);
    for (const edge of this.edges) {
      if (edge.target !== this.at) this.stroke(context, edge, QUIET, (0.06 + 0.34 * edge.strength ** 2) * (this.at === null ? 1 : 0.25), 1);
    }
    for (const edge of own) this.stroke(context, edge, edge.holds ? HOLDS : DRIVES, 0.35 + 0.65 * edge.strength, 1 + 5 * edge.strength);
    const near = this.near();
    this.tiles.forEach((tile, at) => {
      const faded = near && !near.has(at);
      this.box(at).classList.toggle("faded", Boolean(faded));
      if (!tile.outcome) this.paint(context, tile, faded ? FADED : 1, ratio);
    });
  }

  near() {
    return this.at === null ? null : new Set([this.at, ...this.edges.filter((edge) => edge.target === this.at).map((edge) => edge.source)]);
  }

  stroke(context, { source, target }, colour, opacity, width) {
    const from = this.end(this.tiles[source], true), to = this.end(this.tiles[target], false);
    context.globalAlpha = opacity;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(from.x, from.y);
    const x = (from.x + to.x) / 2, y = (from.y + to.y) / 2;
    if (this.upright) context.bezierCurveTo(from.x, y, to.x, y, to.x, to.y);
    else context.bezierCurveTo(x, from.y, x, to.y, to.x, to.y);
    context.stroke();
  }

  // Where edges leave a tile, or arrive at it. Top to bottom, those of the answers arrive side by side above their list.
  end(tile, leaving) {
    if (!this.upright) return { x: tile.x + (leaving ? tile.side : tile.outcome ? -8 : 0), y: tile.y + tile.side / 2 };
    if (tile.outcome) return { x: (tile.row + 0.5) / this.header.outcomes.length * this.width, y: tile.y - tile.row * tile.side - LINE };
    const under = this.header.groups[tile.column].captions ? CAPTION : 0;
    return { x: tile.x + tile.side / 2, y: leaving ? tile.y + tile.side + under : tile.y };
  }

  paint(context, { x, y, side, width, height, picture: image }, opacity, ratio) {
    const scale = side / Math.max(width, height);
    const left = x + (side - width * scale) / 2, top = y + (side - height * scale) / 2;
    context.globalAlpha = 1;
    context.clearRect(left, top, width * scale, height * scale);
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = scale * ratio < 1;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, left, top, width * scale, height * scale);
  }

  pick(box) {
    const at = box ? Number(box.dataset.at) : null;
    if (at === this.at) return;
    this.at = at;
    this.draw();
    this.card.classList.toggle("hidden", at === null);
    if (at === null) return;
    const tile = this.tiles[at];
    this.card.replaceChildren(element("b", { text: tile.name }), ...tile.text.split("\n").map((line) => element("div", { text: line })));
    this.place(tile);
  }

  // The card lies where it hides no source: under or over a tile, left of what feeds an answer.
  place(tile) {
    const { offsetWidth: width, offsetHeight: height, style } = this.card;
    const aside = this.window.scrollLeft;
    const top = this.window.offsetTop + tile.y - this.window.scrollTop, below = top + tile.side + 8;
    if (tile.outcome && !this.upright) {
      style.left = `${Math.max(0, this.of(tile.column - 1)[0].x - aside - width - 12)}px`;
      style.top = `${top}px`;
      return;
    }
    const fits = this.root.getBoundingClientRect().top + below + height < window.innerHeight;
    style.left = `${Math.max(0, Math.min(tile.x - aside, this.width - width))}px`;
    style.top = `${fits ? below : top - height - 8}px`;
  }

  focused(box) {
    if (!box) return;
    this.box(this.focus).setAttribute("tabindex", -1);
    this.focus = Number(box.dataset.at);
    box.setAttribute("tabindex", 0);
    if (box.matches(":focus-visible")) this.pick(box);
  }

  choose(box) {
    const tile = box && this.tiles[box.dataset.at];
    if (tile?.target) this.trigger("chosen", tile.target);
  }

  keyed(event) {
    const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0, down = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
    if (event.key === "Escape") return this.pick(null);
    if (!(across || down) || !event.target.closest(".unit")) return;
    event.preventDefault();
    const { column, row, outcome } = this.tiles[this.focus];
    const along = this.upright && !outcome ? across : down, onward = this.upright && !outcome ? down : across;
    const leaves = this.upright && outcome && row === 0 && down < 0 ? -1 : onward;
    const there = this.of(column + leaves);
    const wanted = leaves ? there[Math.min(there.length - 1, row)] : this.of(column)[row + along];
    if (!wanted) return;
    this.box(this.tiles.indexOf(wanted)).focus();
  }

  box(at) {
    return this.net.querySelector(`.unit[data-at="${at}"]`);
  }
}

function oneCell({ width, height }) {
  return width * height === 1;
}

function placed(node, left, top, width, height) {
  Object.assign(node.style, { left: `${left}px`, top: `${top}px`, width: `${width}px` });
  if (height !== undefined) node.style.height = `${height}px`;
  return node;
}

// values: red, green and blue of each cell.
function drawn(width, height, values) {
  return paint(element("canvas"), { width, height, values, channels: 3 });
}

export default (mount) => viewOf(Overview, mount);
