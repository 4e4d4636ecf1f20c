// The photo, with what the cell sees of it.

const WIDEST = 300; // px

class Field {
  constructor() {
    this.photo = element("canvas", { class: "photo", role: "img", "aria-label": "The photo" });
    this.said = element("p", { class: "quiet" });
  }

  draw(header, brush, { y, x }, room) {
    const { size, picture, colours, fieldRows, fieldColumns, photoTitle } = header;
    const side = Math.min(room, WIDEST), unit = side / size;
    const context = brush.canvas(this.photo, side, side);
    const [top, bottom] = [fieldRows[2 * y], fieldRows[2 * y + 1]], [left, right] = [fieldColumns[2 * x], fieldColumns[2 * x + 1]];
    context.drawImage(brush.made("photo", size, size, (at) => [0, 1, 2].map((c) => picture[at * colours + Math.min(c, colours - 1)])), 0, 0, side, side);
    context.fillStyle = "rgb(255 255 255 / 60%)";
    context.beginPath();
    context.rect(0, 0, side, side);
    context.rect(left * unit, top * unit, (right - left) * unit, (bottom - top) * unit);
    context.fill("evenodd");
    const edge = (at) => Math.max(1.5, Math.min(side - 1.5, at * unit));
    brush.frame(context, edge(left), edge(top), edge(right) - edge(left), edge(bottom) - edge(top));
    this.said.textContent = this.words(header, { y, x }, bottom - top, right - left);
    this.photo.setAttribute("aria-label", `${photoTitle}, as the network gets it. ${this.said.textContent}`);
  }

  words({ size, reachRows, reachColumns }, { y, x }, tall, wide) {
    if (tall === size && wide === size) return `Its receptive field is the whole photo, ${size} × ${size} pixels.`;
    const reach = [reachRows[2 * y + 1] - reachRows[2 * y], reachColumns[2 * x + 1] - reachColumns[2 * x]];
    const cut = tall < reach[0] || wide < reach[1] ? `; it would be ${reach[0]} × ${reach[1]}, but the photo ends here.` : ".";
    return `Its receptive field: ${tall} × ${wide} of the ${size} × ${size} pixels that the network gets${cut}`;
  }
}
