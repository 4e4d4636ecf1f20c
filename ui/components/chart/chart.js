const HEIGHT = 228;
const EDGE = { left: 52, right: 12, top: 28, bottom: 40 }; // px around the plot, for its labels
const STEPS = 4; // between the labels of an axis, about

class Chart {
  constructor(parent) {
    this.at = null; // which x is read off
    this.root = element("div", { class: "root" });
    this.svg = drawn("svg", { tabindex: 0, role: "img" });
    this.read = element("div", { class: "read quiet", "aria-live": "polite" });
    this.table = element("div", { class: "scroll", tabindex: 0 });
    this.legend = element("div", { class: "legend quiet" });
    this.root.append(this.legend, this.svg, this.read,
      element("details", {}, element("summary", { text: "Show me the numbers" }), this.table));
    parent.append(this.root);
    this.svg.onpointermove = (event) => this.point(event.offsetX);
    this.svg.onpointerdown = (event) => {
      this.svg.classList.add("pointed-at");
      this.point(event.offsetX);
    };
    this.svg.onpointerleave = (event) => event.pointerType === "touch" || this.readAt(null);
    this.svg.onkeydown = (event) => {
      this.svg.classList.remove("pointed-at");
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.readAt(Math.max(0, Math.min(this.places.length - 1, (this.at ?? -1) + step)));
    };
    this.watch = new ResizeObserver(() => this.content && this.draw());
    this.watch.observe(this.root);
  }

  close() {
    this.watch.disconnect();
  }

  show(content) {
    this.content = content;
    this.places = [...new Set(content.lines.filter((line) => !line.quiet).flatMap((line) => line.x))].sort((a, b) => a - b);
    this.at = null;
    this.svg.setAttribute("aria-label", content.label);
    this.draw();
    this.list();
  }

  draw() {
    const { x, y, lines, mark } = this.content;
    const width = this.root.clientWidth;
    const across = (value) => EDGE.left + along(x, value) * (width - EDGE.left - EDGE.right);
    const down = (value) => HEIGHT - EDGE.bottom - along(y, value) * (HEIGHT - EDGE.top - EDGE.bottom);
    this.across = across;
    this.svg.replaceChildren();
    for (const value of ticks(y)) {
      this.svg.append(drawn("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: down(value), y2: down(value) }),
        drawn("text", { x: EDGE.left - 6, y: down(value) + 4, "text-anchor": "end" }, shown(value, y)));
    }
    for (const value of ticks(x)) {
      this.svg.append(drawn("text", { x: across(value), y: HEIGHT - EDGE.bottom + 17, "text-anchor": "middle" }, shown(value, x)));
    }
    this.svg.append(drawn("text", { x: width - EDGE.right, y: HEIGHT - 5, "text-anchor": "end" }, x.title),
      drawn("text", { x: 0, y: 12 }, y.title));
    const told = lines.filter((line) => !line.quiet);
    for (const line of lines) {
      const kind = line.quiet ? " quiet" : ` line${told.indexOf(line)}`;
      const points = line.x.map((value, at) => `${across(value)},${down(line.y[at])}`);
      this.svg.append(drawn("polyline", { class: `line${kind}`, points: points.join(" ") }));
      if (line.x.length <= 20 && !line.quiet) {
        line.x.forEach((value, at) => this.svg.append(drawn("circle", { class: `dot${kind}`, cx: across(value), cy: down(line.y[at]), r: 3.5 })));
      }
    }
    if (mark !== null) this.svg.append(drawn("line", { class: "mark", x1: across(mark), x2: across(mark), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }));
    this.cursor = drawn("line", { class: "cursor", y1: EDGE.top, y2: HEIGHT - EDGE.bottom, visibility: "hidden" });
    this.svg.append(this.cursor);
    this.readAt(this.at);
  }

  point(offset) {
    const distance = this.places.map((value) => Math.abs(this.across(value) - offset));
    this.readAt(distance.indexOf(Math.min(...distance)));
  }

  readAt(at) {
    const { x, y, lines } = this.content;
    this.at = at;
    this.cursor.setAttribute("visibility", at === null ? "hidden" : "visible");
    if (at === null) {
      this.read.textContent = touched() ? "Tap to read it off." : "Point at it to read it off; arrow keys work, too.";
      return;
    }
    const place = this.places[at];
    this.cursor.setAttribute("x1", this.across(place));
    this.cursor.setAttribute("x2", this.across(place));
    const values = lines.filter((line) => line.x.includes(place)).map((line) => `${line.name} ${shown(line.y[line.x.indexOf(place)], y)}`);
    this.read.textContent = `${values.join(", ")} at ${shown(place, x)} (${x.title})`;
  }

  list() {
    const { x, y, lines } = this.content;
    const told = lines.filter((line) => !line.quiet);
    this.legend.replaceChildren(...(told.length > 1 ? told.map((line, at) => element("span", { class: `key line${at}`, text: line.name })) : []));
    const head = element("tr", {}, ...[x.title, ...told.map((line) => line.name)].map((text) => element("th", { text })));
    const rows = this.places.map((place) => element("tr", {}, element("td", { text: shown(place, x) }),
      ...told.map((line) => element("td", { text: line.x.includes(place) ? shown(line.y[line.x.indexOf(place)], y) : "" }))));
    this.table.replaceChildren(element("table", {}, head, ...rows));
    this.table.setAttribute("aria-label", this.content.label);
    this.table.setAttribute("role", "region");
  }
}

function drawn(tag, attributes, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

// Share of the axis that lies before the value.
function along({ low, high, log }, value) {
  const at = (each) => log ? Math.log10(1 + each) : each;
  return (at(value) - at(low)) / (at(high) - at(low));
}

// Round values that an axis is labelled at.
function ticks({ low, high, log }) {
  if (log) return [0, 1, 10, 100, 1000, 10000, 100000].filter((value) => value >= low && value <= high);
  const rough = (high - low) / STEPS;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((each) => each >= rough * 0.99);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, at) => (first + at) * step);
}

function shown(value, axis) {
  return axis.share ? `${Number((value * 100).toFixed(1))} %` : (Number.isInteger(value) ? value : Number(value.toPrecision(3))).toLocaleString("en-US").replace("-", "−");
}

export default (mount) => viewOf(Chart, mount);
