/** QR codes (ISO/IEC 18004) for links: byte mode, error correction M, versions 1 to 10, which is up to 213 bytes. */

import { svg } from "/page.js";

/** By version from 1: all codewords, error correction codewords per block, blocks. */
const layouts = [[26, 10, 1], [44, 16, 1], [70, 26, 1], [100, 18, 2], [134, 24, 2], [172, 16, 4], [196, 18, 4], [242, 22, 4], [292, 22, 5], [346, 26, 5]];
/** By version from 1: the centres of the alignment patterns. */
const alignments = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];

const masks = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (row, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];

/** The code's rows of modules, true for a dark one, without the quiet zone; null when the text is too long. */
export function qrMatrix(text) {
  const bytes = [...new TextEncoder().encode(text)];
  const version = layouts.findIndex((_, index) => bytes.length <= capacity(index + 1)) + 1;
  if (version === 0) return null;
  const codewords = interleave(version, dataCodewords(version, bytes));
  let best = null;
  for (let mask = 0; mask < masks.length; mask += 1) {
    const matrix = draw(version, codewords, mask);
    const penalty = penaltyOf(matrix);
    if (!best || penalty < best.penalty) best = { matrix, penalty };
  }
  return best.matrix;
}

/** The code as a picture with its quiet zone, dark on white whatever the page's colours are: scanners want that. */
export function qrPicture(text, label) {
  const matrix = qrMatrix(text);
  if (!matrix) return null;
  const size = matrix.length + 8;
  const dark = matrix.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x + 4} ${y + 4}h1v1h-1z`] : [])));
  return svg(
    "svg",
    { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#ffffff" }),
    svg("path", { d: dark.join(""), fill: "#000000" }),
  );
}

// The data

const countBits = (version) => (version < 10 ? 8 : 16);

function dataLength(version) {
  const [total, correction, blocks] = layouts[version - 1];
  return total - correction * blocks;
}

/** Bytes of text: four bits name the mode, then comes their number. */
const capacity = (version) => Math.floor((dataLength(version) * 8 - 4 - countBits(version)) / 8);

function dataCodewords(version, bytes) {
  const bits = [];
  const put = (value, count) => {
    for (let bit = count - 1; bit >= 0; bit -= 1) bits.push((value >> bit) & 1);
  };
  put(0b0100, 4);
  put(bytes.length, countBits(version));
  for (const byte of bytes) put(byte, 8);
  const length = dataLength(version);
  put(0, Math.min(4, length * 8 - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  const codewords = [];
  for (let index = 0; index < bits.length; index += 8) codewords.push(bits.slice(index, index + 8).reduce((byte, bit) => (byte << 1) | bit, 0));
  for (let pad = 0xec; codewords.length < length; pad ^= 0xec ^ 0x11) codewords.push(pad);
  return codewords;
}

/** Cut into blocks, each with its error correction; then the first codewords of all, the second of all, and so on. */
function interleave(version, data) {
  const [total, correction, blocks] = layouts[version - 1];
  const shortBlocks = blocks - (total % blocks);
  const shortLength = Math.floor(total / blocks) - correction;
  const generator = generatorOf(correction);
  const parts = [];
  for (let block = 0, start = 0; block < blocks; block += 1) {
    const end = start + shortLength + (block < shortBlocks ? 0 : 1);
    const part = data.slice(start, end);
    parts.push({ part, check: remainder(part, generator) });
    start = end;
  }
  const result = [];
  for (let index = 0; index <= shortLength; index += 1) for (const { part } of parts) if (index < part.length) result.push(part[index]);
  for (let index = 0; index < correction; index += 1) for (const { check } of parts) result.push(check[index]);
  return result;
}

// Reed-Solomon over GF(2^8) with the polynomial 0x11d

function multiply(one, other) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((other >> bit) & 1) * one;
  }
  return product;
}

/** The generator's coefficients without the leading 1. */
function generatorOf(degree) {
  const coefficients = Array(degree).fill(0);
  coefficients[degree - 1] = 1;
  let root = 1;
  for (let step = 0; step < degree; step += 1) {
    for (let index = 0; index < degree; index += 1) {
      coefficients[index] = multiply(coefficients[index], root);
      if (index + 1 < degree) coefficients[index] ^= coefficients[index + 1];
    }
    root = multiply(root, 2);
  }
  return coefficients;
}

function remainder(data, generator) {
  const rest = Array(generator.length).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    generator.forEach((coefficient, index) => (rest[index] ^= multiply(coefficient, factor)));
  }
  return rest;
}

// The picture

function draw(version, codewords, mask) {
  const size = 17 + 4 * version;
  const matrix = Array.from({ length: size }, () => Array(size).fill(null));
  const set = (row, column, isDark) => (matrix[row][column] = isDark);
  drawFinders(size, set);
  for (let index = 8; index < size - 8; index += 1) {
    set(6, index, index % 2 === 0);
    set(index, 6, index % 2 === 0);
  }
  drawAlignments(version, size, set);
  drawFormat(size, mask, set);
  drawVersion(version, size, set);
  drawData(matrix, size, codewords, masks[mask]);
  return matrix;
}

/** Three squares in the corners, with their white borders. */
function drawFinders(size, set) {
  for (const [top, left] of [[0, 0], [0, size - 7], [size - 7, 0]]) {
    for (let y = -1; y <= 7; y += 1) {
      for (let x = -1; x <= 7; x += 1) {
        const [row, column] = [top + y, left + x];
        if (row < 0 || column < 0 || row >= size || column >= size) continue;
        const ring = Math.max(Math.abs(y - 3), Math.abs(x - 3));
        set(row, column, ring !== 2 && ring !== 4);
      }
    }
  }
}

function drawAlignments(version, size, set) {
  const centres = alignments[version - 1];
  for (const row of centres) {
    for (const column of centres) {
      // Not over the finders.
      if ((row === 6 && (column === 6 || column === size - 7)) || (row === size - 7 && column === 6)) continue;
      for (let y = -2; y <= 2; y += 1) for (let x = -2; x <= 2; x += 1) set(row + y, column + x, Math.max(Math.abs(y), Math.abs(x)) !== 1);
    }
  }
}

/** Correction level M (00) and the mask, with ten check bits, twice. */
function drawFormat(size, mask, set) {
  const bits = ((mask << 10) | checkBits(mask, 10, 0x537)) ^ 0x5412;
  const bit = (index) => ((bits >> index) & 1) === 1;
  for (let index = 0; index <= 5; index += 1) set(index, 8, bit(index));
  set(7, 8, bit(6));
  set(8, 8, bit(7));
  set(8, 7, bit(8));
  for (let index = 9; index < 15; index += 1) set(8, 14 - index, bit(index));
  for (let index = 0; index < 8; index += 1) set(8, size - 1 - index, bit(index));
  for (let index = 8; index < 15; index += 1) set(size - 15 + index, 8, bit(index));
  set(size - 8, 8, true);
}

function drawVersion(version, size, set) {
  if (version < 7) return;
  const bits = (version << 12) | checkBits(version, 12, 0x1f25);
  for (let index = 0; index < 18; index += 1) {
    const isDark = ((bits >> index) & 1) === 1;
    const [near, far] = [Math.floor(index / 3), size - 11 + (index % 3)];
    set(near, far, isDark);
    set(far, near, isDark);
  }
}

/** The remainder of `value` times 2 to the `count`, divided by the polynomial. */
function checkBits(value, count, polynomial) {
  let rest = value;
  for (let index = 0; index < count; index += 1) rest = (rest << 1) ^ ((rest >> (count - 1)) * polynomial);
  return rest;
}

/** Up and down in columns of two, from the right, around what is there already. */
function drawData(matrix, size, codewords, isMasked) {
  let index = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      const isUpward = ((right + 1) & 2) === 0;
      const row = isUpward ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (matrix[row][column] !== null) continue;
        const bit = index < codewords.length * 8 ? (codewords[index >> 3] >> (7 - (index & 7))) & 1 : 0;
        index += 1;
        matrix[row][column] = (bit === 1) !== isMasked(row, column);
      }
    }
  }
}

/** How hard it is to read: runs, blocks, what looks like a finder, and too much of one colour. */
function penaltyOf(matrix) {
  const size = matrix.length;
  let penalty = 0;
  let dark = 0;
  const finders = ["10111010000", "00001011101"];
  for (let line = 0; line < size; line += 1) {
    for (const cells of [matrix[line], matrix.map((row) => row[line])]) {
      const text = cells.map((isDark) => (isDark ? "1" : "0")).join("");
      for (const run of text.match(/0{5,}|1{5,}/g) ?? []) penalty += run.length - 2;
      for (const finder of finders) for (let at = text.indexOf(finder); at >= 0; at = text.indexOf(finder, at + 1)) penalty += 40;
    }
    for (let column = 0; column < size; column += 1) {
      if (matrix[line][column]) dark += 1;
      if (line === 0 || column === 0) continue;
      const colour = matrix[line][column];
      if (matrix[line - 1][column] === colour && matrix[line][column - 1] === colour && matrix[line - 1][column - 1] === colour) penalty += 3;
    }
  }
  return penalty + Math.floor(Math.abs((dark * 20) / (size * size) - 10)) * 10;
}
