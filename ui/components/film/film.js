class Film {
  constructor(parent) {
    this.canvas = element("canvas", { role: "img" });
    this.slider = element("input", { type: "range", min: 0, step: 1 });
    this.slider.oninput = () => this.draw();
    this.title = element("output");
    this.bars = element("div");
    this.root = element("div", { class: "root" }, element("div", { class: "shown" }, this.canvas), element("div", { class: "side" }, this.slider, this.title, this.bars));
    parent.append(this.root);
  }

  show(header) {
    this.header = header;
    this.pictures = picturesOf(header);
    this.slider.max = header.frames.length - 1;
    this.slider.value = header.at;
    this.slider.setAttribute("aria-label", header.label);
    this.draw();
  }

  draw() {
    const { frames, classes } = this.header, frame = frames[this.slider.value];
    paint(this.canvas, this.pictures[this.slider.value]);
    this.canvas.setAttribute("aria-label", `What the network gets: ${frame.title}`);
    this.title.textContent = frame.title;
    this.slider.setAttribute("aria-valuetext", `${frame.title}: ${classes.map((name, at) => `${name} ${percent(frame.shares[at])}`).join(", ")}`);
    const best = Math.max(...frame.shares);
    this.bars.replaceChildren(...classes.map((name, at) => {
      const fill = element("div", { class: "fill" });
      fill.style.width = `${100 * frame.shares[at]}%`;
      return element("div", { class: `bar${frame.shares[at] === best ? " best" : ""}` }, element("span", { class: "name", text: name }),
        element("span", { text: percent(frame.shares[at]) }), element("div", { class: "track" }, fill));
    }));
  }
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

export default (mount) => viewOf(Film, mount);
