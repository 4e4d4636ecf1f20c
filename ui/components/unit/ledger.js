// The lines under the terms: what is not shown above, bias, rounding, value.

class Ledger {
  constructor() {
    this.node = element("dl", { class: "ledger" });
  }

  draw(header, found, terms) {
    this.lines = [];
    if (found.terms && header.counts && header.counts !== "nothing") this.average(found, terms);
    else if (found.terms) this.sum(header, found, terms);
    this.add(header.kind === "largest" ? "largest" : "value", fixed(found.value), "total");
    this.node.replaceChildren(...this.lines);
  }

  average({ sum, divisor }, { arithmetic, cell, figures, laid }) {
    const over = sum - arithmetic.window(0, cell).values.reduce((all, each) => all + Number(each.toFixed(figures)), 0);
    if (laid.legible && remains(over)) this.add("rounding of the digits shown", signed(over), "quiet");
    this.add("the window added up", fixed(sum));
    this.add(`divided by ${divisor}`, `÷ ${divisor}`);
  }

  sum({ kind, adds, noun, left }, { terms, rest, bias, value }, { rows }) {
    const shown = terms.slice(0, rows), more = terms.length - shown.length + left;
    let printedSum = 0;
    const count = (each) => { printedSum += Number(each.toFixed(FIGURES)); return signed(each); };
    shown.forEach((term) => count(term.subtotal));
    if (more) this.add(many(more, `more ${noun}`), count(terms.slice(rows).reduce((all, term) => all + term.subtotal, rest)), "rest", { rest: more });
    if (kind !== "pointwise" || adds) this.add(adds ? "constant" : "bias", count(bias));
    const over = Number(value.toFixed(FIGURES)) - printedSum;
    if (remains(over)) this.add("rounding of the digits shown", signed(over), "quiet");
  }

  add(name, text, className = "", data = {}) {
    const line = element("div", { class: className }, element("dt", { text: name }), element("dd", { text }));
    Object.assign(line.dataset, data);
    this.lines.push(line);
  }
}
