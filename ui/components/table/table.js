class Table {
  constructor(parent) {
    this.all = false;
    this.root = element("div", { class: "root" });
    this.search = element("input", { type: "search", placeholder: "find a row", "aria-label": "Find a row" });
    this.search.oninput = () => this.draw();
    this.scroll = element("div", { class: "scroll", tabindex: 0, role: "region" });
    this.scroll.onscroll = () => this.tellOfMore();
    this.resized = new ResizeObserver(() => this.tellOfMore());
    this.resized.observe(this.scroll);
    this.more = element("button", { class: "more", type: "button" });
    this.more.onclick = () => { this.all = !this.all; this.draw(); };
    this.bar = element("div", { class: "bar" }, this.search);
    this.root.append(this.bar, this.scroll, this.more);
    parent.append(this.root);
  }

  show(content) {
    this.content = content;
    this.sortBy(content.sorted);
    this.scroll.setAttribute("aria-label", content.label);
    this.bar.classList.toggle("hidden", content.rows.length <= content.shown);
    this.draw();
  }

  draw() {
    const { headings, rows, shown } = this.content;
    const sought = this.search.value.trim().toLowerCase();
    const focused = this.root.getRootNode().activeElement?.dataset.column;
    const found = rows.filter((row) => row[0].text.toLowerCase().includes(sought)).sort((one, other) => this.compare(one[this.by].order, other[this.by].order));
    const visible = this.all || sought ? found : found.slice(0, shown);
    const head = element("tr", {}, ...headings.map((title, column) => this.heading(title, column)));
    this.scroll.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...visible.map(line))));
    if (!found.length) this.scroll.append(element("p", { class: "quiet", text: "No row has that in its name." }));
    this.more.classList.toggle("hidden", rows.length <= shown || sought !== "");
    this.more.textContent = this.all ? `Only ${shown}` : `All ${rows.length}`;
    this.tellOfMore();
    if (focused !== undefined) this.scroll.querySelector(`[data-column="${focused}"]`)?.focus();
  }

  close() {
    this.resized.disconnect();
  }

  tellOfMore() {
    const { scrollLeft, clientWidth, scrollWidth } = this.scroll;
    this.scroll.classList.toggle("further", scrollLeft + clientWidth < scrollWidth - 8);
  }

  sortBy(column) {
    this.by = column;
    this.rising = !this.content.falling.includes(column);
  }

  compare(one, other) {
    const order = typeof one === "string" ? one.localeCompare(other) : one - other;
    return this.rising ? order : -order;
  }

  heading(title, column) {
    const button = element("button", { type: "button", text: title, "data-column": column });
    button.onclick = () => {
      if (this.by === column) this.rising = !this.rising;
      else this.sortBy(column);
      this.draw();
    };
    return element("th", { scope: "col", "aria-sort": this.by === column ? (this.rising ? "ascending" : "descending") : "none" }, button);
  }
}

function line(cells) {
  return element("tr", {}, ...cells.map((cell, at) => {
    const node = element(at ? "td" : "th", { scope: at ? null : "row", text: cell.text });
    if (cell.share !== null) {
      const fill = element("div", { class: "fill" });
      fill.style.width = `${cell.share * 100}%`;
      node.append(element("div", { class: "track" }, fill));
    }
    return node;
  }));
}

export default (mount) => viewOf(Table, mount);
