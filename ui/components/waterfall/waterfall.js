class Waterfall {
  constructor(parent) {
    this.root = element("div", { class: "root" });
    parent.append(this.root);
  }

  show({ rows, label }) {
    let at = 0;
    const spans = rows.map(({ value }, row) => {
      const from = row === rows.length - 1 ? 0 : at; // the total begins at zero again
      at = from + value;
      return [from, at];
    });
    const low = Math.min(0, ...spans.flat()), high = Math.max(0, ...spans.flat()), width = high - low || 1;
    const share = (value) => 100 * (value - low) / width;
    const body = rows.map(({ name, value, text }, row) => {
      const [from, to] = spans[row];
      const zero = element("div", { class: "zero" }), fill = element("div", { class: `fill${value < 0 ? " against" : ""}` });
      zero.style.left = `${share(0)}%`;
      Object.assign(fill.style, { left: `${share(Math.min(from, to))}%`, width: `${100 * Math.abs(value) / width}%` });
      return element("tr", { class: row === rows.length - 1 ? "total" : "" }, element("th", { scope: "row", text: name }),
        element("td", { class: "text", text }), element("td", { class: "bar", "aria-hidden": "true" }, element("div", { class: "track" }, zero, fill)));
    });
    this.root.replaceChildren(element("table", { "aria-label": label }, element("tbody", {}, ...body)));
  }
}

export default (mount) => viewOf(Waterfall, mount);
