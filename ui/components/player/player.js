const PAUSE = 1100; // ms that each moment stays, once it is drawn

class Player {
  constructor(parent) {
    this.playing = false;
    this.asked = null; // the moment asked for, until the page shows it
    this.root = element("div", { class: "root" });
    this.play = element("button", { class: "play", type: "button" });
    this.play.onclick = () => (this.playing ? this.stop() : this.start());
    this.slider = element("input", { type: "range", min: 0, step: 1 });
    this.slider.oninput = () => { this.stop(); this.name(); };
    this.slider.onchange = () => this.go(this.at);
    this.shown = element("output", {});
    this.root.append(this.play, this.slider, this.shown);
    parent.append(this.root);
  }

  close() {
    clearTimeout(this.timer);
  }

  show(content) {
    const late = this.asked !== null && content.at !== this.asked && content.followed === this.content.followed;
    this.content = content;
    if (late) return; // the answer to a choice before the last one
    this.asked = null;
    this.slider.max = content.moments.length - 1;
    this.slider.value = content.at;
    this.slider.setAttribute("aria-label", content.label);
    this.name();
    if (this.playing) this.wait();
    this.label();
  }

  name() {
    const name = this.content.moments[this.at];
    this.shown.textContent = name;
    this.slider.setAttribute("aria-valuetext", name);
  }

  label() {
    this.play.textContent = this.playing ? "❚❚ Pause" : "▶ Play";
  }

  start() {
    this.playing = true;
    this.label();
    this.go(this.atTheEnd() ? 0 : this.at + 1);
  }

  stop() {
    this.playing = false;
    clearTimeout(this.timer);
    this.label();
  }

  wait() {
    clearTimeout(this.timer);
    if (this.atTheEnd()) this.stop();
    else this.timer = setTimeout(() => this.go(this.at + 1), PAUSE);
  }

  get at() {
    return Number(this.slider.value);
  }

  atTheEnd() {
    return this.at === this.content.moments.length - 1;
  }

  go(at) {
    this.slider.value = this.asked = at;
    this.name();
    this.trigger("chosen", at);
  }
}

export default (mount) => viewOf(Player, mount);
