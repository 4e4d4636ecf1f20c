// What becomes of the value: ReLU, then the window of the pooling.

class Onward {
  constructor() {
    this.node = element("div", { class: "next" });
  }

  draw(header, brush, cell, value) {
    const lines = [];
    for (const step of header.next) {
      lines.push(element("h4", { text: step.title }));
      if (step.kind === "unary") {
        const after = activate(value, step), number = (each) => element("span", { class: "number", text: fixed(each) });
        lines.push(element("p", { class: "equation small" }, `${step.rule}(`, number(value), ") = ", number(after)));
        value = after;
        continue;
      }
      const into = pooledInto(step, cell);
      if (!into) {
        lines.push(element("p", { text: "No window of the pooling reads this cell: it is dropped." }));
        break;
      }
      const found = pooled(step, header[step.map], into);
      lines.push(this.pool(step, brush, found, cell), element("p", { text: this.fate(found, into, cell) }));
      if (!alike(found.winner, cell)) break;
      cell = into;
    }
    this.node.replaceChildren(...lines);
  }

  fate({ cells, winner, value }, into, cell) {
    const onward = `goes on as row ${into.y + 1}, column ${into.x + 1} of the pooled map`;
    if (alike(winner, cell)) return `It is the largest of its window and ${onward}.`;
    if (value === cells.find((each) => alike(each, cell)).value) return `The largest of its window, ${fixed(value)}, is there more than once. It ${onward}.`;
    return `In its window row ${winner.y + 1}, column ${winner.x + 1} is larger: ${fixed(value)} ${onward}, this one ends here.`;
  }

  pool({ columns, scale }, brush, { cells, winner }, at) {
    const box = element("div", { class: "pool" });
    box.style.gridTemplateColumns = `repeat(${columns.kernel}, minmax(0, 74px))`;
    for (const cell of cells) {
      const rgb = brush.colour(cell.value, scale);
      const made = element("span", { class: `${alike(cell, at) ? "own" : ""}${cell === winner ? " winner" : ""}${cell.there ? "" : " padding"}`, text: cell.there ? fixed(cell.value) : "0" });
      if (cell.there) Object.assign(made.style, { background: `rgb(${rgb})`, color: inkOn(rgb) });
      box.append(made);
    }
    return box;
  }
}
