class Bars {
  constructor(parent) {
    this.all = false;
    this.filter = "";
    this.root = element("div", { class: "root" });
    this.search = element("input", { type: "search", placeholder: "find a class", "aria-label": "Find a class", class: "hidden" });
    this.search.oninput = () => { this.filter = this.search.value.trim().toLowerCase(); this.draw(); };
    this.list = element("div", { class: "list", role: "group", "aria-label": "Classes by probability" });
    this.more = element("button", { class: "more", type: "button" });
    this.more.onclick = () => { this.all = !this.all; this.filter = this.search.value = ""; this.draw(); };
    this.root.append(this.search, this.list, this.more);
    parent.append(this.root);
  }

  show(data) {
    this.content = data;
    this.draw();
  }

  draw() {
    const { rows, shown, chosen } = this.content;
    const found = rows.filter((row) => row.name.toLowerCase().includes(this.filter));
    const visible = this.all ? found : rows.filter((row, at) => at < shown || row.index === chosen);
    const focused = this.root.getRootNode().activeElement?.dataset.index;
    this.list.replaceChildren(...visible.map((row) => this.bar(row, row.index === chosen, row === rows[0])));
    if (this.all && !found.length) this.list.append(element("p", { class: "quiet", text: "No class has that in its name." }));
    if (focused !== undefined) this.list.querySelector(`[data-index="${focused}"]`)?.focus();
    this.list.classList.toggle("long", this.all);
    this.search.classList.toggle("hidden", !this.all);
    this.more.classList.toggle("hidden", rows.length <= shown);
    this.more.setAttribute("aria-expanded", String(this.all));
    this.more.textContent = this.all ? `Only the best ${shown}` : `All ${rows.length} classes`;
  }

  bar(row, chosen, best) {
    const fill = element("div", { class: "fill" });
    fill.style.width = `${row.share * 100}%`;
    const bar = element("button", {
      class: `bar${chosen ? " chosen" : ""}${best ? " best" : ""}`, type: "button", "aria-pressed": String(chosen), "data-index": row.index,
      "aria-label": `${row.name}, ${row.text}`, title: `logit ${printed(row.logit)}. Click: where the evidence for it lies`,
    }, element("span", { class: "name", text: row.rank > this.content.shown && !this.all ? `${row.name} (number ${row.rank})` : row.name }), element("span", { class: "share", text: row.text }),
    element("div", { class: "track" }, fill));
    bar.onclick = () => this.trigger("chosen", row.index);
    return bar;
  }
}

export default (mount) => viewOf(Bars, mount);
