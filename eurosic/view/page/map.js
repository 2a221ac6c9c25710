// The map: which part of the grid is seen, its tiles at the resolution of the screen, outlines, and gestures.

import { Tiles } from "./tiles.js";

const MARGIN = 1.04;
const CLOSEST = 80; // pixels a cell
const LAND = "#f8f8f6";
const SEA = "#eef3f7";
const OUTLINE = "#77777a";

export class MapView {
  constructor(canvas, run, told) {
    Object.assign(this, { canvas, run, told, rings: [], layer: null, marked: null });
    this.context = canvas.getContext("2d");
    this.tiles = new Tiles(run.side, () => this.draw(), (error) => told.failed(error));
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.whole();
    this.listen();
  }

  // --- what is seen: `x`, `y` is the cell in the middle, `scale` pixels a cell ---

  whole() {
    const { rows, columns } = this.run.grid;
    const { width, height } = this.canvas.getBoundingClientRect();
    this.x = columns / 2;
    this.y = rows / 2;
    this.scale = Math.min(width / columns, height / rows) / MARGIN || 1;
    this.draw();
  }

  see(x, y, scale) {
    const { rows, columns } = this.run.grid;
    const { width, height } = this.canvas.getBoundingClientRect();
    const least = (Math.min(width / columns, height / rows) / MARGIN || 1) / 2;
    this.scale = Math.min(CLOSEST, Math.max(least, scale));
    this.x = Math.min(columns, Math.max(0, x));
    this.y = Math.min(rows, Math.max(0, y));
    this.draw();
  }

  /** Zoom about a point of the canvas, which stays where it is. */
  zoom(factor, px = this.canvas.clientWidth / 2, py = this.canvas.clientHeight / 2) {
    const [x, y] = this.cellAt(px, py);
    const before = this.scale;
    this.see(this.x, this.y, this.scale * factor);
    const moved = 1 - before / this.scale;
    this.see(this.x + (x - this.x) * moved, this.y + (y - this.y) * moved, this.scale);
  }

  cellAt(px, py) {
    const { width, height } = this.canvas.getBoundingClientRect();
    return [this.x + (px - width / 2) / this.scale, this.y + (py - height / 2) / this.scale];
  }

  pixelOf(x, y) {
    const { width, height } = this.canvas.getBoundingClientRect();
    return [(x - this.x) * this.scale + width / 2, (y - this.y) * this.scale + height / 2];
  }

  /** Doublings of the cell's side of which a group is at least one dot of the screen. */
  get level() {
    const dots = this.scale * window.devicePixelRatio;
    return Math.min(this.run.levels - 1, Math.max(0, Math.ceil(Math.log2(1 / dots) - 1e-9)));
  }

  // --- drawing ---

  resize() {
    const { width, height } = this.canvas.getBoundingClientRect();
    const sized = [width, height].map((size) => Math.max(1, Math.round(size * window.devicePixelRatio)));
    if (this.canvas.width !== sized[0] || this.canvas.height !== sized[1]) {
      const first = this.canvas.width === 300 && this.canvas.height === 150;
      [this.canvas.width, this.canvas.height] = sized;
      if (first && !this.placed) this.whole();
    }
    this.draw();
  }

  draw() {
    if (!this.asked) this.asked = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.asked = 0;
    const { context, canvas } = this;
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingEnabled = false;
    context.fillStyle = SEA;
    context.fillRect(0, 0, canvas.width, canvas.height);
    this.trace();
    context.fillStyle = LAND;
    context.fill("evenodd");
    const wanted = new Set();
    for (const layer of this.layer ? [this.layer.reasons, this.layer.values] : []) this.lay(layer, wanted);
    this.tiles.keepOnly(wanted);
    context.strokeStyle = OUTLINE;
    context.lineWidth = 0.7;
    this.trace();
    context.stroke();
    this.mark();
    this.told.drawn(this);
  }

  lay(layer, wanted) {
    const { level } = this;
    const size = this.run.side * 2 ** level;
    const { width, height } = this.canvas.getBoundingClientRect();
    const [left, top] = this.cellAt(0, 0);
    const [right, bottom] = this.cellAt(width, height);
    const last = [Math.ceil(this.run.grid.rows / size) - 1, Math.ceil(this.run.grid.columns / size) - 1];
    for (let row = Math.max(0, Math.floor(top / size)); row <= Math.min(last[0], Math.floor(bottom / size)); row += 1) {
      for (
        let column = Math.max(0, Math.floor(left / size));
        column <= Math.min(last[1], Math.floor(right / size));
        column += 1
      ) {
        const address = `${layer.address}&level=${level}&row=${row}&column=${column}`;
        wanted.add(address);
        const tile = this.tiles.find(address, layer.Type);
        if (tile) this.place(this.tiles.picture(tile, layer.colours, layer.colour), column * size, row * size, size);
      }
    }
  }

  place(picture, x, y, size) {
    // Edges on whole dots, or neighbours would show a seam.
    const ratio = window.devicePixelRatio;
    const whole = (value) => Math.round(value * ratio) / ratio;
    const [x0, y0] = this.pixelOf(x, y).map(whole);
    const [x1, y1] = this.pixelOf(x + size, y + size).map(whole);
    this.context.drawImage(picture, x0, y0, x1 - x0, y1 - y0);
  }

  trace() {
    const { west, north, resolution } = this.run.grid;
    this.context.beginPath();
    for (const ring of this.rings) {
      ring.forEach(([x, y], i) => {
        const at = this.pixelOf((x - west) / resolution, (north - y) / resolution);
        if (i) this.context.lineTo(...at);
        else this.context.moveTo(...at);
      });
      this.context.closePath();
    }
  }

  mark() {
    if (!this.marked) return;
    const [x, y] = this.pixelOf(this.marked.column, this.marked.row);
    const size = Math.max(this.scale, 7);
    const shift = (this.scale - size) / 2;
    for (const [colour, wide] of [["#fff", 4], ["#000", 1.6]]) {
      this.context.strokeStyle = colour;
      this.context.lineWidth = wide;
      this.context.strokeRect(x + shift, y + shift, size, size);
    }
  }

  // --- gestures ---

  listen() {
    const { canvas } = this;
    const held = new Map();
    let travelled = 0;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      held.set(event.pointerId, at(event));
      if (held.size === 1) travelled = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const now = at(event);
      const others = [...held].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      held.set(event.pointerId, now);
      travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
      if (travelled < 4) return;
      canvas.classList.add("moving");
      if (others.length) {
        const apart = (place) => Math.hypot(place[0] - others[0][0], place[1] - others[0][1]) || 1;
        this.zoom(apart(now) / apart(before), ...others[0]);
      } else {
        this.see(this.x - (now[0] - before[0]) / this.scale, this.y - (now[1] - before[1]) / this.scale, this.scale);
      }
    });
    const ended = (event) => {
      const clicked = held.delete(event.pointerId) && travelled < 4 && event.type === "pointerup";
      if (!held.size) canvas.classList.remove("moving");
      if (clicked) this.choose(...this.cellAt(...at(event)));
    };
    canvas.addEventListener("pointerup", ended);
    canvas.addEventListener("pointercancel", ended);
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(2 ** (-event.deltaY / 240), ...at(event));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    const step = 80 / this.scale;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key]) this.see(this.x + moves[event.key][0], this.y + moves[event.key][1], this.scale);
    else if (event.key === "+" || event.key === "=") this.zoom(1.6);
    else if (event.key === "-") this.zoom(1 / 1.6);
    else if (event.key === "Enter") this.choose(this.x, this.y);
    else return;
    event.preventDefault();
  }

  choose(x, y) {
    const [row, column] = [Math.floor(y), Math.floor(x)];
    const { rows, columns } = this.run.grid;
    if (row < 0 || column < 0 || row >= rows || column >= columns) return;
    this.marked = { row, column };
    this.draw();
    this.told.chosen(row, column);
  }
}
