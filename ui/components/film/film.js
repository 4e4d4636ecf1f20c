class Film {
  constructor(parent) {
    this.canvas = element("canvas", { role: "img" });
    this.slider = element("input", { type: "range", min: 0, step: 1 });
    this.slider.oninput = () => this.draw();
    this.slider.onchange = () => this.trigger("chosen", Number(this.slider.value));
    this.strip = element("div", { class: "strip", "aria-hidden": "true" });
    this.title = element("output");
    this.bars = element("div");
    this.root = element("div", { class: "root" }, element("div", { class: "shown" }, this.canvas), element("div", { class: "side" }, this.slider, this.strip, this.title, this.bars));
    parent.append(this.root);
  }

  show(header) {
    this.header = header;
    this.pictures = picturesOf(header);
    this.slider.max = header.frames.length - 1;
    this.slider.value = header.at;
    this.slider.setAttribute("aria-label", header.label);
    this.strip.replaceChildren(...runs(header.frames.map(best)).map(({ name, length }, at) => {
      const run = element("span", { class: `run ${this.colour(name) || (at % 2 ? "odd" : "even")}`, title: name }, element("span", { text: name }));
      run.style.flexGrow = length;
      return run;
    }));
    this.draw();
  }

  colour(name) {
    return ["first", "second"][this.header.followed.indexOf(name)] || "";
  }

  draw() {
    const frame = this.header.frames[this.slider.value], winner = best(frame);
    paint(this.canvas, this.pictures[this.slider.value]);
    this.canvas.setAttribute("aria-label", `What the network gets: ${frame.title}`);
    this.title.textContent = frame.title;
    this.slider.setAttribute("aria-valuetext", `${frame.title}: ${frame.answers.map(([name, share]) => `${name} ${percent(share)}`).join(", ")}`);
    this.bars.replaceChildren(...frame.answers.map(([name, share]) => {
      const fill = element("div", { class: `fill ${this.colour(name)}` });
      fill.style.width = `${100 * share}%`;
      return element("div", { class: `bar${name === winner ? " best" : ""}` }, element("span", { class: "name", text: name }),
        element("span", { text: percent(share) }), element("div", { class: "track" }, fill));
    }));
  }
}

function best(frame) {
  return frame.answers.reduce((one, other) => (other[1] > one[1] ? other : one))[0];
}

function runs(names) {
  const found = [];
  for (const name of names) {
    if (found.at(-1)?.name === name) found.at(-1).length += 1;
    else found.push({ name, length: 1 });
  }
  return found;
}

export default (mount) => viewOf(Film, mount);
