// Values on a scale as colours [r, g, b], and pictures of them: it stands after packet.js where a component draws maps.

// table: 256 colours, from low to high.
function tinted(value, { table, low, high }) {
  const level = 3 * Math.max(0, Math.min(255, Math.round(255 * (value - low) / (high - low))));
  return [table[level], table[level + 1], table[level + 2]];
}

// Of a cell: a picture with a table has values on a scale, one without has pixels.
function colourOf(picture, cell) {
  const { values, table, channels } = picture;
  if (!table) return [0, 1, 2].map((c) => values[cell * channels + (channels === 3 ? c : 0)]);
  return tinted(values[cell], picture);
}

function painted(canvas, width, height, colourAt) {
  [canvas.width, canvas.height] = [width, height];
  const image = new ImageData(width, height);
  for (let cell = 0; cell < width * height; cell++) {
    const colour = colourAt(cell);
    for (let c = 0; c < 3; c++) image.data[cell * 4 + c] = colour[c];
    image.data[cell * 4 + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function paint(canvas, picture) {
  return painted(canvas, picture.width, picture.height, (cell) => colourOf(picture, cell));
}

// Black or white, whichever reads better on the colour.
function inkOn([red, green, blue]) {
  const light = [red, green, blue].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.179 ? "#000" : "#fff";
}
