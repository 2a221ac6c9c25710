"""How often a run's interval of the emulator's error holds what the simulator says of the same totals.

``python -m tests.benchmarks.coverage RUN SIMULATED_RUN`` prints the two tables of docs/6-outputs.md, section
*Tried*, from `totals.csv` of a run by an emulator and of one by the simulator, alike in all else: the same recipe
with ``predictor: simulator``. *Enters:* two finished runs. *Leaves:* text. Reads, never writes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

# Columns of totals.csv by the names that the page has for them; two columns share a row.
QUANTITIES = {
    "SIC change, 0-30 cm": ("sic_change_0_30cm_TgC",),
    "SIC change, 0-100 cm": ("sic_change_0_100cm_TgC",),
    "SIC change, 0-200 cm": ("sic_change_0_200cm_TgC",),
    "DIC leached": ("dic_leaching_TgC_yr",),
    "CO2 to the air, a year / since the start": (
        "co2_to_air_from_carbonate_TgCO2_yr",
        "co2_to_air_from_carbonate_TgCO2",
    ),
    "nitrate leached": ("nitrate_leaching_TgN_yr",),
}
CHANGE, MINUS, BASELINE = "sic_change_0_200cm_TgC", "_minus_baseline", "baseline"
_KEYS = ["pathway", "country_code", "year"]
_EUROPE = 150
# What is told in six digits cannot be missed by less than their rounding.
_ROUNDING = 1e-5


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("simulated", type=Path)
    parser.add_argument("--pathways", nargs="*", default=["f2f_loss", "nec_nh3", "zero_now"])
    asked = parser.parse_args()
    table = both(asked.run, asked.simulated)
    print("\n".join([*coverage_lines(table), "", *interval_lines(table, asked.pathways)]))  # noqa: T201


def both(run: Path, simulated: Path) -> pd.DataFrame:
    """Return the totals of a run in its reported years, those of the simulator beside them (`X_simulated`)."""
    told = [json.loads((folder / "run.json").read_text(encoding="utf-8")) for folder in (run, simulated)]
    if told[0]["inputs_digest"] != told[1]["inputs_digest"] or told[0]["pathways"] != told[1]["pathways"]:
        sys.exit(f"{run} and {simulated} differ in inputs or pathways: nothing can be compared")
    if told[0]["predictor"] == "simulator" or told[1]["predictor"] != "simulator":
        sys.exit(
            f"wanted an emulator's run, then a simulator's; came {told[0]['predictor']}, {told[1]['predictor']}"
        )
    tables = [pd.read_csv(folder / "totals.csv", comment="#") for folder in (run, simulated)]
    reported = tables[0][tables[0]["year"].isin(told[0]["years"])]
    found = reported.merge(tables[1], on=_KEYS, suffixes=("", "_simulated"), validate="one_to_one")
    if len(found) != len(reported):
        sys.exit(f"{len(reported) - len(found)} of {len(reported)} rows are not in {simulated}")
    return found


def covered(table: pd.DataFrame, column: str) -> pd.Series:
    """Return for each row whether the simulator's value lies within the emulator's own interval."""
    # Where a run drew its inputs too, the emulator's part has columns of its own.
    apart = f"{column}_emulator" if f"{column}_emulator_p05" in table else column
    simulated = table[f"{column}_simulated"]
    slack = _ROUNDING * simulated.abs()
    return (simulated >= table[f"{apart}_p05"] - slack) & (simulated <= table[f"{apart}_p95"] + slack)


def coverage_lines(table: pd.DataFrame) -> list[str]:
    """Return the share of totals that are covered, in Europe and in countries; in brackets that of differences."""
    europe = table["country_code"] == _EUROPE
    lines = ["| | Europe | countries |", "|---|---|---|"]
    for name, columns in QUANTITIES.items():
        shares = []
        for rows in (table[europe], table[~europe]):
            others = rows[rows["pathway"] != BASELINE]
            each = [
                f"{covered(rows, column).mean():.0%} ({covered(others, column + MINUS).mean():.0%})"
                for column in columns
            ]
            shares.append(" / ".join(each).replace("%", " %"))
        lines.append(f"| {name} | {' | '.join(shares)} |")
    return lines


def interval_lines(table: pd.DataFrame, pathways: list[str]) -> list[str]:
    """Return Europe's change of the last year by the emulator, its intervals by source, and the simulator's."""
    last = table[(table["country_code"] == _EUROPE) & (table["year"] == table["year"].max())]
    rows = last.set_index("pathway")
    lines = [
        "| SIC change 0-200 cm, Tg C | emulator | its error | inputs | together | simulator |",
        "|---" * 6 + "|",
    ]
    for name in (BASELINE, *pathways):
        column, words = (CHANGE, name) if name == BASELINE else (CHANGE + MINUS, f"{name} less {BASELINE}")
        ends = [_ends(rows.loc[name], f"{column}{source}") for source in ("_emulator", "_inputs", "")]
        values = [f"{rows.loc[name, column + which]:.4g}" for which in ("", "_simulated")]
        lines.append(f"| {words} | {values[0]} | {' | '.join(ends)} | {values[1]} |")
    return lines


def _ends(row: pd.Series, column: str) -> str:
    low, high = (row.get(f"{column}_{end}", np.nan) for end in ("p05", "p95"))
    return "" if pd.isna(low) else f"{low:.4g} to {high:.4g}"


if __name__ == "__main__":
    main()
