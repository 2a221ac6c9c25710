// The map: a canvas with coasts, reasons for no value, cells, borders; dragged, magnified, clicked, or walked by keys.

const LAND = "#f8f8f6";
const SEA = "#eef3f7";
const BORDER = "#8a8a8a";

async function unpackOutlines() {
  const [points, lengths] = await Promise.all([
    typed(data.outlines.points, Int16Array),
    typed(data.outlines.lengths, Uint16Array),
  ]);
  const path = new Path2D();
  let at = 0;
  for (const length of lengths) {
    let [x, y] = [0, 0];
    for (let i = 0; i < length; i += 1, at += 2) {
      x += points[at];
      y += points[at + 1];
      const place = [x * data.outlines.step, y * data.outlines.step];
      if (i) path.lineTo(...place);
      else path.moveTo(...place);
    }
    path.closePath();
  }
  return path;
}

async function drawnReasons() {
  const { rows, columns, codes } = data.background;
  const reason = await typed(codes, Uint8Array);
  const image = new ImageData(columns, rows);
  reason.forEach((code, i) => {
    const known = data.reasons[code];
    if (known) image.data.set([...hexBytes(known.colour), 255], 4 * i);
  });
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

const hexBytes = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));

class CellMap {
  constructor(canvas, cells, outlines, reasons) {
    Object.assign(this, { canvas, cells, outlines, reasons, selected: null, paint: () => null });
    this.pen = canvas.getContext("2d");
    this.fit();
    // As high as the cells ask for, within what still shows the controls.
    const [left, top, right, bottom] = this.window;
    canvas.style.aspectRatio = String(Math.min(1.6, Math.max(0.75, (right - left) / (bottom - top))));
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
  }

  /** Shows the cells for which `keep` is true, or all of them, with a margin. Places are in cells of the grid. */
  fit(keep = null) {
    const { row, column, count } = this.cells;
    const kept = Array.from({ length: count }, (_, i) => i).filter(keep ?? (() => true));
    const [left, right] = [Math.min(...kept.map((i) => column[i])), Math.max(...kept.map((i) => column[i])) + 1];
    const [top, bottom] = [Math.min(...kept.map((i) => row[i])), Math.max(...kept.map((i) => row[i])) + 1];
    const margin = 0.04 * Math.max(right - left, bottom - top) + 1;
    this.window = [left - margin, top - margin, right + margin, bottom + margin];
    this.near = keep !== null;
    this.magnified = 1;
    this.centre = [(left + right) / 2, (top + bottom) / 2];
    this.draw();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.draw();
  }

  get scale() {
    const [left, top, right, bottom] = this.window;
    const fitting = Math.min(this.canvas.width / (right - left), this.canvas.height / (bottom - top));
    return fitting * this.magnified;
  }

  toScreen(column, row) {
    const { scale, centre, canvas } = this;
    return [(column - centre[0]) * scale + canvas.width / 2, (row - centre[1]) * scale + canvas.height / 2];
  }

  /** Where on the page (CSS pixels from the canvas' corner) the middle of a cell is. */
  screenOf(cell) {
    const ratio = this.canvas.width / this.canvas.clientWidth;
    return this.toScreen(this.cells.column[cell] + 0.5, this.cells.row[cell] + 0.5).map((v) => v / ratio);
  }

  /** Whether there is more than is seen: then a finger drags the map, and not the page. */
  get drags() {
    return this.near || this.magnified > 1;
  }

  draw() {
    this.canvas.style.touchAction = this.drags ? "none" : "pan-y";
    if (!this.canvas.width || this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.drawNow();
    });
  }

  drawNow() {
    const { pen, canvas, scale } = this;
    const [left, top] = this.toScreen(0, 0);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = SEA;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.setTransform(scale, 0, 0, scale, left, top);
    pen.fillStyle = LAND;
    pen.fill(this.outlines, "evenodd");
    pen.imageSmoothingEnabled = false;
    const size = data.background.size;
    pen.drawImage(this.reasons, 0, 0, this.reasons.width * size, this.reasons.height * size);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    this.drawCells();
    pen.setTransform(scale, 0, 0, scale, left, top);
    pen.strokeStyle = BORDER;
    pen.lineWidth = Math.max(0.7, canvas.width / 1400) / scale;
    pen.stroke(this.outlines);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    if (this.selected !== null) this.drawSelected();
  }

  // Corners on whole pixels: no seams between neighbours.
  corners(cell) {
    const [row, column] = [this.cells.row[cell], this.cells.column[cell]];
    const [x0, y0] = this.toScreen(column, row).map(Math.round);
    const [x1, y1] = this.toScreen(column + 1, row + 1).map(Math.round);
    return [x0, y0, Math.max(1, x1 - x0), Math.max(1, y1 - y0)];
  }

  drawCells() {
    for (let cell = 0; cell < this.cells.count; cell += 1) {
      const colour = this.paint(cell);
      if (colour === null) continue;
      this.pen.fillStyle = colour;
      this.pen.fillRect(...this.corners(cell));
    }
  }

  drawSelected() {
    const [x, y, width, height] = this.corners(this.selected);
    const grown = Math.max(0, (9 * this.canvas.width) / this.canvas.clientWidth - width) / 2;
    const frame = [x - grown, y - grown, width + 2 * grown, height + 2 * grown];
    for (const [colour, thick] of [["#ffffff", 5], ["#000000", 2.5]]) {
      this.pen.strokeStyle = colour;
      this.pen.lineWidth = thick;
      this.pen.strokeRect(...frame);
    }
  }

  /** The cell at a place (CSS pixels), or the nearest within `reach` pixels; null where there is none. */
  cellAt(x, y, reach = 12) {
    const ratio = this.canvas.width / this.canvas.clientWidth;
    const [left0, top0] = this.toScreen(0, 0);
    const [column, row] = [x * ratio - left0, y * ratio - top0].map((along) => Math.floor(along / this.scale));
    const inside = this.cells.places.get(row * data.grid.columns + column);
    if (inside !== undefined && column >= 0 && column < data.grid.columns) return inside;
    let [best, nearest] = [null, reach * ratio];
    for (let cell = 0; cell < this.cells.count; cell += 1) {
      const [left, top, width, height] = this.corners(cell);
      const across = Math.max(left - x * ratio, 0, x * ratio - left - width);
      const down = Math.max(top - y * ratio, 0, y * ratio - top - height);
      const distance = Math.hypot(across, down);
      if (distance < nearest) [best, nearest] = [cell, distance];
    }
    return best;
  }

  /** Whether the middle of a cell is within the canvas. */
  sees(cell) {
    const [x, y] = this.screenOf(cell);
    return x >= 0 && y >= 0 && x < this.canvas.clientWidth && y < this.canvas.clientHeight;
  }

  /** Where the keys begin: the chosen cell if it is seen, else none. */
  get begun() {
    return this.selected !== null && this.sees(this.selected);
  }

  /** The cell nearest to the middle of what is seen. */
  get middle() {
    return this.cellAt(this.canvas.clientWidth / 2, this.canvas.clientHeight / 2, Infinity);
  }

  /** The nearest cell from `cell` in a direction such as [1, 0] for east; the cell itself where there is none. */
  neighbour(cell, [east, south]) {
    let [best, nearest] = [cell, Infinity];
    const { row, column, count } = this.cells;
    for (let other = 0; other < count; other += 1) {
      const [x, y] = [column[other] - column[cell], row[other] - row[cell]];
      const along = x * east + y * south;
      const aside = Math.abs(x * south) + Math.abs(y * east);
      if (along <= 0 || aside > along) continue;
      if (along + 2 * aside < nearest) [best, nearest] = [other, along + 2 * aside];
    }
    return best;
  }

  /** Magnifies about a place on the screen (CSS pixels); the middle where none is given. */
  magnify(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const ratio = this.canvas.width / this.canvas.clientWidth;
    const off = [x * ratio - this.canvas.width / 2, y * ratio - this.canvas.height / 2];
    const before = this.scale;
    this.magnified = Math.min(40, Math.max(0.6, this.magnified * factor));
    this.centre = this.centre.map((c, i) => c + off[i] / before - off[i] / this.scale);
    this.draw();
  }

  pan(x, y) {
    const ratio = this.canvas.width / this.canvas.clientWidth / this.scale;
    this.centre = [this.centre[0] - x * ratio, this.centre[1] - y * ratio];
    this.draw();
  }
}
