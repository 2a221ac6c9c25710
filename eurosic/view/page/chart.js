// The course of one cell over the years: a line of each pathway, the spread of the one that is shown.

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 330;
const HIGH = 190;
const LEFT = 52;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 22;
const DASHES = { dashed: "6 4", dotted: "2 3" };

export function element(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** A number of as many digits as a reader needs, with a true minus sign. */
export function told(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "no value";
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

/** Round numbers that divide a range into about `count` steps. */
export function ticks(low, high, count = 4) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(i * step);
  return found;
}

/**
 * Draw lines into an SVG.
 * @param {{name, colour, dashes, values: (number|null)[], low?: [], high?: []}[]} lines those of each pathway
 * @param {number[]} years
 * @param {number} year the year that is shown
 * @param {string} label what it is, for who cannot see it
 */
export function chart(lines, years, year, label) {
  const every = lines.flatMap((line) => [...line.values, ...(line.low ?? []), ...(line.high ?? [])]);
  const known = every.filter((value) => value !== null);
  const picture = element("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label });
  if (!known.length) return picture;
  let [low, high] = [Math.min(...known), Math.max(...known)];
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) * 0.05, high + (Math.abs(high) || 1) * 0.05];
  const span = years[years.length - 1] - years[0] || 1;
  const x = (at) => LEFT + ((at - years[0]) / span) * (WIDE - LEFT - RIGHT);
  const y = (value) => HIGH - BOTTOM - ((value - low) / (high - low)) * (HIGH - TOP - BOTTOM);
  for (const value of ticks(low, high)) {
    picture.append(element("line", { x1: LEFT, x2: WIDE - RIGHT, y1: y(value), y2: y(value), stroke: "#e3e3e3" }));
    picture.append(
      element("text", { x: LEFT - 5, y: y(value) + 4, "text-anchor": "end", "font-size": 11 }, told(value)),
    );
  }
  for (const [at, anchor] of [[years[0], "start"], [years[years.length - 1], "end"]]) {
    picture.append(element("text", { x: x(at), y: HIGH - 6, "text-anchor": anchor, "font-size": 11 }, String(at)));
  }
  picture.append(element("line", { x1: x(year), x2: x(year), y1: TOP, y2: HIGH - BOTTOM, stroke: "#999" }));
  const path = (values) =>
    values
      .map((value, i) => (value === null ? "" : `${i && values[i - 1] !== null ? "L" : "M"}${x(years[i])} ${y(value)}`))
      .join("");
  for (const line of lines) {
    if (line.low && !line.low.includes(null) && !line.high.includes(null)) {
      const back = [...line.low].map((value, i) => `L${x(years[i])} ${y(value)}`).reverse().join("");
      picture.append(element("path", { d: `${path(line.high)}${back}Z`, fill: line.colour, opacity: 0.2 }));
    }
  }
  for (const line of lines) {
    const drawn = element("path", {
      d: path(line.values),
      fill: "none",
      stroke: line.colour,
      "stroke-width": line.shown ? 2.6 : 1.2,
      "stroke-dasharray": DASHES[line.dashes] ?? "none",
    });
    drawn.append(element("title", {}, line.name));
    picture.append(drawn);
  }
  return picture;
}
