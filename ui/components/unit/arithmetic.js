// The arithmetic of one cell, in float64, as in convoscope.arithmetic.

const TOLERANCE = 1e-6; // of all that is added up, by which a number may differ from the runtime's

const taps = (axis, cell) => Array.from({ length: axis.kernel }, (_, at) => cell * axis.stride - axis.before + at * axis.dilation);
const within = (at, size) => at >= 0 && at < size;
const alike = (one, other) => one !== null && one.y === other.y && one.x === other.x;

class Arithmetic {
  constructor(header) {
    this.header = header;
  }

  // How a cell's value is made: `value`, ONNX Runtime's `runtime`, and the `magnitude` of all that was added up.
  at(cell) {
    const { kind, sources, width, from, values, taken } = this.header;
    const runtime = values[cell.y * width + cell.x];
    if (kind === "weighted" || kind === "pointwise") return { ...this.sum(cell), runtime };
    if (kind === "largest") {
      const found = this.largest(cell);
      return { ...found, runtime, magnitude: Math.abs(found.value) };
    }
    if (kind === "softmax") return { ...this.share(), runtime, magnitude: 1 };
    const given = from ? sources[from[0] * taken[1] + from[1]] : sources[cell.y * width + cell.x];
    const value = kind === "moved" ? given : activate(given, this.header);
    return { given, value, runtime, magnitude: Math.max(Math.abs(value), this.header.curve ? 1 : 0) };
  }

  // Window and weights of one term. `inside` is false on padding.
  window(n, { y, x }) {
    const { taken: [height, width], rows, columns, sources, factors, weights } = this.header;
    const down = rows ? taps(rows, y) : [y], across = columns ? taps(columns, x) : [x];
    const values = [], inside = [];
    for (const row of down) {
      for (const column of across) {
        const there = within(row, height) && within(column, width);
        inside.push(there);
        values.push(there ? sources[(n * height + row) * width + column] : 0);
      }
    }
    const count = values.length;
    const by = factors ? [factors[factors.length === this.header.count ? n : (n * height + y) * width + x]] : weights?.subarray(n * count, (n + 1) * count);
    return { values, inside, weights: by, row: down[0], column: across[0], tall: down.length, wide: across.length };
  }

  sum(cell) {
    const { count, bias, offset, width, left, restSums, restMagnitudes } = this.header, at = cell.y * width + cell.x;
    const added = offset ? offset[offset.length === 1 ? 0 : at] : bias, rest = left ? restSums[at] : 0;
    let total = added + rest, magnitude = Math.abs(added) + (left ? restMagnitudes[at] : 0);
    const terms = [];
    for (let n = 0; n < count; n++) {
      const { values, weights } = this.window(n, cell);
      let subtotal = 0;
      for (let k = 0; k < values.length; k++) {
        const product = values[k] * weights[k];
        subtotal += product;
        magnitude += Math.abs(product);
      }
      terms.push({ n, subtotal });
      total += subtotal;
    }
    const divisor = this.divisor(cell);
    if (count > ROWS) terms.sort((one, other) => Math.abs(other.subtotal) - Math.abs(one.subtotal) || one.n - other.n);
    return { terms, rest, bias: added, divisor, sum: total, value: total / divisor, magnitude: magnitude / divisor };
  }

  // Of one logit among all.
  share() {
    const { sources, index } = this.header, largest = sources.reduce((one, other) => Math.max(one, other));
    const powers = Array.from(sources, (logit) => Math.exp(logit - largest));
    return { given: sources[index], value: powers[index] / powers.reduce((sum, power) => sum + power) };
  }

  divisor({ y, x }) {
    const { counts, rows, columns } = this.header;
    if (!counts || counts === "nothing") return 1;
    const counted = (axis, cell) => taps(axis, cell).filter((at) => (counts === "inside" ? within(at, axis.size) : at >= -axis.before && at < axis.size + axis.after)).length;
    return counted(rows, y) * counted(columns, x);
  }

  largest(cell) {
    const found = this.window(0, cell);
    let best = -1;
    found.inside.forEach((there, at) => { if (there && (best < 0 || found.values[at] > found.values[best])) best = at; });
    return { ...found, best, value: found.values[best] };
  }
}

const CURVES = { // as convoscope.curves
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Tanh: Math.tanh,
  HardSigmoid: (x, a, b) => Math.min(Math.max(a * x + b, 0), 1),
  HardSwish: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
  Elu: (x, a) => (x < 0 ? a * Math.expm1(x) : x),
  Gelu: (x, a) => (x / 2) * (1 + (a ? Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)) : erf(x / Math.SQRT2))),
  Erf: erf,
  Softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  Sqrt: Math.sqrt,
};

// 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!; all its terms have one sign.
function erf(x) {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function activate(given, { slope, low, high, curve }) {
  if (curve) return CURVES[curve.operator](given, curve.a, curve.b);
  const value = given < 0 ? given * slope : given;
  return Math.min(Math.max(value, low ?? -Infinity), high ?? Infinity);
}

// The cell of a pooled map whose window reads this one; null if none does.
function pooledInto({ rows, columns, height, width }, { y, x }) {
  const find = (axis, size, at) => Array.from({ length: size }, (_, cell) => cell).find((cell) => taps(axis, cell).includes(at));
  const row = find(rows, height, y), column = find(columns, width, x);
  return row === undefined || column === undefined ? null : { y: row, x: column };
}

function pooled({ rows, columns }, values, { y, x }) {
  const cells = [];
  for (const row of taps(rows, y)) for (const column of taps(columns, x)) cells.push({ y: row, x: column, there: within(row, rows.size) && within(column, columns.size) });
  let winner = null;
  for (const cell of cells) {
    cell.value = cell.there ? values[cell.y * columns.size + cell.x] : 0;
    if (cell.there && (!winner || cell.value > winner.value)) winner = cell;
  }
  return { cells, winner, value: winner.value };
}
