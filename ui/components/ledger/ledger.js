class Ledger {
  constructor(parent) {
    this.root = element("div", { class: "root" });
    parent.append(this.root);
  }

  show({ headings, rows, label, hue }) {
    const signed = rows.some(({ bar }) => bar < 0);
    const bars = rows.some(({ bar }) => bar !== null);
    const head = element("tr", {}, ...headings.map((text) => element("th", { scope: "col", text })), ...(bars ? [element("td", { "aria-hidden": "true" })] : []));
    const body = rows.map(({ cells, bar, strong }) => element("tr", { class: strong ? "strong" : "" },
      ...cells.map((text, at) => element(at ? "td" : "th", { scope: at ? null : "row", text })),
      ...(bars ? [element("td", { class: "bar", "aria-hidden": "true" }, ...(bar === null ? [] : [this.bar(bar, signed, hue)]))] : [])));
    this.root.replaceChildren(element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body))));
  }

  bar(share, signed, hue) {
    const track = element("div", { class: `track ${hue}${share < 0 ? " against" : ""}` });
    const fill = element("div", { class: "fill" });
    const width = Math.abs(share) * (signed ? 50 : 100);
    fill.style.width = `${width}%`;
    fill.style.marginLeft = `${signed ? (share < 0 ? 50 - width : 50) : 0}%`;
    track.append(fill);
    return track;
  }
}

export default (mount) => viewOf(Ledger, mount);
