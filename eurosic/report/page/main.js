// The controls, what they show, and the address that says it: a copied address opens the same view.

const control = (name) => document.getElementById(name);
const STATUS = "status";

class Explorer {
  constructor(cells, map) {
    Object.assign(this, { cells, map, panel: new CellPanel(cells), scales: new Map(), playing: null });
    this.variables = new Map(data.variables.map((told) => [told.name, new Variable(told, cells.count)]));
    this.state = {
      variable: data.variables[0].name,
      pathway: data.first,
      minus: data.pathways.length > 1 ? data.baseline : null,
      year: data.years.length - 1,
      cell: null,
    };
    this.fillControls();
    this.readAddress();
  }

  fillControls() {
    for (const told of data.variables) control("variable").append(new Option(told.label, told.name));
    control("variable").append(new Option("Where there is a value, and why not elsewhere", STATUS));
    data.pathways.forEach((pathway, i) => {
      control("pathway").append(new Option(`${pathway.name}: ${pathway.title}`, i));
      control("minus").append(new Option(`minus ${pathway.name}`, i));
    });
    Object.assign(control("year"), { min: 0, max: data.years.length - 1 });
    const changed = { variable: String, pathway: Number, minus: (text) => (text === "" ? null : Number(text)), year: Number };
    for (const [name, read] of Object.entries(changed)) {
      control(name).addEventListener("input", (event) => {
        if (name === "year") this.pause();
        this.set({ [name]: read(event.target.value) });
      });
    }
    control("play").addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    control("nearer").addEventListener("click", () => this.map.magnify(1.6));
    control("farther").addEventListener("click", () => this.map.magnify(1 / 1.6));
    control("whole").addEventListener("click", () => this.map.fit());
    window.addEventListener("hashchange", () => this.readAddress() && this.show());
  }

  readAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (!asked.has("year")) return false;
    const pathway = data.pathways.findIndex((p) => p.name === asked.get("pathway"));
    const minus = data.pathways.findIndex((p) => p.name === asked.get("minus"));
    const year = data.years.indexOf(Number(asked.get("year")));
    const [row, column] = (asked.get("cell") ?? "").split(",").map(Number);
    const known = this.variables.has(asked.get("show")) || asked.get("show") === STATUS;
    if (known) this.state.variable = asked.get("show");
    if (pathway >= 0) this.state.pathway = pathway;
    if (year >= 0) this.state.year = year;
    this.state.minus = minus >= 0 ? minus : null;
    this.state.cell = this.cells.places.get(row * data.grid.columns + column) ?? this.state.cell;
    return true;
  }

  writeAddress() {
    const { variable, pathway, minus, year, cell } = this.state;
    const told = new URLSearchParams({ show: variable, pathway: data.pathways[pathway].name, year: data.years[year] });
    if (minus !== null) told.set("minus", data.pathways[minus].name);
    if (cell !== null) told.set("cell", `${this.cells.row[cell]},${this.cells.column[cell]}`);
    history.replaceState(null, "", `#${told}`);
  }

  async set(change) {
    Object.assign(this.state, change);
    await this.show();
    this.writeAddress();
  }

  async show() {
    const { state } = this;
    const variable = this.variables.get(state.variable);
    control("variable").value = state.variable;
    control("pathway").value = state.pathway;
    control("minus").value = state.minus ?? "";
    control("year").value = state.year;
    control("year").setAttribute("aria-valuetext", data.years[state.year]);
    control("year-now").textContent = data.years[state.year];
    control("minus").disabled = Boolean(variable?.flags.length) || !variable;
    if (variable) await variable.unpack();
    // Asked for something else meanwhile.
    if (state.variable !== (variable?.name ?? STATUS)) return;
    if (variable) this.paint(variable);
    else this.paintStatus();
    this.map.selected = state.cell;
    this.map.draw();
    const measured = variable ?? (await this.variables.get(data.variables[0].name).unpack());
    this.panel.show(this.effective(measured), measured);
  }

  // A class has no difference.
  effective(variable) {
    return variable.flags.length ? { ...this.state, minus: null } : this.state;
  }

  paint(variable) {
    const { pathway, minus, year } = this.effective(variable);
    const shown = minus === null ? (i) => variable.value(pathway, year, i) : (i) => variable.difference(pathway, minus, year, i);
    if (variable.flags.length) {
      this.map.paint = (i) => data.colours.classes[shown(i)];
      showClasses(variable.flags.map((name, i) => [data.colours.classes[i], name]), this.heading(variable));
      return;
    }
    const scale = this.scale(variable, pathway, minus);
    this.map.paint = (i) => scale.colour(shown(i));
    const words = minus === null ? [variable.less, variable.more] : [variable.difference_less, variable.difference_more];
    showScale(scale, words, this.heading(variable));
  }

  paintStatus() {
    this.map.paint = (i) => data.statusColours[this.cells.status[i]];
    const found = [...new Set(this.cells.status)];
    showClasses(found.map((code) => [data.statusColours[code], data.statuses[code]]), "Cells with a value");
  }

  heading(variable) {
    const { pathway, minus, year } = this.effective(variable);
    const against = minus === null ? "" : ` minus ${data.pathways[minus].name}`;
    return `${variable.label}, ${data.pathways[pathway].name}${against}, ${data.years[year]}${variable.unit ? `: ${variable.unit}` : ""}`;
  }

  /** One scale for all years, so that a play shows change; for values, one for all pathways too. */
  scale(variable, pathway, minus) {
    const key = minus === null ? variable.name : `${variable.name}|${pathway}|${minus}`;
    if (!this.scales.has(key)) {
      const last = data.years.length - 1;
      const years = [...new Set([0, Math.round(last / 2), last])];
      const layers =
        minus === null
          ? data.pathways.flatMap((_, p) => years.map((t) => (i) => variable.value(p, t, i)))
          : data.years.map((_, t) => (i) => variable.difference(pathway, minus, t, i));
      const range = rangeOf(layers, this.cells.count);
      this.scales.set(key, scaleOf(range, minus !== null || variable.signed, variable.sense));
    }
    return this.scales.get(key);
  }

  play() {
    control("play").setAttribute("aria-pressed", "true");
    control("play").textContent = "❚❚ Pause";
    if (this.state.year === data.years.length - 1) this.set({ year: 0 });
    this.playing = setInterval(() => {
      if (this.state.year === data.years.length - 1) this.pause();
      else this.set({ year: this.state.year + 1 });
    }, 600);
  }

  pause() {
    clearInterval(this.playing);
    this.playing = null;
    control("play").setAttribute("aria-pressed", "false");
    control("play").textContent = "▶ Play";
  }

  hover(cell, x, y) {
    const tip = control("tip");
    const variable = this.variables.get(this.state.variable);
    tip.hidden = cell === null || (variable && !variable.ready);
    if (tip.hidden) return;
    const { pathway, minus, year } = variable ? this.effective(variable) : this.state;
    if (!variable) tip.textContent = data.statuses[this.cells.status[cell]];
    else if (variable.flags.length) tip.textContent = variable.flags[variable.value(pathway, year, cell)];
    else if (minus === null) tip.textContent = told(variable.value(pathway, year, cell), variable.digits, variable.signed) + unitOf(variable);
    else tip.textContent = told(variable.difference(pathway, minus, year, cell), variable.digits + 1, true) + unitOf(variable);
    const right = x > this.map.canvas.clientWidth - 150;
    Object.assign(tip.style, { left: `${right ? x - 12 : x + 14}px`, top: `${y + 10}px`, transform: right ? "translateX(-100%)" : "" });
  }
}
