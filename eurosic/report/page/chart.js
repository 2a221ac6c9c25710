// Small line charts over the years, as SVG: lines with their spread, the year of the map marked.

const SVG = "http://www.w3.org/2000/svg";
const ROOM = { left: 52, right: 14, top: 10, bottom: 24 };

function part(name, attributes, parent, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

/**
 * Draws lines into `place` (emptied first).
 * `lines`: {name, colour, dash, values, low?, high?, strong}; values by reported year. `unit` for the text alternative.
 */
function drawLines(place, { lines, year, unit, label, digits, height = 190 }) {
  const width = Math.max(260, place.clientWidth || 360);
  const years = data.years;
  const all = lines.flatMap((line) => [...line.values, ...(line.low ?? []), ...(line.high ?? [])]);
  const steps = roundSteps(...widened(Math.min(...all), Math.max(...all)), 4);
  const [low, high] = [steps[0], steps[steps.length - 1]];
  const span = years[years.length - 1] - years[0] || 1;
  const x = (i) => ROOM.left + ((years[i] - years[0]) / span) * (width - ROOM.left - ROOM.right);
  const y = (value) => height - ROOM.bottom - ((value - low) / (high - low)) * (height - ROOM.bottom - ROOM.top);
  const svg = part("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${label}, ${unit}` });
  for (const step of steps) {
    const colour = step === 0 ? "#6b6b6b" : "#dddddd";
    part("line", { x1: ROOM.left, x2: width - ROOM.right, y1: y(step), y2: y(step), stroke: colour }, svg);
    const text = signs(String(Number(step.toPrecision(6))));
    part("text", { x: ROOM.left - 6, y: y(step) + 4, "text-anchor": "end", class: "tick" }, svg, text);
  }
  const marks = [...new Set([0, year, years.length - 1])];
  const far = (i) => i === year || Math.abs(x(i) - x(year)) > 34;
  for (const i of marks.filter(far)) {
    const anchor = i === 0 ? "start" : i === years.length - 1 ? "end" : "middle";
    const attributes = { x: x(i), y: height - 6, "text-anchor": anchor, class: i === year ? "tick now" : "tick" };
    part("text", attributes, svg, String(years[i]));
  }
  const now = { x1: x(year), x2: x(year), y1: ROOM.top, y2: height - ROOM.bottom };
  part("line", { ...now, stroke: "#222", "stroke-dasharray": "2 3" }, svg);
  for (const line of lines) {
    if (!line.low) continue;
    const there = line.high.map((value, i) => `${x(i)},${y(value)}`);
    const back = line.low.map((value, i) => `${x(i)},${y(value)}`).reverse();
    part("polygon", { points: [...there, ...back].join(" "), fill: line.colour, opacity: 0.18 }, svg);
  }
  for (const line of lines) {
    const points = line.values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    const look = { fill: "none", stroke: line.colour, "stroke-width": line.strong ? 2.6 : 1.2 };
    const faint = line.strong ? {} : { opacity: 0.55 };
    const drawn = part("polyline", { points, ...look, ...faint, "stroke-dasharray": line.dash }, svg);
    part("title", {}, drawn, `${line.name}: ${told(line.values[year], digits)} ${unit} in ${years[year]}`);
  }
  place.replaceChildren(svg);
}

function widened(low, high) {
  const span = high - low || Math.abs(high) * 0.02 || 1;
  return low === high ? [low - span / 2, high + span / 2] : [low, high];
}
