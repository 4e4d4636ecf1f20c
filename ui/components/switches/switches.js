const PAUSE = 60; // ms between two messages while a slider moves

class Switches {
  constructor(parent) {
    this.gains = {}; // by channel, those that are not 1
    this.past = [];
    this.all = false;
    const tool = (text, action) => {
      const made = element("button", { type: "button", text });
      made.onclick = action;
      return made;
    };
    this.next = tool("Silence the next one", () => this.silenceNext());
    this.undo = tool("Undo", () => this.back());
    this.reset = tool("Reset", () => this.change({}));
    this.count = element("span", { class: "quiet", "aria-live": "polite" });
    this.list = element("div", { class: "list", role: "group" });
    this.more = tool("", () => { this.all = !this.all; this.draw(); });
    this.more.className = "more";
    this.root = element("div", { class: "root" }, element("div", { class: "tools" }, this.next, this.undo, this.reset, this.count), this.list, this.more);
    parent.append(this.root);
  }

  close() {
    clearTimeout(this.timer);
  }

  show(header) {
    this.header = header;
    this.pictures = picturesOf(header);
    this.list.setAttribute("aria-label", header.label);
    this.draw();
  }

  draw() {
    const { channels, shown } = this.header;
    const visible = this.all ? channels.length : shown;
    this.list.replaceChildren(...channels.slice(0, visible).map((channel, at) => this.line(channel, this.pictures[at])));
    this.list.classList.toggle("long", this.all);
    this.more.classList.toggle("hidden", channels.length <= shown);
    this.more.textContent = this.all ? `Only the first ${shown}` : `All ${channels.length} channels`;
    this.refresh();
  }

  line({ index, note }, picture) {
    const canvas = element("canvas", { "aria-hidden": "true" });
    paint(canvas, picture);
    const button = element("button", { class: "switch", type: "button", role: "switch", "aria-label": `Channel ${index}` });
    const slider = element("input", { type: "range", min: 0, max: this.header.loudest, step: 0.05, "aria-label": `Gain of channel ${index}` });
    const output = element("output");
    button.onclick = () => this.change({ ...this.gains, [index]: this.gainOf(index) ? 0 : 1 });
    slider.onpointerdown = slider.onfocus = () => { this.before = { ...this.gains }; };
    slider.oninput = () => { this.gains = trimmed({ ...this.gains, [index]: Number(slider.value) }); this.refresh(); this.soon(); };
    slider.onchange = () => { this.past.push(this.before); this.before = { ...this.gains }; this.refresh(); };
    const line = element("div", { class: "channel" }, canvas,
      element("div", { class: "name" }, element("b", { text: `channel ${index}` }), element("span", { class: "quiet", text: note, title: note })),
      element("div", { class: "gain" }, button, slider, output));
    line.refresh = () => {
      const gain = this.gainOf(index);
      button.setAttribute("aria-checked", String(gain > 0));
      button.textContent = gain > 0 ? "on" : "off";
      slider.value = gain;
      output.textContent = `× ${gain.toFixed(2)}`;
      canvas.style.opacity = Math.min(1, 0.12 + 0.88 * gain);
    };
    return line;
  }

  gainOf(index) {
    return this.gains[index] ?? 1;
  }

  refresh() {
    for (const line of this.list.children) line.refresh();
    const changed = Object.keys(this.gains).length;
    this.undo.disabled = !this.past.length;
    this.reset.disabled = !changed;
    this.next.disabled = !this.loudestOn();
    this.count.textContent = changed ? `${changed} of ${this.header.channels.length} channels changed` : "";
  }

  loudestOn() {
    return this.header.channels.find(({ index }) => this.gainOf(index) > 0);
  }

  silenceNext() {
    this.change({ ...this.gains, [this.loudestOn().index]: 0 });
  }

  change(gains) {
    this.past.push(this.gains);
    this.send(gains);
  }

  back() {
    this.send(this.past.pop());
  }

  soon() {
    this.timer ??= setTimeout(() => this.send(this.gains), PAUSE);
  }

  send(gains) {
    clearTimeout(this.timer);
    this.timer = null;
    this.gains = trimmed(gains);
    this.refresh();
    this.trigger("gains", this.gains);
  }
}

function trimmed(gains) {
  return Object.fromEntries(Object.entries(gains).filter(([, gain]) => gain !== 1));
}

// The gains are a state, not a trigger: they stay for the runs that follow.
export default (mount) => viewOf(Switches, { ...mount, setTriggerValue: mount.setStateValue });
