// Shared by all components: it stands in front of each one's module.

const views = new WeakMap();

// Streamlit calls a module's default export again after each run and each change of theme; the view stays, and is told only of
// what is new.
function viewOf(View, { parentElement, data, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement));
  const view = views.get(parentElement);
  view.trigger = setTriggerValue; // not a state: the same choice twice must be heard twice
  const theme = view.draw && getComputedStyle(view.root).getPropertyValue("--st-background-color");
  if (!same(view.data, data)) view.show(data instanceof Uint8Array ? unpack(data) : data);
  else if (theme !== view.theme) view.draw();
  Object.assign(view, { data, theme });
  return () => {
    view.close?.();
    views.delete(parentElement);
  };
}

function same(one, other) {
  if (!(other instanceof Uint8Array)) return JSON.stringify(one) === JSON.stringify(other);
  return one?.length === other.length && one.every((byte, at) => byte === other[at]);
}

function unpack(bytes) {
  const buffer = bytes.slice().buffer; // Streamlit's array starts at an odd offset
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  header.arrays = header.slots.map(({ kind, offset, length: count }) =>
    kind === "f" ? new Float32Array(buffer, 4 + length + offset, count) : new Uint8Array(buffer, 4 + length + offset, count));
  return header;
}

// Whether a finger points, not a mouse.
function touched() {
  return window.matchMedia("(pointer: coarse)").matches;
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// As convoscope.words.number prints it.
function printed(value) {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 999.5) return Math.round(value).toLocaleString("en-US").replace("-", "−");
  if (size >= 0.0001) return value.toPrecision(3).replace("-", "−");
  return value.toExponential(2).replace(/e-(\d)$/, "e-0$1").replaceAll("-", "−");
}

// As convoscope.words.percent prints it.
function percent(share) {
  const text = share > 0 && share < 0.0005 ? "<\u00a00.1" : share >= 0.9995 && share < 1 ? ">\u00a099.9" : (share * 100).toFixed(1);
  return `${text} %`;
}
