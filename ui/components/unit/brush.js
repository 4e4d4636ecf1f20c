// Drawing: the theme's colours, maps as pictures, frames, and text on a canvas.

const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";

const inner = (card) => card.clientWidth - 2 * parseFloat(getComputedStyle(card).paddingLeft);
const luminance = (hex) => [1, 3, 5].reduce((sum, at, k) => sum + parseInt(hex.trim().slice(at, at + 2), 16) * [0.299, 0.587, 0.114][k], 0);
const shade = (colour, share) => `color-mix(in srgb, ${colour} ${share}%, transparent)`;

class Brush {
  constructor(header) {
    this.header = header;
    this.pictures = new Map();
  }

  // Takes up the theme that holds now.
  dip(root) {
    const style = getComputedStyle(root);
    root.classList.toggle("dark", style.colorScheme === "dark" || luminance(style.getPropertyValue("--st-background-color")) < 128);
    const theme = (name) => style.getPropertyValue(name).trim();
    this.ink = theme("--st-text-color");
    this.accent = theme("--st-primary-color");
    this.hues = [theme("--against"), theme("--for")];
    this.font = style.fontFamily;
  }

  canvas(canvas, width, height) {
    const ratio = Math.min(2, window.devicePixelRatio);
    const size = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) {
      [canvas.width, canvas.height] = size;
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    return context;
  }

  colour(value, scale) {
    return tinted(value, { ...scale, table: this.header[scale.table] });
  }

  hue(value) {
    return this.hues[value < 0 ? 0 : 1];
  }

  // A map as a small canvas of its own, made once.
  picture(key, values, height, width, scale) {
    const own = { ...scale, table: this.header[scale.table] };
    return this.made(key, height, width, (at) => tinted(values[at], own));
  }

  made(key, height, width, colourAt) {
    if (!this.pictures.has(key)) this.pictures.set(key, painted(element("canvas"), width, height, colourAt));
    return this.pictures.get(key);
  }

  frame(context, left, top, width, height, thick = 2) {
    context.lineWidth = thick + 2;
    context.strokeStyle = "rgb(255 255 255 / 75%)";
    context.strokeRect(left, top, width, height);
    context.lineWidth = thick;
    context.strokeStyle = this.accent;
    context.strokeRect(left, top, width, height);
  }

  hatch(context, x, y, width, height) {
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.strokeStyle = shade(this.ink, 28);
    context.lineWidth = 1;
    context.beginPath();
    for (let at = x - height; at < x + width; at += 7) {
      context.moveTo(at, y + height);
      context.lineTo(at + height, y);
    }
    context.stroke();
    context.restore();
  }

  text(context, text, x, y, { size, align = "left", colour = this.ink, quiet = false }) {
    context.font = `${size}px ${quiet ? this.font : MONO}`;
    context.textAlign = align;
    context.globalAlpha = quiet ? 0.72 : 1;
    context.fillStyle = colour;
    context.fillText(text, x, y);
    context.globalAlpha = 1;
  }
}
