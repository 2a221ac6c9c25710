"""Law: what is said of a run's time and of its space is what its store holds, and saying it again says the same."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import zarr
from click.testing import CliRunner

from eurosic.base.errors import InputError, StoreError
from eurosic.base.flags import Status
from eurosic.cli import main
from eurosic.explain import observations_dutch
from eurosic.explain.observations_dutch import dutch_profiles
from eurosic.workflow import contrasting
from eurosic.workflow.contrasting import CONTRAST, RECORD, SPACE, SUBSTITUTION, contrast
from eurosic.workflow.contrasting_cells import (
    DEPTHS,
    change_section,
    cross_section,
    member_trajectories,
    read_cells,
    stored_trajectories,
)
from eurosic.workflow.contrasting_record import ph_error_of, read_tables
from eurosic.workflow.setup import forcing_of, set_up
from tests.workflow.small import small_recipe


@pytest.fixture(scope="module")
def run(finished_run, tmp_path_factory):
    """A copy of the small run, to write into."""
    return shutil.copytree(finished_run, tmp_path_factory.mktemp("contrast") / "run")


@pytest.fixture(scope="module")
def made(run):
    """The contrast of the small run, with few learners and one set of observations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contrasting, "_OBSERVED", (dutch_profiles,))
        return contrast(run, refits=2)


@pytest.mark.slow
def test_files_are_those_that_were_promised_and_tables_can_be_read_back(run, made):
    """Three tables, a figure and a record in explain/; what is read is what was made."""
    assert [path.name for path in made.paths] == [SPACE, CONTRAST, SUBSTITUTION, "contrast.png", RECORD]
    for path, table in zip(made.paths, (made.space, made.contrast, made.substitution), strict=False):
        read = pd.read_csv(run / "explain" / path.name, comment="#")
        assert (list(read), len(read)) == (list(table), len(table))
    assert made.paths[-2].stat().st_size > 50_000
    record = json.loads(made.paths[-1].read_text())
    assert [one["name"] for one in record["observations"]] == ["dutch-profiles"]
    assert (record["seed"], record["refits"], record["error_of_ph"]) == (1, 2, 0.0)
    assert record["run_digest"] == zarr.open_group(run / "projection.zarr", mode="r").attrs["digest"]
    assert record["versions"]["dutchsoils"] != "not installed"


@pytest.mark.slow
def test_what_the_run_says_of_europe_is_its_total(run, made):
    """The change that laws are held against is the sum over stored cells, from the first reported year."""
    store, cells = (zarr.open_group(run / name, mode="r") for name in ("projection.zarr", "cells.zarr"))
    change = np.asarray(store["sic_change_0_30cm"][:], dtype=np.float64)
    total = np.nansum((change[:, -1] - change[:, 0]) * cells["calcareous_arable_area"][:], axis=1) / 1e9
    table = made.substitution
    last = table[(table["state"] == "all") & (table["quantity"] == "change") & (table["depth"] == "0_30cm")]
    last = last[last["year"] == last["year"].max()]
    for pathway, of in zip(store["pathway"][:], total, strict=True):
        np.testing.assert_allclose(last.loc[last["pathway"] == pathway, "run_TgC"], of, rtol=1e-6)


@pytest.mark.slow
def test_the_known_physics_comes_out_of_the_process_model_itself(made):
    """In four years of soils that are all calcareous: carbonate falls, pH moves by less than a twentieth a decade."""
    table = made.contrast
    (intact,) = table[
        (table["driver"] == "lab pH") & (table["state"] == "topsoil intact") & (table["depth"] == "0_30cm")
        & (table["observations"] == "dutch-profiles")
    ].to_dict("records")  # fmt: skip
    assert intact["sic_kgC_ha_yr_high"] < -10.0
    assert abs(intact["ph_per_decade"]) < 0.01
    assert intact["space"] > 1.0


@pytest.mark.slow
def test_what_the_run_says_of_itself_is_called_circular(made):
    """Its own cross-sections, and nothing that was observed."""
    circular = made.space.groupby("observations")["circular"].all()
    assert circular[[name for name in circular.index if name.startswith("run-")]].all()
    assert not circular["dutch-profiles"]
    assert made.space.loc[made.space["observations"] == "dutch-profiles", "r2_blocks_left_out"].iloc[0] > 0.7


def test_a_sample_of_cells_stands_for_the_area_of_all(run):
    """Fewer cells, the same area in all; evenly over the table."""
    every, some = read_cells(run, most=10_000), read_cells(run, most=10)
    area = [float(cells.rows["calcareous_arable_area"].sum()) * cells.scale for cells in (every, some)]
    assert len(some.places) <= 10 < len(every.places)
    assert area[0] == pytest.approx(area[1])
    again = every.some(10)
    assert float(again.rows["calcareous_arable_area"].sum()) * again.scale == pytest.approx(area[0])


def test_members_are_not_asked_where_the_simulator_answered_in_their_stead(run, tmp_path):
    """Every third cell was outside the domain: it is in the totals, and in no member's sample."""
    folder = shutil.copytree(run, tmp_path / "run")
    array = zarr.open_group(folder / "projection.zarr", mode="r+")["cell_status"]
    status = np.asarray(array[:])
    valued = np.flatnonzero(status == Status.PREDICTED)
    status[valued[::3]], status[valued[1::3]] = (
        Status.SIMULATED_OUTSIDE_DOMAIN,
        Status.PREDICTED_OUTSIDE_DOMAIN,
    )
    array[:] = status
    cells = read_cells(folder, most=10_000)
    assert len(cells.places) == len(valued)
    assert not np.isin(valued[::3], cells.answered.places).any()
    assert np.isin(valued[1::3], cells.answered.places).all()
    array[:] = Status.SIMULATED_OUTSIDE_DOMAIN
    with pytest.raises(InputError, match="no cell that its predictor answered"):
        _ = read_cells(folder, most=10_000).answered


def test_the_error_of_ph_is_that_of_the_run_s_own_check(tmp_path):
    """Buffered soils along the baseline, all years; nothing where nothing was checked."""
    assert ph_error_of(tmp_path) == 0.0
    rows = [
        ("value", "baseline", "buffered", "all", "ph_lab_0_30cm", 0.024),
        ("value", "baseline", "all", "all", "ph_lab_0_30cm", 0.029),
        ("difference", "baseline", "buffered", "all", "ph_lab_0_30cm", 0.004),
        ("value", "baseline", "buffered", "all", "ph_soil_0_30cm", 0.1),
    ]
    table = pd.DataFrame(rows, columns=["of", "pathway", "regime", "years", "target", "rmse"])
    (tmp_path / "check.csv").write_text("# a check\n" + table.to_csv(index=False))
    assert ph_error_of(tmp_path) == 0.024


def test_trajectories_and_cross_sections_are_the_store_s(run):
    """Stock at the start plus change is the stock that is shown to a learner; pH and states likewise."""
    cells = read_cells(run, most=10_000)
    store = zarr.open_group(run / "projection.zarr", mode="r")
    last = cross_section(cells, cells.years[-1])
    stock = store["sic_stock_0_30cm"][:][cells.places] + store["sic_change_0_30cm"][0, -1][cells.places]
    np.testing.assert_allclose(last.targets["sic_stock_0_30cm"], stock, rtol=1e-6)
    assert last.circular
    assert "sic_stock_0_30cm" in change_section(cells).covariates
    whole = stored_trajectories(cells)
    np.testing.assert_array_equal(whole.ph[0], store["ph_lab_0_30cm"][:][..., cells.places])


def test_a_folder_without_a_finished_run_is_refused(tmp_path):
    """Before anything is read or written."""
    with pytest.raises(StoreError, match="holds no projection"):
        contrast(tmp_path)
    assert not (tmp_path / "explain").exists()


SAMPLES = "carbonate,ph_lab,x,y\n" + "".join(f"{i},7,{i}e6,0\n" for i in range(1, 7))


def test_tables_of_one_name_are_refused_and_others_known_by_their_bytes(tmp_path):
    """Rows of the tables are known by the name of the file alone: two of one name could not be told apart."""
    paths = [tmp_path / folder / "lucas.csv" for folder in ("2009", "2018")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(SAMPLES)
    with pytest.raises(InputError, match="two tables are called lucas"):
        read_tables(paths)
    (one,) = read_tables(paths[:1])
    assert (one.observations.name, one.sha256) == ("lucas", hashlib.sha256(SAMPLES.encode()).hexdigest())


def test_a_table_with_the_name_of_a_package_s_is_refused_before_any_work(run, tmp_path, monkeypatch):
    """With its name, and no learner fitted."""
    path = tmp_path / "dutch-profiles.csv"
    path.write_text(SAMPLES)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("work was begun")

    monkeypatch.setattr(contrasting, "_OBSERVED", (dutch_profiles,))
    monkeypatch.setattr(contrasting, "gather_evidence", refuse)
    with pytest.raises(InputError, match="two tables are called dutch-profiles"):
        contrast(run, given=read_tables([path]))


@pytest.mark.slow
def test_the_mean_of_what_members_say_is_what_the_run_stored(tmp_path):
    """Asked one by one, the networks of the emulator give the very prediction of the run, and differ among them."""
    recipe = small_recipe(tmp_path, predictor={"emulator": "sic-v1", "check": {"cells": "4 cells"}})
    done = CliRunner().invoke(main, ["run", str(recipe), "--out", str(tmp_path / "out"), "--workers", "1"])
    assert done.exit_code == 0, done.output
    setup = set_up(recipe)
    cells = read_cells(tmp_path / "out", most=20)
    asked = member_trajectories(cells, setup.predictor, forcing_of(setup, tmp_path / "out"))
    whole = stored_trajectories(cells)
    assert asked.ph.shape[0] == setup.predictor.members > 1
    pairs = [(asked.ph, whole.ph), (asked.nitrate, whole.nitrate)]
    pairs += [(asked.sic[depth], whole.sic[depth]) for depth in DEPTHS]
    for told, kept in pairs:
        np.testing.assert_allclose(told.mean(axis=0), kept[0], rtol=1e-5, atol=1e-6)
        assert np.ptp(told, axis=0).max() > 0.0


class Heard:
    """A teller that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        """Keep a line."""
        self.lines.append(text)

    def progress(self, done: int, total: int) -> None:
        """Nothing."""


def test_a_package_that_is_not_there_is_named_and_does_without(monkeypatch):
    """A run can be explained on a machine that has none of the observations."""
    monkeypatch.setattr(observations_dutch, "PACKAGE", "no_such_soils")
    monkeypatch.setattr(contrasting, "_OBSERVED", (dutch_profiles,))
    heard = Heard()
    assert contrasting._packaged(heard) == []
    assert "without no_such_soils: is not installed" in heard.lines[0]


def test_years_that_are_told_are_reported_ones(run):
    """A decade and a generation on, and the last, each the nearest there is and none twice."""
    cells = read_cells(run, most=10)
    assert contrasting._told_years(cells) == (2024,)
    assert contrasting._told_years(replace(cells, years=(2020, 2028, 2050, 2100))) == (2028, 2050, 2100)
