// Numbers as text, and what is said of a cell.

const FIGURES = 4; // decimals of whatever is added up

const minus = (text) => text.replaceAll("-", "−");
const fixed = (value, digits = FIGURES) => minus((Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits));
const signed = (value, digits = FIGURES) => (value < 0 ? "− " : "+ ") + fixed(Math.abs(value), digits);
const remains = (remainder) => Math.abs(remainder) >= 0.5 * 10 ** -FIGURES; // it is seen in the digits
const many = (count, noun) => `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;

// What the value is, and of what: as nodes.
function sentence(header, { y, x }, found, products) {
  const { unit, kind, count, height, width } = header;
  const name = (height * width === 1 ? "" : `Row ${y + 1}, column ${x + 1} of `) + unit;
  const how = {
    weighted: () => header.counts === "nothing" ? `: ${many(products, "product")}${header.dense ? "" : ` from ${header.inputs}`}${found.bias ? ", and a bias" : ""}, added up.`
      : `: the average of ${many(found.divisor, "value")}.`,
    pointwise: () => count > 1 || header.adds ? `: ${many(count, "number")}${header.adds ? " and a constant" : ""}, added up.` : ": the number that comes in, times a factor.",
    largest: () => `: the largest of the ${found.inside.filter(Boolean).length} values in its window.`,
    unary: () => bending(header, found),
    moved: () => `: it is row ${header.from[0] + 1}, column ${header.from[1] + 1} of ${header.labels[0]}, in line with all the others.`,
    softmax: () => `: e to its logit, as a share of the sum over all classes.`,
  }[kind]();
  return [`${name[0].toUpperCase()}${name.slice(1)} is `, element("b", { text: fixed(found.value) }), how];
}

// What a function of one number made of what came in.
function bending({ curve, passes, low, high }, { given, value }) {
  const came = `: what came in was ${fixed(given)}`, bounded = low !== null || high !== null;
  if (passes) return ": passed on as it is.";
  if (high !== null && given > high) return `${came}, above the upper bound ${fixed(high)}.`;
  if (low !== null && given < low) return `${came}, below the lower bound ${fixed(low)}.`;
  if (!curve && value === given) return `: what came in ${bounded ? "lies within the bounds" : "was not negative"}, so it stays.`;
  return `${came}${!curve && given < 0 ? ", below zero" : ""}.`;
}

// What is not listed, where the maps are too large for all of them.
function leftOut({ count, left, noun }) {
  return left ? `These maps are large. Of ${many(count + left, noun)}, the ${count} that add most to this channel are listed; the other ${left.toLocaleString("en-US")} are added up for each cell and stand in one line.` : "";
}

// Whether ONNX Runtime returned the same, and by how much it differs.
function agreement({ value, runtime, magnitude, terms }) {
  const off = Math.abs(value - runtime), agrees = off <= TOLERANCE * magnitude;
  const digits = Math.max(FIGURES, Math.min(9, 7 - Math.floor(Math.log10(Math.abs(value) || 1))));
  const difference = off.toFixed(Math.min(20, Math.ceil(-Math.log10(off || 1)))).replace(/(\.\d*[1-9])0+$/, "$1");
  const words = off === 0 ? "exactly the same." : agrees
    ? `they differ by ${difference}. A millionth of all that was added up is allowed; this is ${Math.floor(TOLERANCE * magnitude / off).toLocaleString("en-US")} times less.`
    : `they differ by ${difference}, more than a millionth of all that was added up. This should not be.`;
  return { agrees, text: `${terms ? "Added up" : "Computed"} here ${fixed(value, digits)}, by ONNX Runtime ${fixed(runtime, digits)}: ${words}` };
}

// All of it, to be copied.
function asText(said, header, arithmetic, cell, found) {
  const lines = [said];
  if (found.terms) {
    for (const { n, subtotal } of found.terms) {
      const { values, inside, weights } = arithmetic.window(n, cell);
      const products = values.map((each, at) => (inside[at] ? `${each} × ${weights[at]}` : "0 (padding)"));
      lines.push(`${header.labels[n]}: ${products.join(" + ")} = ${subtotal}`);
    }
    if (header.left) lines.push(`${many(header.left, `more ${header.noun}`)}: ${found.rest}`);
    lines.push(`bias: ${found.bias}`);
    if (found.divisor !== 1) lines.push(`divided by ${found.divisor}`);
  } else if (header.kind === "largest") lines.push(`window: ${found.values.map((each, at) => (found.inside[at] ? each : "padding")).join(", ")}`);
  return [...lines, `value: ${found.value}`, `ONNX Runtime: ${found.runtime}`].join("\n");
}
