class Chapters {
  constructor(parent) {
    this.list = element("ol");
    this.root = element("nav", { class: "root", "aria-label": "Chapters" }, this.list);
    parent.append(this.root);
  }

  show({ rows, at }) {
    const moved = this.at && this.at !== at;
    this.at = at;
    this.list.replaceChildren(...rows.map((row, number) => this.line(row, number + 1)));
    if (moved) this.toTop();
  }

  line({ name, title, done }, number) {
    const link = element("a", {
      href: this.address(name), class: done ? "done" : "", "aria-current": name === this.at ? "step" : null,
      "aria-label": `${number}. ${title}${done ? ", done" : ""}`, title,
    }, element("span", { class: "number", text: done && name !== this.at ? "✓" : number }), element("span", { class: "title", text: title }));
    link.onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.trigger("chosen", name);
    };
    return element("li", {}, link);
  }

  address(name) {
    const address = new URL(window.location.href);
    address.searchParams.set("chapter", name);
    return address.search;
  }

  toTop() {
    if (this.root.getBoundingClientRect().top < 0) this.root.scrollIntoView({ block: "start" });
  }
}

export default (mount) => viewOf(Chapters, mount);
