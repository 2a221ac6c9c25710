// Numbers of the page, unpacked when they are first looked at. The way back of report/page_packing.py.

const data = JSON.parse(document.getElementById("data").textContent);

async function inflate(text) {
  const raw = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

const typed = async (text, Type) => new Type(await inflate(text));
const plainText = async (text) => new TextDecoder().decode(await inflate(text));

// Running sums along the years, as often as differences were taken; typed arrays wrap as NumPy's did.
function summedAlongYears(values, order, cells) {
  for (let turn = 0; turn < order; turn += 1) {
    for (let i = cells; i < values.length; i += 1) values[i] += values[i - cells];
  }
  return values;
}

async function unpackSteps(block, cells) {
  const bytes = new Uint8Array(await inflate(block.data));
  const half = bytes.length / 2;
  const steps = new Int16Array(half);
  for (let i = 0; i < half; i += 1) steps[i] = bytes[i] | (bytes[half + i] << 8);
  const values = new Float32Array(half);
  summedAlongYears(steps, block.order, cells);
  for (let i = 0; i < half; i += 1) values[i] = steps[i] * block.step;
  return values;
}

async function unpackCodes(block, cells) {
  return summedAlongYears(await typed(block.data, Uint8Array), block.order, cells);
}

// The first pathway is whole, the others are apart from it.
async function unpackApart(blocks, cells) {
  const found = await Promise.all(blocks.map((block) => unpackCodes(block, cells)));
  for (const codes of found.slice(1)) codes.forEach((code, i) => (codes[i] = code + found[0][i]));
  return found;
}

/** One variable of the map: values, differences and spreads by pathway, year and cell, all by index. */
class Variable {
  constructor(told, cells) {
    Object.assign(this, told);
    this.count = cells;
  }

  async unpack() {
    if (this.ready) return this;
    if (this.flags.length) {
      this.codes = await unpackApart(this.packed.codes, this.count);
    } else {
      this.base = await unpackSteps(this.packed.base, this.count);
      this.apart = await Promise.all(this.packed.differences.map((b) => unpackSteps(b, this.count)));
    }
    if (this.widths) {
      this.upper = await unpackApart(this.widths.upper, this.count);
      this.skew = await Promise.all(this.widths.skew.map((b) => unpackCodes(b, this.count)));
    }
    this.ready = true;
    return this;
  }

  value(pathway, year, cell) {
    const i = year * this.count + cell;
    return this.codes ? this.codes[pathway][i] : this.base[i] + this.apart[pathway][i];
  }

  // The baseline cancels: a small difference is as sharp as a large one.
  difference(pathway, minus, year, cell) {
    const i = year * this.count + cell;
    return this.apart[pathway][i] - this.apart[minus][i];
  }

  /** Both ends of the 90 % spread, or null where there is none: no emulator, or a cell that was simulated. */
  spread(pathway, year, cell) {
    if (!this.widths) return null;
    const i = year * this.count + cell;
    const width = (level) =>
      level === 0 ? 0 : this.widths.most * this.widths.ratio ** (level - this.widths.levels);
    const level = this.upper[pathway][i];
    if (level === 0 && this.skew[pathway][i] === 0) return null;
    const value = this.value(pathway, year, cell);
    return [value - width((level + this.skew[pathway][i]) & 255), value + width(level)];
  }
}

async function unpackCells() {
  const packed = data.cells;
  const [row, column, area, lon, lat, country, status, stock] = await Promise.all([
    typed(packed.row, Uint16Array),
    typed(packed.column, Uint16Array),
    typed(packed.area, Float32Array),
    typed(packed.lon, Float32Array),
    typed(packed.lat, Float32Array),
    typed(packed.country, Uint16Array),
    typed(packed.status, Uint8Array),
    typed(packed.stock, Float32Array),
  ]);
  const places = new Map();
  row.forEach((r, i) => places.set(r * data.grid.columns + column[i], i));
  return { count: packed.count, row, column, area, lon, lat, country, status, stock, places };
}
