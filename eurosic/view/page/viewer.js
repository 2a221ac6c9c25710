// The page: choices, legend and the cell that is looked at. All values come from this very server.

import { chart, element, told } from "./chart.js";
import { MapView } from "./map.js";

const find = (id) => document.getElementById(id);
const PAUSE = 700; // milliseconds a year stays when years are played

async function ask(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function fail(error) {
  find("busy").textContent = `No answer: ${error.message.trim() || error}`;
  console.error(error.message);
}

class Page {
  constructor(run) {
    this.run = run;
    for (const variable of run.variables) variable.unit = raised(variable.unit);
    this.state = { variable: "sic_change_0_200cm", pathway: run.baseline, minus: "", year: run.years.at(-1) };
    const first = run.variables[0].name;
    if (!run.variables.some(({ name }) => name === this.state.variable)) this.state.variable = first;
    this.fill();
    this.map = new MapView(find("map"), run, {
      failed: fail,
      drawn: (map) => this.drawn(map),
      chosen: (row, column) => this.chose(row, column).catch(fail),
    });
    this.recall();
    this.listen();
    this.show().catch(fail);
    ask("/outlines")
      .then((rings) => {
        this.map.rings = rings;
        this.map.draw();
      })
      .catch(fail);
  }

  get variable() {
    return this.run.variables.find(({ name }) => name === this.state.variable);
  }

  fill() {
    const { run } = this;
    document.title = `${run.title} – eurosic`;
    find("title").textContent = run.title;
    find("source").textContent =
      `${run.source}; recipe ${run.recipe}. ${run.cells.toLocaleString("en")} study cells of` +
      ` ${run.grid.resolution / 1000} km, ${run.grid.crs}. Outlines: Natural Earth.`;
    const option = (value, text) => new Option(text, value);
    const label = ({ name, label: words, unit }) => option(name, unit ? `${words} (${unit})` : words);
    find("variable").append(...run.variables.map(label));
    find("pathway").append(...run.pathways.map(({ name }) => option(name, name)));
    find("minus").append(option("", "nothing"), ...run.pathways.map(({ name }) => option(name, name)));
    find("year").max = run.years.length - 1;
    const keys = new Map();
    for (const [, [colour, meaning]] of Object.entries(run.reasons)) keys.set(meaning, colour);
    find("reasons").append(...[...keys].map(([meaning, colour]) => key(colour, `no value: ${meaning}`)));
  }

  // --- what is chosen, also in the address, so that it can be kept and sent ---

  recall() {
    const kept = new URLSearchParams(location.hash.slice(1));
    const { run, state } = this;
    const known = {
      variable: run.variables.map(({ name }) => name),
      pathway: run.pathways.map(({ name }) => name),
      minus: ["", ...run.pathways.map(({ name }) => name)],
      year: run.years.map(String),
    };
    for (const [name, values] of Object.entries(known)) {
      if (values.includes(kept.get(name))) state[name] = name === "year" ? Number(kept.get(name)) : kept.get(name);
    }
    const [x, y, scale] = ["x", "y", "scale"].map((name) => Number(kept.get(name)));
    if (kept.has("scale") && [x, y, scale].every(Number.isFinite)) {
      this.map.placed = true;
      this.map.see(x, y, scale);
    }
  }

  remember() {
    const { x, y, scale } = this.map;
    const kept = new URLSearchParams({ ...this.state, x: x.toFixed(2), y: y.toFixed(2), scale: scale.toPrecision(5) });
    history.replaceState(null, "", `#${kept}`);
  }

  listen() {
    for (const name of ["variable", "pathway", "minus"]) {
      find(name).addEventListener("change", (event) => this.choose({ [name]: event.target.value }));
    }
    find("year").addEventListener("input", (event) => this.choose({ year: this.run.years[event.target.value] }));
    find("play").addEventListener("click", () => this.play());
    find("closer").addEventListener("click", () => this.map.zoom(1.6));
    find("further").addEventListener("click", () => this.map.zoom(1 / 1.6));
    find("whole").addEventListener("click", () => this.map.whole());
    find("choices").addEventListener("submit", (event) => event.preventDefault());
  }

  choose(changed) {
    Object.assign(this.state, changed);
    if (this.variable.flags.length) this.state.minus = "";
    this.show().catch(fail);
  }

  play() {
    const playing = find("play").getAttribute("aria-pressed") !== "true";
    find("play").setAttribute("aria-pressed", playing);
    find("play").textContent = playing ? "Pause" : "Play";
    clearInterval(this.ticking);
    if (!playing) return;
    this.ticking = setInterval(() => {
      // The next year waits until this one is seen.
      if (this.map.tiles.busy) return;
      const at = this.run.years.indexOf(this.state.year);
      this.choose({ year: this.run.years[(at + 1) % this.run.years.length] });
    }, PAUSE);
  }

  // --- the map and its colours ---

  async show() {
    const { state, run } = this;
    for (const name of ["variable", "pathway", "minus"]) find(name).value = state[name];
    find("minus").disabled = this.variable.flags.length > 0;
    find("year").value = run.years.indexOf(state.year);
    find("year").setAttribute("aria-valuetext", state.year);
    find("year-told").textContent = state.year;
    const of = new URLSearchParams({ variable: state.variable, pathway: state.pathway, minus: state.minus });
    const asked = (this.asked = String(of));
    const scale = this.variable.flags.length ? null : await ask(`/scale?${of}`);
    if (this.asked !== asked) return;
    of.set("year", state.year);
    const reasons = Object.fromEntries(Object.entries(run.reasons).map(([code, [colour]]) => [code, rgb(colour)]));
    this.map.layer = {
      reasons: { address: "/reasons?", Type: Uint8Array, colours: "reasons", colour: (code) => reasons[code] },
      values: {
        address: `/tile?${of}`, Type: Float32Array, colours: `${asked}`, colour: colouring(this.variable, scale),
      },
    };
    this.legend(scale);
    this.map.draw();
    this.tell();
  }

  legend(scale) {
    const { variable, state } = this;
    const unit = variable.unit ? `, ${variable.unit}` : "";
    const minus = state.minus ? `${state.pathway} minus ${state.minus}` : state.pathway;
    find("legend-told").textContent = `${variable.label}${unit}: ${minus}, ${state.year}. ${sentence(variable.comment)}`;
    find("legend").replaceChildren(
      ...(scale
        ? [bar(scale)]
        : variable.flags.map(({ meaning, colour }) => key(colour, meaning))),
    );
  }

  drawn(map) {
    if (map.tiles.busy) find("busy").textContent = "reading …";
    else if (find("busy").textContent === "reading …") find("busy").textContent = "";
    const cells = 2 ** map.level;
    const side = (cells * this.run.grid.resolution) / 1000;
    const what = this.variable.flags.length ? "the commonest by area" : "means weighed by calcareous arable area";
    find("resolution").textContent = cells === 1 ? `Every square is a cell of ${side} km.` :
      `Every square is ${cells} x ${cells} cells (${side} km): ${what}. Zoom in for single cells.`;
    const most = 130 / map.scale * this.run.grid.resolution;
    const power = 10 ** Math.floor(Math.log10(most));
    const length = power * [5, 2, 1].find((step) => step * power <= most);
    find("bar-told").textContent = length < 1000 ? `${length} m` : `${length / 1000} km`;
    find("bar-line").style.width = `${(length / this.run.grid.resolution) * map.scale}px`;
    this.remember();
  }

  // --- the cell that is looked at ---

  async chose(row, column) {
    this.place = { row, column };
    this.cell = null;
    await this.tell();
  }

  async tell() {
    if (!this.place) return;
    const { row, column } = this.place;
    const name = this.state.variable;
    if (!this.cell || this.cell.of !== name || this.cell.row !== row || this.cell.column !== column) {
      const cell = await ask(`/cell?${new URLSearchParams({ variable: name, row, column })}`);
      if (name !== this.state.variable || row !== this.place.row || column !== this.place.column) return;
      this.cell = { ...cell, of: name };
    }
    this.write();
  }

  write() {
    const { cell, state, variable, run } = this;
    const east = `${Math.abs(cell.lon).toFixed(3)}° ${cell.lon < 0 ? "W" : "E"}`;
    const place = `row ${cell.row}, column ${cell.column}; x ${cell.x} m, y ${cell.y} m; ${cell.lat.toFixed(3)}° N ${east}`;
    const land = cell.study ? ` ${told(cell.area / 1e6)} km² calcareous arable land.` : "";
    find("cell-told").textContent = `${sentence(place)}${land} Status: ${cell.status.replaceAll("_", " ")}.`;
    find("cell-value").textContent = "";
    find("chart").replaceChildren();
    find("cell-table").replaceChildren();
    if (!cell.study) return;
    const at = run.years.indexOf(state.year);
    const of = (courses, pathway) => courses[pathway].map((value, i) => this.minus(courses, value, i));
    const shown = of(cell.values, state.pathway)[at];
    const words = variable.flags.length ? variable.flags[shown]?.meaning ?? "no value" : `${told(shown, 6)} ${variable.unit}`;
    find("cell-value").textContent = words.trim();
    find("cell-value").dataset.value = shown ?? "";
    const lines = run.pathways.map((style) => {
      const line = { ...style, shown: style.name === state.pathway, values: of(cell.values, style.name) };
      // A spread of a difference needs both members' errors together, which a cell's percentiles do not hold.
      const spread = line.shown && !state.minus && cell.spread.length === 2;
      return spread ? { ...line, low: cell.spread[0][style.name], high: cell.spread[1][style.name] } : line;
    });
    find("chart").append(chart(lines, run.years, state.year, `${variable.label} of this cell by year and pathway`));
    this.table(lines, at);
  }

  minus(courses, value, i) {
    const other = this.state.minus ? courses[this.state.minus][i] : 0;
    return value === null || other === null ? null : value - other;
  }

  table(lines, at) {
    const { variable, state } = this;
    const text = (value) => (variable.flags.length ? variable.flags[value]?.meaning ?? "no value" : told(value, 4));
    const spread = !state.minus && this.cell.spread.length === 2;
    const head = row("th", ["", state.year, ...(spread ? ["5 %", "95 %"] : [])]);
    const body = lines.map((line) => {
      const ends = spread ? this.cell.spread.map((courses) => text(courses[line.name][at])) : [];
      const made = row("td", [line.name, text(line.values[at]), ...ends]);
      made.firstChild.prepend(swatch(line.colour), " ");
      if (line.shown) made.className = "shown";
      return made;
    });
    find("cell-table").replaceChildren(head, ...body);
  }
}

// --- small parts ---

const raised = (unit) => unit.replace(/-?\d/g, (power) => [...power].map((sign) => "⁻¹²³"["-123".indexOf(sign)]).join(""));
const sentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1)}.` : "");
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

function row(kind, texts) {
  const made = document.createElement("tr");
  for (const text of texts) made.append(Object.assign(document.createElement(kind), { textContent: text }));
  return made;
}

function swatch(colour) {
  const made = element("svg", { viewBox: "0 0 10 10", width: 9, height: 9, "aria-hidden": "true" });
  made.append(element("rect", { width: 10, height: 10, fill: colour }));
  return made;
}

function key(colour, words) {
  const made = document.createElement("div");
  made.className = "key";
  const box = element("svg", { viewBox: "0 0 20 14", "aria-hidden": "true" });
  box.append(element("rect", { width: 20, height: 14, fill: colour, stroke: "#bbb" }));
  made.append(box, words);
  return made;
}

function colouring(variable, scale) {
  if (!scale) {
    const codes = variable.flags.map(({ colour }) => rgb(colour));
    return (value) => codes[value] ?? null;
  }
  const colours = scale.colours.map(rgb);
  const inner = scale.steps.slice(1, -1);
  return (value) => {
    if (Number.isNaN(value)) return null;
    let i = 0;
    while (i < inner.length && value >= inner[i]) i += 1;
    return colours[i];
  };
}

function bar(scale) {
  const { steps, colours } = scale;
  const label = `Colours from ${told(steps[0])} to ${told(steps.at(-1))}`;
  const picture = element("svg", { viewBox: "0 0 330 44", role: "img", "aria-label": label });
  const wide = 290 / colours.length;
  colours.forEach((fill, i) => picture.append(element("rect", { x: 20 + i * wide, y: 4, width: wide + 0.4, height: 16, fill })));
  steps.forEach((step, i) => {
    if (i % scale.every) return;
    const at = { x: 20 + i * wide, y: 36, "text-anchor": "middle", "font-size": 11.5 };
    picture.append(element("text", at, told(step)));
  });
  return picture;
}

ask("/run").then((run) => { window.page = new Page(run); }).catch(fail);
