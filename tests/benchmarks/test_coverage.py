"""Law: coverage is the share of the simulator's totals within the emulator's ends, of runs that can be compared."""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from tests.benchmarks import coverage

PATHWAYS = ("baseline", "zero_now")
COLUMNS = [name for columns in coverage.QUANTITIES.values() for name in columns]
# Of Europe and four countries, how far the simulator lies from the emulator's total, which is known to 1 either way.
APART = {150: 0.5, 40: 0.0, 250: 0.9, 380: 1.1, 442: -3.0}


def _run(
    folder: Path, predictor: str, *, years: tuple[int, ...] = (2020, 2050, 2100), **changes: object
) -> Path:
    folder.mkdir()
    record = {
        "inputs_digest": "same",
        "pathways": list(PATHWAYS),
        "predictor": predictor,
        "years": [2020, 2100],
    }
    (folder / "run.json").write_text(json.dumps(record | changes))
    table = pd.DataFrame(list(product(PATHWAYS, APART, years)), columns=["pathway", "country_code", "year"])
    zero = table["pathway"] == "zero_now"
    for column in COLUMNS:
        for ending, total in (("", 100.0 + 10.0 * zero), ("_minus_baseline", 10.0 * zero)):
            if predictor == "simulator":
                # Both pathways are wrong alike, so that their difference is right, but in one country.
                wrong = (
                    table["country_code"].map(APART) if not ending else 2.0 * (table["country_code"] == 442)
                )
                table[column + ending] = total + wrong
                continue
            table[column + ending] = total
            for source, half in (("", 5.0), ("_emulator", 1.0), ("_inputs", 4.0)):
                table[f"{column}{ending}{source}_p05"] = total - half
                table[f"{column}{ending}{source}_p95"] = total + half
    (folder / "totals.csv").write_text("# about\n" + table.to_csv(index=False))
    return folder


@pytest.fixture
def runs(tmp_path) -> tuple[Path, Path]:
    """A run by an emulator that drew its inputs too, and one by the simulator."""
    return _run(tmp_path / "run", "sic-v1"), _run(tmp_path / "simulated", "simulator")


def test_two_tables_by_hand(runs, monkeypatch, capsys):
    """Europe within; of four countries two; of their differences all but one. Only reported years count."""
    monkeypatch.setattr(sys, "argv", ["coverage", *map(str, runs), "--pathways", "zero_now"])
    coverage.main()
    told = capsys.readouterr().out
    assert "| SIC change, 0-200 cm | 100 % (100 %) | 50 % (75 %) |" in told
    assert "| 100 % (100 %) / 100 % (100 %) | 50 % (75 %) / 50 % (75 %) |" in told
    assert "| baseline | 100 | 99 to 101 | 96 to 104 | 95 to 105 | 100.5 |" in told
    assert "| zero_now less baseline | 10 | 9 to 11 | 6 to 14 | 5 to 15 | 10 |" in told
    assert set(coverage.both(*runs)["year"]) == {2020, 2100}


def test_runs_that_differ_in_more_than_the_predictor_are_refused(runs, tmp_path):
    """Inputs, which of them is the simulator's, years."""
    other = _run(tmp_path / "other", "simulator", inputs_digest="another")
    fewer = _run(tmp_path / "fewer", "simulator", years=(2020,))
    for pair, words in (
        ((runs[0], other), "differ in inputs"),
        (runs[::-1], "wanted an emulator's run"),
        ((runs[0], fewer), "10 of 20 rows are not in"),
    ):
        with pytest.raises(SystemExit, match=words):
            coverage.both(*pair)
