// Where the script begins. What needs it is shown only now; without it the page has its tables and figures.

function showScale(scale, [less, more], heading) {
  control("map-heading").textContent = heading;
  const bar = document.createElement("div");
  bar.className = "bar";
  scale.colours.forEach((colour, i) => {
    const step = document.createElement("span");
    step.style.background = colour;
    if (i === 0 && scale.below) step.classList.add("below");
    if (i === scale.colours.length - 1 && scale.above) step.classList.add("above");
    bar.append(step);
  });
  const ticks = document.createElement("div");
  ticks.className = "ticks";
  // Many steps: every second one is named, zero among them.
  const every = scale.steps.length > 7 ? 2 : 1;
  const zero = Math.max(0, scale.steps.indexOf(0));
  scale.steps.forEach((step, i) => {
    if ((i - zero) % every) return;
    const tick = Object.assign(document.createElement("span"), { textContent: signs(String(step)) });
    tick.style.left = `${(100 * i) / (scale.steps.length - 1)}%`;
    // Those at the ends stay within the bar.
    if (i === 0) tick.style.transform = "none";
    if (i === scale.steps.length - 1) tick.style.transform = "translateX(-100%)";
    ticks.append(tick);
  });
  const words = document.createElement("div");
  words.className = "words";
  words.append(...[`← ${less}`, `${more} →`].map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  control("legend").replaceChildren(bar, ticks, words);
}

function showClasses(classes, heading) {
  control("map-heading").textContent = heading;
  control("legend").replaceChildren(...classes.map(([colour, name]) => swatch(colour, name)));
}

function swatch(colour, name) {
  const entry = Object.assign(document.createElement("span"), { className: "class" });
  const box = document.createElement("i");
  box.style.background = colour;
  entry.append(box, name);
  return entry;
}

function goToCountry(cells, map) {
  const has = new Set(cells.country);
  const go = (code) => {
    map.fit((i) => cells.country[i] === code);
    document.getElementById("map-section").scrollIntoView();
    map.canvas.focus({ preventScroll: true });
  };
  return { has: (code) => has.has(code), go };
}

async function start() {
  const [cells, outlines, reasons, csv] = await Promise.all([
    unpackCells(),
    unpackOutlines(),
    drawnReasons(),
    plainText(data.totals),
  ]);
  document.documentElement.classList.add("scripted");
  const map = new CellMap(control("map"), cells, outlines, reasons);
  const explorer = new Explorer(cells, map);
  listenToMap(map, {
    choose: (cell) => explorer.set({ cell }),
    hover: (cell, x, y) => explorer.hover(cell, x, y),
  });
  control("reasons").append(...Object.values(data.reasons).map(({ colour, label }) => swatch(colour, label)));
  const goTo = goToCountry(cells, map);
  const countries = control("country");
  const named = Object.entries(data.countries).filter(([code]) => goTo.has(Number(code)));
  for (const [code, name] of named.sort((a, b) => a[1].localeCompare(b[1]))) countries.append(new Option(name, code));
  countries.addEventListener("input", () => (countries.value === "" ? map.fit() : goTo.go(Number(countries.value))));
  new CountryTable(readCsv(csv), { goTo });
  control("totals-download").addEventListener("click", () => handOut(csv, "totals_of_reported_years.csv"));
  control("run-download").addEventListener("click", () => handOut(control("run-json").textContent, "run.json", "application/json"));
  for (const table of document.querySelectorAll("table.sortable")) makeSortable(table);
  await explorer.show();
  // For whoever drives the page by machine: where on the map a cell of the grid stands, and how soon all was there.
  window.eurosic = {
    screenOf: (row, column) => map.screenOf(cells.places.get(row * data.grid.columns + column)),
    state: explorer.state,
    ready: performance.now(),
  };
  document.documentElement.dataset.ready = "true";
}

start().catch((error) => {
  const told = document.getElementById("trouble");
  told.hidden = false;
  told.textContent = `The map could not be shown (${error.message}). The tables and figures below do not need it.`;
  throw error;
});
