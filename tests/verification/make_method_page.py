"""Makes the tables and figures of docs/5-method.md: ``python -m tests.verification.make_method_page [NAME ...]``.

Without a name all of them are made (about ten minutes on one core, most of it PHREEQC's); with names only those.
The text is written by hand; what stands between ``<!-- table NAME -->`` and ``<!-- end -->`` is made here.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.simulate import run_unchecked
from tests.simulator.columns import random_columns
from tests.verification import figures, min3p_compare, phreeqc_columns, tables
from tests.verification.min3p_columns import Run, load_runs

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "5-method.md"
_DATA = (
    Path(os.environ["EUROSIC_DATA"]).parent
    if "EUROSIC_DATA" in os.environ
    else ROOT.parent / "shared" / "data"
)
_COLUMNS = 200


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


@cache
def _runs() -> tuple[Run, ...]:
    return tuple(load_runs(_DATA / "min3p"))


@cache
def _against_min3p() -> min3p_compare.Comparison:
    found = min3p_compare.compare(list(_runs()))
    figures.draw_min3p(found, PAGE.parent / "figures" / "method_min3p.png")
    return found


def constants() -> str:
    """Return the table of constants."""
    return table(["reaction", "symbol", "log₁₀ K, 10 °C", "25 °C", "source"], tables.constant_rows())


def by_hand() -> str:
    """Return the table of numbers that can be checked by hand."""
    return table(["what", "wanted", "found"], tables.hand_rows())


def reference() -> str:
    """Return the table of the reference column."""
    head = ["N, kg/ha/yr", "SIC loss, PHREEQC", "WATEQ", "Davies", "DIC leached, PHREEQC", "ours"]
    return table([*head, "pH at 25 cm, PHREEQC", "ours"], tables.reference_rows())


def balance() -> str:
    """Return the table of balances."""
    return table(["what", "columns", "largest error in 80 years, mol/m²"], tables.balance_rows())


def newton() -> str:
    """Return the table of Newton's method."""
    return table(["", ""], tables.newton_rows())


def steps() -> str:
    """Return the table of the monthly against the annual step."""
    return table(
        ["monthly step", "columns", "SIC change, monthly / annual: median", "5 %", "95 %"], tables.step_rows()
    )


def speed() -> str:
    """Return the table of speeds, on one core, by processor time."""
    rows = []
    for step, cells in (("year", 500), ("month", 60)):
        options = SimulatorOptions(step=step)
        columns = random_columns(cells, years=81)
        run_unchecked(options, random_columns(2, years=2))
        begun = time.process_time()
        run_unchecked(options, columns)
        rate = cells * (81 + options.spin_up) / (time.process_time() - begun)
        rows.append([f"a {step}", f"{cells}", f"{float(f'{rate:.2g}'):,.0f}"])
    return table(["step", "columns", "column-years per second of one core"], rows)


def phreeqc() -> str:
    """Return the table of the designed columns by PHREEQC, and draw their figure."""
    columns = phreeqc_columns.designed_columns(_COLUMNS)
    found, failed = phreeqc_columns.compare(columns, list(range(_COLUMNS)))
    figures.draw_phreeqc(found, PAGE.parent / "figures" / "method_phreeqc.png")
    return table(["", "found", "aim"], phreeqc_columns.summary_rows(found, failed))


def min3p_loss() -> str:
    """Return the table of losses by regime against MIN3P."""
    head = [
        "regime in year 80",
        "runs",
        "MIN3P, kg C/ha/yr",
        "years 0-80: bias, %",
        "median, %",
        "95th percentile, %",
    ]
    head += ["years 1-80: bias, %", "median, %", "95th percentile, %", "largest, %", "R²"]
    return table(head, min3p_compare.regime_rows(_against_min3p()))


def min3p_ph() -> str:
    """Return the table of pH by regime against MIN3P, and of the years in which half of the carbonate went."""
    found = _against_min3p()
    runs, middle, high = min3p_compare.half_row(found)
    told = f"\n\nHalf of the carbonate is gone in {runs} runs of both codes, {middle:.2f} years apart in the median, "
    rows = min3p_compare.ph_rows(found)
    return table(["regime", *min3p_compare.DEPTHS], rows) + told + f"{high:.2f} in the 95th percentile."


def min3p_switches() -> str:
    """Return the table of switches, on the 300 runs of the first part, and draw their figure."""
    rows = min3p_compare.switched(list(_runs()[:300]))
    figures.draw_switches(rows, PAGE.parent / "figures" / "method_switches.png")
    head = [
        "what is switched",
        "buffered: bias, %",
        "95th percentile, %",
        "front: bias, %",
        "95th percentile, %",
    ]
    return table([*head, "front, pH at 0.12 m: bias", "95th percentile"], rows)


CHEAP: dict[str, Callable[[], str]] = {f.__name__: f for f in (constants, by_hand, reference)}
TABLES = CHEAP | {
    f.__name__: f for f in (balance, newton, steps, speed, phreeqc, min3p_loss, min3p_ph, min3p_switches)
}


def filled(page: str, name: str, made: str) -> str:
    """Return the page with what stands between the markers of a table replaced."""
    pattern = re.compile(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no place for the table {name!r}")
    return pattern.sub(lambda m: m[1] + "\n" + made + "\n\n" + m[2], page)


def main(names: list[str]) -> None:
    """Make the named tables, or all, and write each as soon as it is made."""
    for name in names or TABLES:
        made = TABLES[name]()
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), name, made), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
