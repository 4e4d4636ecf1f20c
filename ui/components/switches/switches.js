const PAUSE = 60; // ms between two messages while a slider moves

class Switches {
  constructor(parent) {
    this.gains = null; // by layer and channel, those that are not 1
    this.past = [];
    this.all = false;
    const tool = (text, action) => {
      const made = element("button", { type: "button", text });
      made.onclick = action;
      return made;
    };
    this.next = tool("Silence the next one");
    this.undo = tool("Undo", () => this.back());
    this.reset = tool("Reset all", () => this.change({}));
    this.changed = element("div", { class: "changed", "aria-live": "polite" });
    this.list = element("div", { class: "list", role: "group" });
    this.more = tool("", () => { this.all = !this.all; this.draw(); });
    this.more.className = "more";
    this.root = element("div", { class: "root" }, element("div", { class: "tools" }, this.next, this.undo, this.reset), this.changed, this.list, this.more);
    parent.append(this.root);
  }

  close() {
    clearTimeout(this.timer);
  }

  show(header) {
    this.header = header;
    this.gains ??= header.begin;
    this.pictures = picturesOf(header);
    this.list.setAttribute("aria-label", header.label);
    this.draw();
  }

  draw() {
    const { channels, shown } = this.header;
    this.lines = new Map(this.visible().map((channel) => [channel, this.line(channel, this.pictures[channels.indexOf(channel)])]));
    this.list.replaceChildren(...this.lines.values());
    this.list.classList.toggle("long", this.all);
    this.more.classList.toggle("hidden", channels.length <= shown);
    this.more.textContent = this.all ? `Only the first ${shown}` : `All ${channels.length} channels`;
    this.refresh();
  }

  // The first few; and of those after them what is not as it was, wherever it was switched.
  visible() {
    const { channels, shown } = this.header;
    return channels.filter(({ index }, at) => this.all || at < shown || this.gainOf(index) !== 1);
  }

  line({ index, note }, picture) {
    const canvas = element("canvas", { "aria-hidden": "true" });
    paint(canvas, picture);
    const button = element("button", { class: "switch", type: "button", role: "switch", "aria-label": `Channel ${index}` });
    const slider = element("input", { type: "range", min: 0, max: this.header.loudest, step: 0.05, "aria-label": `Gain of channel ${index}` });
    const output = element("output");
    button.onclick = () => this.change(this.turned(index, this.gainOf(index) ? 0 : 1));
    slider.onpointerdown = slider.onfocus = () => { this.before = this.gains; };
    slider.oninput = () => { this.gains = this.turned(index, Number(slider.value)); this.refresh(); this.soon(); };
    slider.onchange = () => { this.past.push(this.before); this.before = this.gains; this.send(this.gains); };
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
    return this.gains[this.header.layer]?.[index] ?? 1;
  }

  // The gains with another one for a channel of the layer that is shown.
  turned(index, gain) {
    const { layer } = this.header;
    return trimmed({ ...this.gains, [layer]: { ...this.gains[layer], [index]: gain } });
  }

  refresh() {
    if (this.visible().some((channel) => !this.lines.has(channel))) return this.draw();
    for (const line of this.lines.values()) line.refresh();
    const loudest = this.loudestOn();
    this.undo.disabled = !this.past.length;
    this.reset.disabled = !Object.keys(this.gains).length;
    this.next.disabled = !loudest;
    this.next.title = loudest ? `Channel ${loudest.index}, which holds the score up most of those that are on` : "None of those that are on holds the score up";
    this.next.onclick = () => this.change(this.turned(loudest.index, 0));
    this.tell();
  }

  // Of the channels that are on the one that the score falls most without, unless it falls without none.
  loudestOn() {
    return this.header.channels.find(({ index, supports }) => supports && this.gainOf(index) > 0);
  }

  // What is changed in each layer, in the order of the network.
  tell() {
    const { titles, layer } = this.header;
    const changed = Object.keys(titles).filter((name) => this.gains[name]);
    const told = changed.map((name) => `${titles[name]}: ${inWords(Object.values(this.gains[name]))}`);
    if (this.changed.textContent === told.join("") && this.changed.layer === layer) return;
    this.changed.layer = layer;
    this.changed.replaceChildren(...changed.map((name, at) => {
      const go = element("button", { type: "button", text: told[at], "aria-current": name === layer && "true", title: `Show the switches of ${titles[name]}` });
      go.onclick = () => name !== layer && this.trigger("layer", name);
      const reset = element("button", { type: "button", class: "reset", "aria-label": `Reset ${titles[name]}`, title: `Reset ${titles[name]}` });
      reset.onclick = () => this.change({ ...this.gains, [name]: {} });
      return element("span", { class: "layer" }, go, reset);
    }));
  }

  change(gains) {
    this.past.push(this.gains);
    this.send(gains);
  }

  back() {
    this.send(this.past.pop());
  }

  soon() {
    this.timer ??= setTimeout(() => this.send(this.gains, true), PAUSE);
  }

  send(gains, moving = false) {
    clearTimeout(this.timer);
    this.timer = null;
    this.gains = trimmed(gains);
    this.refresh();
    this.trigger("gains", { gains: this.gains, moving });
  }
}

function trimmed(gains) {
  const layers = Object.entries(gains).map(([layer, own]) => [layer, Object.fromEntries(Object.entries(own).filter(([, gain]) => gain !== 1))]);
  return Object.fromEntries(layers.filter(([, own]) => Object.keys(own).length));
}

// '2 channels off, 1 changed'
function inWords(gains) {
  const off = gains.filter((gain) => gain === 0).length, other = gains.length - off;
  const channels = (count) => `${count} channel${count === 1 ? "" : "s"}`;
  if (!off) return `${channels(other)} changed`;
  return `${channels(off)} off${other ? `, ${other} changed` : ""}`;
}

// The gains are a state, not a trigger: they stay for the runs that follow.
export default (mount) => viewOf(Switches, {
  ...mount,
  setTriggerValue: (name, value) => (name === "gains" ? mount.setStateValue : mount.setTriggerValue)(name, value),
});
