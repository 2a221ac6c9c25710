// Tiles of values as the server gives them, and their pictures; the least recently used are forgotten.

const MOST = 160;

export class Tiles {
  /**
   * @param {number} side groups along the side of a tile
   * @param {() => void} arrived called when a tile is there
   * @param {(error: Error) => void} failed called when one cannot be had
   */
  constructor(side, arrived, failed) {
    Object.assign(this, { side, arrived, failed });
    this.held = new Map();
    this.waiting = new Map();
  }

  get busy() {
    return this.waiting.size;
  }

  /** The tile of an address, or undefined while it is fetched; `Type` is the array type of its values. */
  find(address, Type) {
    const found = this.held.get(address);
    if (found) {
      this.held.delete(address);
      this.held.set(address, found);
      return found;
    }
    if (!this.waiting.has(address)) this.fetch(address, Type);
    return undefined;
  }

  /** Give up what is asked for but no longer wanted. */
  keepOnly(wanted) {
    for (const [address, stop] of this.waiting) {
      if (!wanted.has(address)) {
        stop.abort();
        this.waiting.delete(address);
      }
    }
  }

  async fetch(address, Type) {
    const stop = new AbortController();
    this.waiting.set(address, stop);
    try {
      const answer = await fetch(address, { signal: stop.signal });
      if (!answer.ok) throw new Error(await answer.text());
      this.held.set(address, { values: new Type(await answer.arrayBuffer()), pictures: new Map() });
      while (this.held.size > MOST) this.held.delete(this.held.keys().next().value);
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
    } finally {
      if (this.waiting.get(address) === stop) this.waiting.delete(address);
      if (!stop.signal.aborted) this.arrived();
    }
  }

  /** A tile's picture by a function from value to [red, green, blue] or null; `name` says which colours these are. */
  picture(tile, name, colour) {
    if (!tile.pictures.has(name)) {
      const canvas = new OffscreenCanvas(this.side, this.side);
      const context = canvas.getContext("2d");
      const image = context.createImageData(this.side, this.side);
      tile.values.forEach((value, i) => {
        const found = colour(value);
        if (found) image.data.set([...found, 255], 4 * i);
      });
      context.putImageData(image, 0, 0);
      tile.pictures.clear();
      tile.pictures.set(name, canvas);
    }
    return tile.pictures.get(name);
  }
}
