// The channels of the step to choose from, strongest first.

const FEW = 12; // that are shown at first

class Channels {
  constructor(choose) {
    this.choose = choose;
    this.strip = element("div", { class: "strip", role: "group", "aria-label": "Channels, strongest first" });
    this.more = element("button", { type: "button" });
    this.more.onclick = () => { this.wide = !this.wide; this.draw(); };
    this.node = element("section", { class: "card channels" }, element("h3", { text: "Channel, strongest first" }), this.strip, this.more);
  }

  show(header, brush) {
    Object.assign(this, { header, brush });
    this.node.classList.toggle("hidden", !header.channels.length);
    this.draw();
  }

  draw() {
    const { channels, chosenChannel } = this.header;
    const at = channels.findIndex((each) => each.index === chosenChannel);
    const shown = this.wide ? [...channels] : channels.slice(0, FEW);
    if (!this.wide && at >= FEW) shown.push(channels[at]);
    this.strip.replaceChildren(...shown.map((each) => this.button(each, each.index === chosenChannel)));
    this.more.classList.toggle("hidden", channels.length <= FEW);
    this.more.textContent = this.wide ? `Show the ${FEW} strongest` : `Show all ${channels.length}`;
  }

  button(each, chosen) {
    const { channels, thumbs, thumbSize: [height, width] = [1, 1], scale } = this.header;
    const button = element("button", { type: "button", class: "channel", "aria-pressed": String(chosen), "aria-label": `channel ${each.index}, ${each.note}`, title: `channel ${each.index}: ${each.note}` });
    if (height * width > 1) {
      const n = channels.indexOf(each), canvas = element("canvas", { width: 88, height: Math.round(88 * height / width), "aria-hidden": "true" });
      const context = canvas.getContext("2d");
      context.imageSmoothingEnabled = false;
      context.drawImage(this.brush.picture(`thumb ${n}`, thumbs.subarray(n * height * width, (n + 1) * height * width), height, width, scale), 0, 0, canvas.width, canvas.height);
      button.append(canvas);
    }
    button.append(element("span", { text: String(each.index) }));
    button.onclick = () => this.choose(each.index);
    return button;
  }
}
