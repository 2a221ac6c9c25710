// What is known of one cell: where it is, its values in the year of the map, and its course over the years.

const place = (cells, i) => {
  const north = `${Math.abs(cells.lat[i]).toFixed(2)}° ${cells.lat[i] < 0 ? "S" : "N"}`;
  const east = `${Math.abs(cells.lon[i]).toFixed(2)}° ${cells.lon[i] < 0 ? "W" : "E"}`;
  return `${north}, ${east}`;
};

const unitOf = (variable) => (variable.unit ? ` ${variable.unit}` : "");

class CellPanel {
  constructor(cells) {
    this.cells = cells;
    this.where = document.getElementById("cell-where");
    this.facts = document.getElementById("cell-facts");
    this.reading = document.getElementById("cell-reading");
    this.course = document.getElementById("cell-course");
    this.apart = document.getElementById("cell-apart");
    this.table = document.getElementById("cell-table");
    this.body = document.getElementById("cell-body");
  }

  show(state, variable) {
    const { cells } = this;
    const i = state.cell;
    this.body.hidden = i === null;
    document.getElementById("cell-hint").hidden = i !== null;
    if (i === null) return;
    const group = data.grid.side > 1 ? `Group of up to ${data.grid.side} × ${data.grid.side} cells` : "Cell";
    const country = data.countries[cells.country[i]] ?? "no country";
    this.where.textContent = `${group} in ${country}, ${place(cells, i)}`;
    const status = data.statuses[cells.status[i]];
    this.facts.textContent =
      `${Math.round(cells.area[i]).toLocaleString("en").replace(/,/g, " ")} ha of calcareous arable soil; ` +
      `${told(cells.stock[i], 0)} t C ha⁻¹ in carbonate at the start (0–200 cm); ${status}.`;
    this.read(state, variable);
    if (variable.flags.length) this.withoutCourse();
    else this.draw(state, variable);
    this.fillTable(state, variable);
  }

  /** The reading of the map at this cell, and the numbers behind it for whoever reads the page by machine. */
  read(state, variable) {
    const { pathway, minus: against, year, cell } = state;
    const value = variable.value(pathway, year, cell);
    const name = data.pathways[pathway].name;
    const shown = against === null ? value : variable.difference(pathway, against, year, cell);
    const ends = variable.spread(pathway, year, cell);
    let text;
    if (variable.flags.length) text = `${variable.flags[value]} in ${data.years[year]} under ${name}`;
    else if (against === null) {
      text = `${told(value, variable.digits, variable.signed)}${unitOf(variable)} in ${data.years[year]} under ${name}`;
      if (ends) text += ` (90 %: ${told(ends[0], variable.digits)} to ${told(ends[1], variable.digits)})`;
    } else {
      const other = data.pathways[against].name;
      text = `${told(shown, variable.digits + 1, true)}${unitOf(variable)} in ${data.years[year]}, ${name} minus ${other}`;
    }
    this.reading.textContent = text;
    Object.assign(this.reading.dataset, { value: shown, low: ends?.[0] ?? "", high: ends?.[1] ?? "" });
  }

  withoutCourse() {
    this.course.textContent = "Classes have no line; the table has each year.";
    this.apart.textContent = "";
  }

  draw(state, variable) {
    const { cell, year } = state;
    const strong = new Set([data.baseline, state.pathway, state.minus ?? data.baseline]);
    const byYear = (of) => data.years.map((_, t) => of(t));
    const lines = data.pathways.map((pathway, p) => {
      const line = { ...pathway, strong: strong.has(p), values: byYear((t) => variable.value(p, t, cell)) };
      if (line.strong && variable.widths) {
        line.low = byYear((t) => variable.spread(p, t, cell)?.[0] ?? line.values[t]);
        line.high = byYear((t) => variable.spread(p, t, cell)?.[1] ?? line.values[t]);
      }
      return line;
    });
    const order = [...lines.filter((line) => !line.strong), ...lines.filter((line) => line.strong)];
    const look = { year, unit: variable.unit || "1", digits: variable.digits };
    drawLines(this.course, { lines: order, label: `${variable.label} of this cell by year`, ...look });
    const against = state.minus ?? data.baseline;
    const apart = lines.flatMap((line, p) => {
      if (p === against) return [];
      const values = byYear((t) => variable.difference(p, against, t, cell));
      return [{ ...line, low: undefined, high: undefined, strong: p === state.pathway, values }];
    });
    const other = data.pathways[against].name;
    document.getElementById("cell-apart-title").textContent = `Minus ${other}${variable.unit ? `, ${variable.unit}` : ""}`;
    document.getElementById("cell-course-title").textContent = `${variable.label}${variable.unit ? `, ${variable.unit}` : ""}`;
    if (apart.length) drawLines(this.apart, { lines: apart, label: `Each pathway minus ${other}`, height: 150, ...look });
  }

  fillTable(state, variable) {
    const { pathway, cell } = state;
    const against = state.minus ?? data.baseline;
    const names = [data.pathways[against].name, data.pathways[pathway].name];
    const say = (p, t) => {
      const value = variable.value(p, t, cell);
      return variable.flags.length ? variable.flags[value] : told(value, variable.digits);
    };
    const heads = ["Year", names[0], names[1], ...(variable.widths ? ["90 % spread"] : []), "Difference"];
    const rows = data.years.map((year, t) => {
      const ends = variable.spread(pathway, t, cell);
      const between = ends ? `${told(ends[0], variable.digits)} to ${told(ends[1], variable.digits)}` : "–";
      const spread = variable.widths ? [between] : [];
      const apart = variable.flags.length ? "" : told(variable.difference(pathway, against, t, cell), variable.digits + 1, true);
      return [year, say(against, t), say(pathway, t), ...spread, apart];
    });
    fillRows(this.table, heads, rows);
  }
}

function fillRows(table, heads, rows) {
  const head = document.createElement("tr");
  for (const text of heads) head.append(Object.assign(document.createElement("th"), { textContent: text, scope: "col" }));
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(
    ...rows.map((row) => {
      const line = document.createElement("tr");
      row.forEach((text, i) => {
        const cell = document.createElement(i ? "td" : "th");
        if (!i) cell.scope = "row";
        cell.textContent = text;
        line.append(cell);
      });
      return line;
    }),
  );
}
