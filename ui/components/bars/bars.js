class Bars {
  constructor(parent) {
    this.all = false;
    this.filter = "";
    this.bars = new Map(); // by class: they stay, and move, when the numbers are others
    this.root = element("div", { class: "root" });
    this.search = element("input", { type: "search", placeholder: "find a class", "aria-label": "Find a class", class: "hidden" });
    this.search.oninput = () => { this.filter = this.search.value.trim().toLowerCase(); this.draw(); };
    this.list = element("div", { class: "list", role: "group", "aria-label": "Classes by probability" });
    this.more = element("button", { class: "more", type: "button" });
    this.more.onclick = () => { this.all = !this.all; this.filter = this.search.value = ""; this.draw(); };
    this.root.append(this.search, this.list, this.more);
    parent.append(this.root);
  }

  show({ indices, names, texts, arrays: [shares, logits], ...content }) {
    const rows = indices.map((index, at) => ({ rank: at + 1, index, name: names[at], share: shares[at], text: texts[at], logit: logits[at] }));
    this.content = { ...content, rows };
    this.draw();
  }

  draw() {
    const { rows, shown, chosen } = this.content;
    const found = rows.filter((row) => row.name.toLowerCase().includes(this.filter));
    const visible = this.all ? found : rows.filter((row, at) => at < shown || row.index === chosen);
    const bars = visible.map((row) => this.bar(row, row.index === chosen, row === rows[0]));
    const none = this.all && !found.length ? [element("p", { class: "quiet", text: "No class has that in its name." })] : [];
    const focused = this.root.getRootNode().activeElement;
    if (none.length || bars.length !== this.list.childElementCount || bars.some((bar, at) => bar !== this.list.children[at])) {
      this.list.replaceChildren(...bars, ...none);
      if (bars.includes(focused)) focused.focus();
    }
    this.list.classList.toggle("long", this.all);
    this.search.classList.toggle("hidden", !this.all);
    this.more.classList.toggle("hidden", rows.length <= shown);
    this.more.setAttribute("aria-expanded", String(this.all));
    this.more.textContent = this.all ? `Only the best ${shown}` : `All ${rows.length} classes`;
  }

  bar(row, chosen, best) {
    const bar = this.bars.get(row.index) ?? this.made(row.index);
    bar.className = `bar${chosen ? " chosen" : ""}${best ? " best" : ""}`;
    bar.setAttribute("aria-pressed", String(chosen));
    bar.setAttribute("aria-label", `${row.name}, ${row.text}`);
    bar.title = `logit ${printed(row.logit)}. Click to ask about this class`;
    const [name, share, track] = bar.children;
    name.textContent = row.rank > this.content.shown && !this.all ? `${row.name} (number ${row.rank})` : row.name;
    share.textContent = row.text;
    track.firstChild.style.width = `${row.share * 100}%`;
    return bar;
  }

  made(index) {
    const track = element("div", { class: "track" }, element("div", { class: "fill" }));
    const bar = element("button", { type: "button", "data-index": index }, element("span", { class: "name" }), element("span", { class: "share" }), track);
    bar.onclick = () => this.trigger("chosen", index);
    this.bars.set(index, bar);
    return bar;
  }
}

export default (mount) => viewOf(Bars, mount);
