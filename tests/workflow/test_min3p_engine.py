"""Law: a design becomes decks that say the same, the user's MIN3P runs them, and only good runs are an ensemble."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import eurosic
from eurosic.base.errors import SimulationError, StoreError
from eurosic.base.vocabulary import DRIVERS
from eurosic.cli import main
from eurosic.simulator.min3p.design import design_from_row, row_of_design
from eurosic.workflow.designing import columns_of
from eurosic.workflow.ensemble import EnsembleSetup, set_up_ensemble
from eurosic.workflow.min3p_engine import Min3p, changes_of, named_designs, run_by_min3p

RECIPE = """\
about: {title: Two columns, purpose: To try it, authors: [A. Name], references: [none2020]}
design: {size: 3 columns, seed: 5}
trajectories: {ramp: 100 %}
years: 80 years
"""
# Gives the first run the output of a real one; the others end at once.
_FAKE = """\
#!/bin/sh
name=$(cat root.dat)
test "$name" = c000000 || { echo "out of its depth" ; exit 3 ; }
for file in "%s"/m0279_* ; do cp "$file" "$(basename "$file" | sed "s/^m0279/$name/")" ; done
"""


@pytest.fixture
def setup(tmp_path) -> EnsembleSetup:
    """Three columns over 80 years."""
    path = tmp_path / "ensemble.yaml"
    path.write_text(RECIPE)
    return set_up_ensemble(path)


def _fake(folder: Path, real: Path) -> Path:
    program = folder / "min3p"
    program.write_text(_FAKE % real)
    program.chmod(0o755)
    return program


def test_a_design_says_what_its_column_is(setup):
    """Drainage, temperature and nitrate of every year are those of the simulator's drivers; a row gives it back."""
    columns = columns_of(setup.design, setup.trajectories).columns
    place = {name: i for i, name in enumerate(DRIVERS)}
    for i, (name, design) in enumerate(named_designs(setup)):
        assert name == f"c{i:06d}"
        assert design.drainage == columns.baseline[i, place["drainage"]]
        assert design.temperature == columns.baseline[i, place["temperature"]]
        nitrate = [design.nitrate_leached * design.factor(year) for year in range(80)]
        np.testing.assert_allclose(nitrate, columns.forcing[0, i, :, place["nitrate_leached"]], rtol=1e-12)
        assert design_from_row(row_of_design(design)) == design


def test_where_nothing_leaches_nothing_changes():
    """A deck's factors multiply, and nothing times anything is nothing."""
    assert changes_of(np.zeros(5), 0.0) == ((0.0, 1.0),)


def test_good_runs_are_an_ensemble_and_the_others_have_a_reason(setup, tmp_path, shared_data):
    """Three decks, one of which the executable can do; its table and its output are imported."""
    program = _fake(tmp_path, shared_data / "min3p" / "runs" / "m0279")
    (tmp_path / "database").mkdir()
    out = tmp_path / "e.zarr"
    options = ["--engine", "min3p", "--executable", str(program), "--database", str(tmp_path / "database")]
    done = CliRunner().invoke(
        main, ["simulate", str(tmp_path / "ensemble.yaml"), "--out", str(out), *options]
    )
    assert done.exit_code == 0, done.output
    assert "failed    c000001: the executable ended with 3; it last said: 'out of its depth'" in done.output
    assert "1 simulations by MIN3P, 2 failed" in done.output
    opened = eurosic.open_ensemble(out)
    assert dict(opened.sizes) == {"simulation": 1, "year": 81, "depth": 6}
    assert opened.attrs["engine"] == "min3p"
    design = dict(named_designs(setup))["c000000"]
    assert float(opened["drainage"][0, 0]) == pytest.approx(design.drainage)
    deck = (tmp_path / "e.zarr.runs" / "c000000" / "c000000.dat").read_text()
    assert str(tmp_path / "database") in deck
    with pytest.raises(StoreError, match="is there already"):
        run_by_min3p(setup, out, Min3p(program, tmp_path / "database"))


def test_what_an_engine_needs_is_asked_for(setup, tmp_path):
    """An executable, and a database that is there."""
    recipe = str(tmp_path / "ensemble.yaml")
    done = CliRunner().invoke(
        main, ["simulate", recipe, "--out", str(tmp_path / "e.zarr"), "--engine", "min3p"]
    )
    assert done.exit_code == 2
    assert "engine min3p: no --executable" in done.output
    engine = Min3p(tmp_path / "min3p", tmp_path / "nowhere")
    with pytest.raises(SimulationError, match="nowhere: is no folder"):
        run_by_min3p(setup, tmp_path / "e.zarr", engine)
    with pytest.raises(SimulationError, match="is not there or may not be run"):
        run_by_min3p(setup, tmp_path / "e.zarr", Min3p(tmp_path / "min3p", tmp_path))
