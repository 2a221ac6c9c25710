"""Law: attributions of a run give its own predictions, whole or by tiles, sampled or all, and nothing is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr
from click.testing import CliRunner, Result

from eurosic.base.errors import InputError, RecipeError, StoreError
from eurosic.cli import main
from eurosic.clusters import Profile
from eurosic.console import ConsoleTeller
from eurosic.outputs.store import PROJECTION
from eurosic.workflow import explain_checks, explaining
from eurosic.workflow.explain_record import ATTRIBUTION
from eurosic.workflow.explain_setup import ExplainOptions, set_up_explain
from eurosic.workflow.explain_task import ExplainTask
from eurosic.workflow.explaining import EXPLAIN, open_attribution
from tests.workflow.small import small_recipe

pytestmark = pytest.mark.slow
ASKED = ("--background", 4, "--part", "time")
# The groups that differ between the cells of the small run.
PLAYED = (
    "carbonate", "texture", "organic_carbon", "temperature", "drainage", "mineral_n", "manure_n", "deposition",
)  # fmt: skip


def _call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small finished run by the shipped emulator."""
    folder = tmp_path_factory.mktemp("explained")
    recipe = small_recipe(folder, predictor={"emulator": "sic-v1", "check": {"cells": "8 cells"}})
    done = _call("run", recipe, "--out", folder / "out", "--workers", 1)
    assert done.exit_code == 0, done.output
    return folder / "out"


class Here:
    """Does in this process what a client would send to workers."""

    def submit(self, work, *arguments, key, pure):
        """Return the result itself."""
        return work(*arguments)

    def gather(self, results):
        """Return the results."""
        return results


@contextmanager
def _here() -> Iterator[None]:
    """Let an explanation work without processes of its own: how tiles travel is tried where the projection is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explaining, "project_tiles", lambda task, tiles, _, note: map(task, tiles))
        patch.setattr(explaining, "open_client", lambda _: nullcontext(Here()))
        # Fewer cells are looked at again: what is tried here is the way, not how well explainers agree.
        patch.setattr(explaining, "PAIR_CELLS", 16)
        patch.setattr(explain_checks, "EXACT_CELLS", 12)
        patch.setattr(explain_checks, "STRAIGHT_CELLS", 12)
        yield


def _explain(folder: Path, **asked: object) -> None:
    options = ExplainOptions(background=4, parts=("time",), **asked)
    with _here(), ConsoleTeller() as tell:
        explaining.explain(folder, options, profile=Profile(1), tell=tell)


@pytest.fixture(scope="module")
def explained(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it, every cell of which is explained."""
    folder = shutil.copytree(run, tmp_path_factory.mktemp("every") / "out")
    _explain(folder, sample=None)
    return folder


def _store(folder: Path) -> xr.Dataset:
    return open_attribution(folder / EXPLAIN).load()


def test_base_value_and_attributions_are_what_the_run_stored(run, explained):
    """To a ten-thousandth: SIC since the start, pH since the end of the start year of the baseline."""
    store, stored = _store(explained), zarr.open_group(run / PROJECTION, mode="r")
    told = (store["base_value"] + store["attribution"].sum("group")).transpose(*store["prediction"].dims)
    np.testing.assert_allclose(told, store["prediction"], rtol=1e-4, atol=1e-6)
    places = store["cell"].values
    sic = np.asarray(stored["sic_change_0_200cm"][:])[:, -1][:, places]
    np.testing.assert_allclose(
        store["prediction"].sel(target="sic_change_0_200cm")[:, -1], sic, rtol=1e-4, atol=1e-7
    )
    ph = np.asarray(stored["ph_soil_0_30cm"][:])
    change = (ph[:, -1] - ph[:1, 0])[:, places]
    np.testing.assert_allclose(store["prediction"].sel(target="ph_change_0_30cm")[:, -1], change, atol=2e-6)


def test_levers_make_up_the_difference_from_the_baseline(explained):
    """Of every pathway, cell and target; the baseline and one that changes by nothing have none."""
    store = _store(explained)
    shared = store["lever_attribution"].sum("lever")
    difference = store["prediction"] - store["prediction"].sel(pathway="baseline")
    np.testing.assert_allclose(shared, difference.transpose(*shared.dims), atol=2e-6)
    assert (store["lever_attribution"].sel(pathway=["baseline", "same"]) == 0.0).all()
    assert np.abs(store["lever_attribution"].sel(pathway="zero_now", lever="mineral_n")).max() > 0.0


def test_what_is_judged_by_exact_values_is_what_the_store_holds(explained):
    """The permutations and the background of the attributions themselves: cell by cell the same numbers."""
    setup = set_up_explain(explained, ExplainOptions(sample=None, background=4))
    cells = setup.looked_at(4)
    few = setup.candidates.chosen(4, setup.groups, seed=1).background
    look = explain_checks.SecondLook(
        setup.cells, explain_checks.baseline_question(setup.question), setup.coarse, few
    )
    sampled = look(cells, 0).sampled[:, :, 0]
    store = _store(explained)["attribution"][0, 0].transpose("cell", "group", "target")
    kept = store.values[np.searchsorted(_store(explained)["cell"], cells)][:, list(setup.played)]
    np.testing.assert_allclose(sampled, kept, rtol=1e-4, atol=1e-6)


def test_a_layer_that_is_the_same_everywhere_explains_nothing(explained):
    """NUE is a constant of the recipe: zero in every cell, and said so."""
    record = json.loads((explained / EXPLAIN / "explain.json").read_text())
    assert "nue" in record["groups_that_are_the_same_everywhere"]
    assert (_store(explained)["attribution"].sel(group="nue") == 0.0).all()


def test_the_record_says_what_it_hangs_on_and_that_explainers_agree(explained):
    """Seeds, digests, background, gap of additivity; what each group's attributions are beside exact values."""
    record = json.loads((explained / EXPLAIN / "explain.json").read_text())
    assert record["largest_gap_of_additivity"] < 1e-4
    assert len(record["background"]["cells"]) >= 4
    assert np.sum(record["background"]["weights"]) == pytest.approx(1.0, abs=1e-4)
    assert record["mode"] == "every cell"
    # Four typical cells have eight walks: pH, of which three groups together make a corner, is told less exactly.
    for target, (lowest, gap) in {
        "sic_change_0_30cm": (0.95, 0.02),
        "sic_change_0_200cm": (0.95, 0.02),
        "ph_change_0_30cm": (0.6, 0.2),
    }.items():
        agreed = record["agreement"][target]["permutations_with_exact_shapley"]
        assert set(agreed["rank_correlation"]) == set(PLAYED)
        assert agreed["lowest_rank_correlation"] == min(agreed["rank_correlation"].values()) > lowest
        assert agreed["mean_gap"] < gap


def test_tables_and_figures_hold_what_the_store_holds(explained):
    """The mean of a group over all cells, weighed by area, in kg ha-1 yr-1; a row for each regime and target."""
    store, place = _store(explained), explained / EXPLAIN
    table = pd.read_csv(place / "attribution.csv", comment="#").set_index(
        ["pathway", "horizon", "regime", "target", "group"]
    )
    values = store["attribution"].sel(
        pathway="zero_now", horizon=2024, target="sic_change_0_200cm", group="carbonate"
    )
    mean = float(np.average(values, weights=store["area"])) * 1e4 / 5
    told = table.loc[("zero_now", 2024, "all", "sic_change_0_200cm", "carbonate"), "mean"]
    assert told == pytest.approx(mean, rel=1e-4)
    pairs = pd.read_csv(place / "interactions.csv", comment="#")
    assert {"carbonate", "texture", "drainage"} <= set(pairs["one"]) | set(pairs["other"])
    assert "nitrogen" in set(pairs["other"]) | set(pairs["one"])
    assert set(pd.read_csv(place / "levers.csv", comment="#")["pathway"]) == {"f2f_input", "zero_now"}
    for name in ("attribution", "levers", "interactions"):
        assert "# unit: kg ha-1 yr-1 is of carbon" in (place / f"{name}.csv").read_text()
    for name in ("attribution.png", "levers.png"):
        assert (place / name).stat().st_size > 10_000


def test_what_was_interrupted_goes_on_and_is_the_same(explained, tmp_path, monkeypatch):
    """Of eight tiles two are forgotten: those are done again, and only those, with equal values."""
    folder = shutil.copytree(explained, tmp_path / "out")
    for index in (1, 4):
        (folder / EXPLAIN / "ledger" / f"tile-{index:06d}.json").unlink()
    before, done = _store(explained), []
    call = ExplainTask.__call__
    monkeypatch.setattr(
        ExplainTask, "__call__", lambda task, tile: done.append(tile.index) or call(task, tile)
    )
    _explain(folder, sample=None)
    assert done == [1, 4]
    xr.testing.assert_equal(_store(folder), before)


def test_what_is_finished_is_left_alone_and_what_lacks_a_table_is_told_again(
    explained, tmp_path, monkeypatch
):
    """No second look, the record untouched; a table that was removed comes back, the tiles' seconds stay."""
    folder = shutil.copytree(explained, tmp_path / "out")
    record, table = folder / EXPLAIN / "explain.json", folder / EXPLAIN / "interactions.csv"
    before, rows = record.read_bytes(), table.read_text()
    looks, look = [], explaining._look_again
    monkeypatch.setattr(explaining, "_look_again", lambda *args: looks.append(args) or look(*args))
    _explain(folder, sample=None)
    assert (looks, record.read_bytes()) == ([], before)
    table.unlink()
    _explain(folder, sample=None)
    assert (len(looks), table.read_text()) == (1, rows)
    told, kept = (json.loads(text)["seconds"] for text in (record.read_bytes(), before))
    assert told["of_workers_for_attributions"] == kept["of_workers_for_attributions"] > 0.0


def test_observations_are_read_before_anything_is_attributed(run, tmp_path, monkeypatch):
    """One that cannot be used, and any where only time is asked for: refused, and no folder made."""
    folder = shutil.copytree(run, tmp_path / "out")
    path = tmp_path / "mine.csv"
    path.write_text("id,ph\n1,7\n")
    for part, told in ((("time", "space"), "lacks carbonate"), (("time",), "which read none")):
        with pytest.raises(InputError, match=told), ConsoleTeller() as tell:
            explaining.explain(
                folder, ExplainOptions(parts=part), profile=Profile(1), tell=tell, observations=(path,)
            )
    assert not (folder / EXPLAIN).exists()


def test_a_sample_has_the_values_of_all(run, explained, tmp_path):
    """The same cells, the same background, other tiles: equal to the last bits of float32."""
    folder = shutil.copytree(run, tmp_path / "out")
    _explain(folder, sample=12, pathways=("zero_now",))
    some, every = _store(folder), _store(explained)
    assert some["pathway"].values.tolist() == ["baseline", "zero_now"]
    assert len(some["cell"]) < len(every["cell"])
    same = every.sel(pathway=some["pathway"]).isel(cell=np.searchsorted(every["cell"], some["cell"]))
    np.testing.assert_allclose(some["attribution"], same["attribution"], atol=1e-6)
    # What each stands for makes the sample the whole again.
    assert float(some["area"].sum()) == pytest.approx(float(every["area"].sum()), rel=0.15)


def test_other_settings_do_not_overwrite_what_is_there(explained):
    """Another seed is another explanation: refused, nothing changed."""
    before = (explained / EXPLAIN / ATTRIBUTION / "zarr.json").read_bytes()
    done = _call("explain", explained, "--all", "--seed", 7, *ASKED)
    assert done.exit_code == 2
    assert "holds attributions of other cells" in done.output
    assert (explained / EXPLAIN / ATTRIBUTION / "zarr.json").read_bytes() == before


def test_what_the_run_has_not_is_refused(run, tmp_path):
    """A pathway, a horizon, a folder without a run, a record that was changed."""
    for asked, told in (
        ({"pathways": ("organic",)}, "organic is not in this run"),
        ({"horizons": (2023,)}, "2023 is not in this run"),
    ):
        for part in ("time", "space"):
            with pytest.raises(StoreError, match=told):
                set_up_explain(run, ExplainOptions(**asked, parts=(part,)))
    with pytest.raises(StoreError, match="holds no projection"):
        set_up_explain(tmp_path, ExplainOptions())
    folder = shutil.copytree(run, tmp_path / "changed")
    record = json.loads((folder / "run.json").read_text())
    record["recipe"]["projection"]["spin_up"] = 19
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(RecipeError, match="does not hold the recipe"):
        set_up_explain(folder, ExplainOptions())
    with pytest.raises(StoreError, match=r"holds no attribution\.zarr"):
        open_attribution(tmp_path)
