// Tables that can be sorted by any column, and files that the page hands out; all made from what is in the page.

/** Lets the heads of a table sort its body: numbers by `data-value`, names by their text; buttons, so keys work. */
function makeSortable(table) {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const first = head.dataset.first ?? "descending";
      const turned = head.getAttribute("aria-sort") === "descending" ? "ascending" : "descending";
      sortBy(table, column, head.hasAttribute("aria-sort") ? turned : first);
    });
  });
}

function sortBy(table, column, direction) {
  const key = (row) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  };
  const sign = direction === "ascending" ? 1 : -1;
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b));
  // The row of the whole stays on top.
  const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("whole"));
  rows.sort((one, other) => sign * compare(key(one), key(other)));
  table.tBodies[0].append(...rows);
  for (const head of table.tHead.rows[table.tHead.rows.length - 1].cells) head.removeAttribute("aria-sort");
  table.tHead.rows[table.tHead.rows.length - 1].cells[column].setAttribute("aria-sort", direction);
}

/** Hands a text to the reader as a file; nothing leaves the machine. */
function handOut(text, name, type = "text/csv") {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** The rows of a CSV whose comment lines begin with #, as objects by column; no field holds a comma but quoted ones. */
function readCsv(text) {
  const lines = text.split("\n").filter((line) => line && !line.startsWith("#"));
  const fields = (line) => [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((m) => m[2] ?? m[1]).slice(0, -1);
  const split = (line) => (line.includes('"') ? fields(line) : line.split(","));
  const names = split(lines[0]);
  return lines.slice(1).map((line) => Object.fromEntries(split(line).map((field, i) => [names[i], field])));
}

/** The table of countries: one row each, a column for each pathway, of the quantity and year that are asked for. */
class CountryTable {
  constructor(rows, { goTo }) {
    this.table = document.getElementById("country-table");
    this.quantity = document.getElementById("country-quantity");
    this.year = document.getElementById("country-year");
    this.byKey = new Map(rows.map((row) => [`${row.pathway}|${row.country_code}|${row.year}`, row]));
    for (const year of data.years) this.year.append(new Option(year, year));
    this.year.value = data.years[data.years.length - 1];
    for (const control of [this.quantity, this.year]) control.addEventListener("change", () => this.fill());
    makeSortable(this.table);
    for (const row of this.table.tBodies[0].rows) this.offerMap(row, goTo);
  }

  offerMap(row, goTo) {
    const code = Number(row.dataset.code);
    if (row.classList.contains("whole") || !goTo.has(code)) return;
    const head = row.cells[0];
    const button = Object.assign(document.createElement("button"), { type: "button", className: "link" });
    button.append(...head.childNodes);
    button.title = "Show on the map";
    button.addEventListener("click", () => goTo.go(code));
    head.append(button);
  }

  fill() {
    for (const row of this.table.tBodies[0].rows) {
      for (const cell of row.querySelectorAll("[data-pathway]")) this.fillCell(row.dataset.code, cell);
    }
    const kind = this.quantity.selectedOptions[0].textContent;
    document.getElementById("country-caption").textContent = `${kind}, ${this.year.value}`;
  }

  fillCell(code, cell) {
    const found = this.byKey.get(`${cell.dataset.pathway}|${code}|${this.year.value}`);
    const column = this.quantity.value + (cell.dataset.minus === undefined ? "" : "_minus_baseline");
    const factor = Number(this.quantity.selectedOptions[0].dataset.factor);
    const value = found ? Number(found[column]) * factor : NaN;
    cell.dataset.value = value;
    cell.textContent = Number.isFinite(value) ? significant(value) : "–";
    const ends = [found?.[`${column}_p05`], found?.[`${column}_p95`]];
    if (ends.every(Boolean)) cell.title = `90 % interval: ${ends.map((end) => significant(end * factor)).join(" to ")}`;
    else cell.removeAttribute("title");
  }
}

/** A signed number of three significant digits without an exponent. */
function significant(value) {
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(3));
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  const text = rounded.toFixed(Math.min(decimals, 9));
  return signs(rounded > 0 ? `+${text}` : text);
}
