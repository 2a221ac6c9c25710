"""Makes docs/ensembles.md and its figures from the code: ``python -m tests.make_ensemble_page [--data DIR]``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from eurosic.base.simulations import INGREDIENTS, KINDS, SCHEMA
from eurosic.base.vocabulary import COVARIATES, DRIVERS
from eurosic.simulator.marginals import CORRELATIONS, Kept
from eurosic.simulator.sampling import Design, sobol_design
from eurosic.simulator.trajectory_kinds import SHARES, Trajectories, draw_trajectories
from eurosic.workflow.designing import Judging, columns_of, soil_of
from tests.inputs.real_europe import load_europe

ROOT = Path(__file__).resolve().parents[1]
PAGE, FIGURES = ROOT / "docs" / "ensembles.md", ROOT / "docs" / "figures"
SIZE, SEED, YEARS = 4096, 20261122, 80
_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#777777"

_HEAD = """# Simulation ensembles

An emulator learns from simulations. `eurosic simulate` makes them: columns drawn from a design that is as wide as the
maps of Europe, nitrogen that holds, falls, recovers, rises or ends, and the state of every year at six depths. Made by
`python -m tests.make_ensemble_page --data DIR`; a test keeps the tables equal to the code.

```
eurosic simulate recipes/ensembles/europe.yaml --out europe-ensemble.zarr
eurosic simulate recipes/ensembles/emulator.yaml --out emulator-ensemble.zarr
eurosic simulate recipes/ensembles/table.yaml --table RUN/cells.zarr --out ensemble.zarr
eurosic ensemble import RUNS --table parameters.csv --out min3p-ensemble.zarr
eurosic ensemble import ensemble_dev.nc ensemble_extra.nc --out min3p-ensemble.zarr
```

A command that was interrupted is given again: finished batches are kept, and the values are those of a run that was not
interrupted. A batch has at least 500 columns and changes no value. `eurosic.open_ensemble(PATH)` opens the result
lazily.

The first command makes 8 192 columns over 80 years in 80 to 90 s on two cores that others used too (57 s of processor
time, the compilation included), 119 MB on disk. None of them failed; after 80 years 55 % are buffered, 42 % have a front and
2 % are depleted. An emulator that must know depleted soil well wants a second design, with `ranges: {carbonate: [0.05 %,
0.6 %]}`, beside it.

## The recipe

| key | what | default |
|---|---|---|
| `about` | title, purpose, authors, references | |
| `design: size`, `seed` | columns and the seed of all that is random; a smaller design is the beginning of a larger one | seed 0 |
| `design: source` | `sobol`, or `table`: rows of the file given by `--table` | `sobol` |
| `design: ranges` | narrower ranges of ingredients, `{clay: [10 %, 40 %]}` | those below |
| `design: drainage`, `pco2` | what is kept: annual drainage, pCO2 at 0.5 m | 2 to 1100 mm yr-1, 0.003 to 0.08 atm |
| `design: counterparts` | every column stands twice, with nitrogen that changes and with nitrogen that is held | false |
| `trajectories` | shares of the kinds, summing to 100 % | below |
| `years`, `spin_up` | years simulated; years before them with calcite held | spin-up 20 years |
| `simulator` | `step` (`year`, `month`), `fit_drainage`, `activity`, `tortuosity`, `lab_solution` | as in a projection |
| `batch` | columns that are simulated and written at once | 512 columns |

A table is a CSV whose columns are named `name [unit]` (ingredients, covariates, `drainage`, `deposition_nh4`,
`deposition_no3`, `nitrogen_use_efficiency`), or the `cells.zarr` of a run. Its rows are drawn whole, each once before any
twice, so that their joint distribution is kept and none is rejected; what it does not give is drawn beside it,
independently.

## The design

Scrambled Sobol points go through a Gaussian copula into the distributions of SCIENCE.md section 6, and become columns by
the functions that make columns of maps ([data](4-data.md)), each with its spread. Kept are those with drainage,
pCO2 and nitrogen within limits and with room for water between wilting point and air: about half.
"""

_DEPARTURES = """
Wider than SCIENCE.md section 6, so that real cells lie inside: drainage 2 to 1100 mm instead of 20 to 700, pCO2 at
0.5 m to 0.08 atm instead of 0.05, air-filled
porosity 0.12 to 0.35 instead of 0.15 to 0.30, manure to 240 kg, temperature 3 to 22 degC, precipitation 200 to 1800 mm,
PET from 400 mm. Organic carbon is log-uniform from 0.4 to 6 %, because arable soils have 1 to 2.5 %. Temperature and
precipitation are correlated too, since both are with PET. Lime is 0: where lab pH would call for it is known only
after the simulation. Climate is the same in every year; a climate that changes comes with a table of your own runs.

![Covariates and climate of the design](figures/ensemble_covariates.png)

Blue: the design (4 096 columns). Orange: where 95 % of Europe's calcareous arable cells at 10 km lie, and their median.
Of these cells, at least 99 % lie within the design in each quantity.

![Nitrogen of the design](figures/ensemble_nitrogen.png)

| pair | rank correlation |
|---|---|
"""

_TRAJECTORIES = """
## Nitrogen in time

Year and depth of each change are random; manure follows mineral N in half of the simulations and stays in the others. Uptake
has diminishing returns (NUE falls by 0.1 for each 100 kg). `mineral_n` and `manure_n` hold what is applied.

![Kinds of trajectories](figures/ensemble_trajectories.png)

| kind | share | what |
|---|---|---|
"""

_SAID = {
    "constant": "as before the start",
    "step": "down to 0-85 % from one year to the next",
    "ramp": "down to 0-85 % over 3 years to half of all",
    "reversal": "down, a pause, and back to where it was",
    "step_up": "up to 110-180 %",
    "zero": "none from the first year on",
}

_SCHEMA = """
## What an ensemble holds

One Zarr group with dimensions `simulation`, `year` and `depth`. Year 0 is the state at the start, after the spin-up; its
drivers are those of the spin-up and its fluxes are missing. Depths are the six standard depths (`depth_top`,
`depth_bottom`). The same words hold what MIN3P gives; a variable that an engine does not give is absent, and those marked
*yes* are always there. Ingredients stand beside them as `design_<name>`. The attributes say title, engine and its digest,
recipe, versions, command, and `finished`.

| name | dimensions | unit | what | always |
|---|---|---|---|---|
"""

_PHREEQC = """
## Runs of PHREEQC

```
eurosic simulate RECIPE --engine phreeqc --out ENSEMBLE.zarr
```

needs `pip install 'eurosic[phreeqc]'`. It runs the same design year by year with PHREEQC's own solver, in batches that are
resumed like the simulator's. A column of 80 years takes 0.5 to 0.6 s of processor time, where the simulator takes 7 ms (60
columns, on cores that others used too): 8 192 columns would take about 40 minutes on two cores. After 80 years their SIC
change over 0-2 m differs from the simulator's, without its pH-dependent capacity, by 0.03 % (median) and 0.09 % (largest).

PHREEQC's exchanger has no pH-dependent capacity: the design is given `cec_ph_slope` 0 (and `design_cec_slope_share` 0), and
is stored so. Only the annual step exists, undivided and with the simulator's default activity model; other choices are refused.
The state at the start is that of the simulator's spin-up. PHREEQC stops at a total below zero: where a harvest would take more
of an ion than a layer holds, 99.9 % of what it holds is taken, or 99.5 or 98 % where PHREEQC stops at that. Lab pH and base
saturation are absent. A column that PHREEQC cannot solve is missing with `converged` 0, and the attribute `reasons` counts why;
`engine_note` repeats what is held and cut.
"""

_MIN3P = """
## Runs of MIN3P

```
eurosic simulate RECIPE --engine min3p --executable PATH --database PATH --out ENSEMBLE.zarr
```

writes a deck for each column of the design, runs your MIN3P in `ENSEMBLE.zarr.runs`, as many at a time as `--workers`, and
imports what is complete and balanced; what is not lies in `failed/` with its reason. Decks know neither harvest nor fertiliser
forms: nitrogen follows the nitrate that leaches, extra acid is that of the first year, never below zero, and goes with it,
and the drivers of the ensemble are those of the decks.

`eurosic ensemble import` reads a folder with a folder for each run (annual output) and a table with the columns of
`parameters_dev.csv`. Runs that are not complete, or whose balance failed against the throughput, are left out and named in
the attribute `excluded`. Packed runs (NetCDF files such as `ensemble_dev.nc`, as many as you like, with their parameters
along `run`) become one ensemble too, and where the files hold the exchanger it holds more. Volumes are shared out over the
standard depths in proportion; 0-0.3, 0-1 and 0-2 m are exact where limits of volumes fall there. MIN3P's columns have no
evapotranspiration, so `precipitation` is what infiltrates; lab pH is absent.

What leaves a depth is not in MIN3P's files. From packed runs it follows from the balance (entered + dissolved - stored): over
80 years calcium then leaves the column as the runs say to 0.03 % in all 774, charge to 0.03 % (median) and 2 % (all), with
ammonium counted as the nitrate that it becomes. From raw runs, which keep no exchanger, calcium that leaves is drainage times
the year's mean concentration above the limit: 0.02 % from the balance at the median, 1.3 % (0-5 cm) to 0.4 % (below 60 cm) in 95
of 100 years, a fifth where a front passes within the year; base saturation, stores and alkalinity are absent. The stores of
raw runs could be summed up from such fluxes, but the errors would add up to a part of the change itself: they are not.
"""


def ensemble_page() -> str:
    """Return the page, made from the code."""
    ingredients = "\n| ingredient | unit | range | what |\n|---|---|---|---|\n" + "".join(
        f"| `{v.name}` | {v.unit} | {v.valid_min:g} to {v.valid_max:g} | {v.long_name} |\n"
        for v in INGREDIENTS.values()
    )
    pairs = "".join(f"| `{one}`, `{other}` | {rho:g} |\n" for (one, other), rho in CORRELATIONS.items())
    kinds = "".join(f"| `{kind}` | {100 * SHARES[kind]:g} % | {_SAID[kind]} |\n" for kind in KINDS)
    schema = "".join(
        f"| `{name}` | {', '.join(m.dims)} | {m.variable.unit} | {m.variable.long_name} | {'yes' if m.required else ''} |\n"
        for name, m in SCHEMA.items()
    )
    return (
        _HEAD
        + ingredients
        + _DEPARTURES
        + pairs
        + _TRAJECTORIES
        + kinds
        + _SCHEMA
        + schema
        + _PHREEQC
        + _MIN3P
    )


def write_figures(data: Path | None) -> None:
    """Write the three figures; `data` is the folder of the development rasters, for the real cells."""
    design = sobol_design(SIZE, seed=SEED, ranges={}, keep=Judging(Kept(), millington=False))
    trajectories = draw_trajectories(SIZE, YEARS, seed=SEED, shares=SHARES)
    europe = load_europe(data).columns() if data else {}
    soil = soil_of(design.values)
    topsoil = {"sic": "soil inorganic carbon, 0-2 m"}
    names = [*COVARIATES, "sic", "temperature", "precipitation", "drainage"]
    words = {**{n: v.long_name for n, v in {**COVARIATES, **DRIVERS}.items()}, **topsoil}
    units = {**{n: v.unit for n, v in {**COVARIATES, **DRIVERS}.items()}, "sic": "kg m-2"}
    mine = {n: soil[n].sum(axis=1) if n == "sic" else soil[n] for n in names}
    real = {n: europe[n].sum(axis=1) if n == "sic" else europe[n].ravel() for n in names if n in europe}
    _histograms(
        mine, real, {n: f"{words[n]}, {units[n]}" for n in names}, FIGURES / "ensemble_covariates.png"
    )
    _nitrogen(design, trajectories)
    _kinds(trajectories)


def _nitrogen(design: Design, trajectories: Trajectories) -> None:
    baseline = columns_of(design, trajectories).columns.baseline
    drivers = ("nitrate_leached", "acid_extra", "base_cation_export")
    rates = ("mineral_n", "manure_n", "deposition_n", "nue_at_100", "gas_loss")
    values = {n: design.values[n] for n in rates} | {n: baseline[:, list(DRIVERS).index(n)] for n in drivers}
    known = {**INGREDIENTS, **DRIVERS}
    labels = {n: f"{known[n].long_name}, {known[n].unit}" for n in values}
    _histograms(values, {}, labels, FIGURES / "ensemble_nitrogen.png")


def _histograms(
    mine: Mapping[str, NDArray[np.float64]],
    real: Mapping[str, NDArray[np.float64]],
    labels: Mapping[str, str],
    path: Path,
) -> None:
    columns = 4
    rows = -(-len(mine) // columns)
    figure = Figure(figsize=(12.0, 2.3 * rows), layout="constrained")
    for place, (name, values) in enumerate(mine.items()):
        axes = figure.add_subplot(rows, columns, place + 1)
        axes.hist(values, bins=40, color=_BLUE, alpha=0.75)
        if name in real:
            low, middle, high = np.quantile(real[name], [0.025, 0.5, 0.975])
            axes.axvspan(low, max(high, low + 0.004 * np.ptp(values)), color=_ORANGE, alpha=0.25, lw=0)
            axes.axvline(middle, color=_ORANGE, lw=1.5)
        axes.set_title(name, fontsize=10, loc="left")
        axes.set_xlabel(_folded(labels[name]), fontsize=7.5, color=_GREY)
        axes.set_yticks([])
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right", "left"]].set_visible(False)
    figure.savefig(path, dpi=110)


def _folded(label: str) -> str:
    words, _, unit = label.rpartition(", ")
    return f"{words[:46]}{'...' if len(words) > 46 else ''}\n{unit}"


def _kinds(trajectories: Trajectories) -> None:
    figure = Figure(figsize=(12.0, 4.6), layout="constrained")
    for place, kind in enumerate(KINDS):
        axes = figure.add_subplot(2, 3, place + 1)
        chosen = np.flatnonzero(trajectories.kind == place)[:30]
        colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.9, len(chosen)))
        for row, colour in zip(chosen, colours, strict=True):
            axes.plot(range(1, YEARS + 1), trajectories.mineral[row], color=colour, lw=0.9, alpha=0.8)
        axes.set_title(f"{kind}, {100 * SHARES[kind]:g} %", fontsize=10, loc="left")
        axes.set_ylim(-0.05, 1.9)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        if place % 3 == 0:
            axes.set_ylabel("mineral N over its baseline", fontsize=8, color=_GREY)
        if place > 2:
            axes.set_xlabel("year", fontsize=8, color=_GREY)
    figure.savefig(FIGURES / "ensemble_trajectories.png", dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None, help="folder of the development rasters")
    FIGURES.mkdir(exist_ok=True)
    write_figures(parser.parse_args().data)
    PAGE.write_text(ensemble_page(), encoding="utf-8")
