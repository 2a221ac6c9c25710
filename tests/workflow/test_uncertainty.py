"""Law: a run's intervals are those of its own members and draws, and the same however often it was interrupted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr
import zarr
from click.testing import CliRunner, Result
from exactextract import exact_extract
from shapely.geometry import mapping

from eurosic.base.summed import TOTALLED
from eurosic.cli import main
from eurosic.outputs.draws import open_draws
from eurosic.workflow import predictors
from eurosic.workflow.calibrating import read_calibration
from tests.members import APART, ToyMembers
from tests.toy import ToyPredictor
from tests.workflow.small import small_recipe

CHANGE = TOTALLED.index("sic_change_0_200cm")
COLUMN = "sic_change_0_200cm_TgC"
ASKED = {"draws": "20 draws", "cells": "30 cells", "nitrogen": "25 %", "carbonate": "0 %", "drainage": "0 %"}
WEST = shapely.box(3_010_000, 1_560_000, 3_777_000, 2_400_000)


def _call(*words: object, emulator: ToyMembers | None = None) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        if emulator is not None:
            patch.setattr(predictors, "load_card", lambda card: emulator)
        return CliRunner().invoke(main, [str(word) for word in words])


class Run:
    """A recipe answered by three members that are wrong by known shares, in a folder."""

    def __init__(self, folder: Path, **changes: object) -> None:
        self.folder, self.emulator = folder, ToyMembers(ToyPredictor())
        (folder / "data" / "emulators" / "toy").mkdir(parents=True)
        predictor = {"emulator": "toy", "check": {"cells": "12 cells", "warn_above": "100 %"}}
        self.recipe = small_recipe(folder, predictor=predictor, **changes)

    def into(self, out: str) -> Path:
        """Run the recipe; return its folder."""
        words = (
            "run",
            self.recipe,
            "--data",
            self.folder / "data",
            "--workers",
            1,
            "--out",
            self.folder / out,
        )
        done = _call(*words, emulator=self.emulator)
        assert done.exit_code == 0, done.output
        return self.folder / out


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run that draws its nitrogen rates."""
    run = Run(tmp_path_factory.mktemp("drawn"), uncertainty=ASKED, outputs={"export": ["cog"]})
    return run, run.into("out")


@pytest.fixture(scope="module")
def totals(drawn) -> pd.DataFrame:
    """Europe's rows of its `totals.csv` in the last year, by pathway."""
    table = pd.read_csv(drawn[1] / "totals.csv", comment="#")
    return table[(table["country"] == "Europe") & (table["year"] == 2024)].set_index("pathway")


# --- the emulator's error ---


def test_europes_interval_is_that_of_the_members_sums_by_hand(drawn, totals):
    """Members that are 1, 2 and 3 % apart: their standard deviation times the factor, and the mean error."""
    found = read_calibration(drawn[1])
    cells = zarr.open_group(drawn[1] / "cells.zarr", mode="r")
    area = float(cells["calcareous_arable_area"][:].sum())
    for p, pathway in enumerate(totals.index):
        factor, mean = (part[CHANGE, p] for part in found.of(difference=False))
        spread = abs(totals.loc[pathway, COLUMN]) * 1e9 * np.std(APART, ddof=1)
        half = np.hypot(factor * spread, mean[-1] * area) / 1e9
        low, high = (totals.loc[pathway, f"{COLUMN}_emulator_{end}"] for end in ("p05", "p95"))
        assert (high - low) / 2 == pytest.approx(half, rel=0.002)


def test_who_opens_the_members_with_xarray_has_their_unit(drawn):
    """Deviations of cells times their area are the sums of a member, in kg: `scale_factor` is applied once."""
    store = xr.open_zarr(drawn[1] / "projection.zarr", consolidated=False, chunks=None)
    area = zarr.open_group(drawn[1] / "cells.zarr", mode="r")["calcareous_arable_area"][:]
    by_hand = store["member_deviation"].astype(float).values @ area
    summed = store["member_total"].sum(["tile", "country"])[:, : len(TOTALLED)]
    np.testing.assert_allclose(by_hand, summed, rtol=0.01, atol=1e3)
    assert np.abs(by_hand[:, CHANGE]).max() > 1e6
    assert store["member_deviation"].attrs["units"] == "kg m-2"


def test_the_simulator_lies_within(drawn, totals):
    """What the simulator says of the same cells is covered, as the self-check found it."""
    check = pd.read_csv(drawn[1] / "check.csv", comment="#")
    rows = check[(check["of"] == "value") & (check["target"] == "sic_change_0_200cm")]
    rows = rows[(rows["years"] == "2024") & (rows["regime"] == "all") & (rows["pathway"] != "all")]
    for row in rows.itertuples():
        simulated = row.area_mean_simulated * totals.loc[row.pathway, "area_Mha"] * 10
        assert totals.loc[row.pathway, f"{COLUMN}_emulator_p05"] <= simulated
        assert simulated <= totals.loc[row.pathway, f"{COLUMN}_emulator_p95"]


# --- drawn inputs ---


def test_draws_are_summed_with_the_area_that_each_cell_stands_for(drawn, totals):
    """By hand from the store: sum over sampled cells, then percentile, then the total."""
    store = open_draws(drawn[1])
    cells, owner = store.thinned()
    area = zarr.open_group(drawn[1] / "cells.zarr", mode="r")["calcareous_arable_area"][:]
    weights = np.bincount(owner, weights=area, minlength=len(cells))
    assert len(cells) >= 30
    sums = store.deviations()[:, CHANGE, :, -1] @ weights / 1e9
    for p, pathway in enumerate(totals.index):
        for end, share in (("p05", 0.05), ("p95", 0.95)):
            by_hand = totals.loc[pathway, COLUMN] + np.quantile(sums[:, p], share, method="median_unbiased")
            assert totals.loc[pathway, f"{COLUMN}_inputs_{end}"] == pytest.approx(by_hand, rel=1e-4)
            apart = np.quantile(sums[:, p] - sums[:, 0], share, method="median_unbiased")
            column = f"{COLUMN}_minus_baseline"
            by_hand = totals.loc[pathway, column] + apart
            assert totals.loc[pathway, f"{column}_inputs_{end}"] == pytest.approx(by_hand, rel=1e-4, abs=1e-7)


def test_a_run_that_was_cut_off_draws_the_same_worlds(drawn):
    """Half of the draws lost, and the table of totals: both come back, byte for byte."""
    run, out = drawn
    cut = Path(shutil.copytree(out, run.folder / "cut"))
    group = zarr.open_group(cut / "uncertainty.zarr", mode="r+")
    group["done"][::2] = 0
    group["deviation"][::2] = 0
    (cut / "totals.csv").unlink()
    run.into("cut")
    np.testing.assert_array_equal(open_draws(cut).deviations(), open_draws(out).deviations())
    assert (cut / "totals.csv").read_bytes() == (out / "totals.csv").read_bytes()
    assert "10 as before" in (cut / "log.txt").read_text()


def test_all_files_say_what_the_intervals_hold(drawn, totals):
    """Table, summary and record."""
    words = "input uncertainty and emulator error"
    assert set(totals["interval"]) == {words}
    assert f"[Intervals of 90 %: {words}; nothing else.]" in (drawn[1] / "summary.txt").read_text()
    told = json.loads((drawn[1] / "run.json").read_text())["uncertainty"]
    assert told["inputs"]["draws"] == 20
    assert told["emulator_error"]["simulated_cells"] >= 12


# --- polygons ---


@pytest.fixture(scope="module")
def polygons(drawn) -> pd.DataFrame:
    """Totals over a box whose sides cut cells, everything, in a cell that was sampled and in one that was not."""
    cells = zarr.open_group(drawn[1] / "cells.zarr", mode="r")
    middles = np.column_stack([cells[axis][:] for axis in ("x", "y")])
    sampled, _ = open_draws(drawn[1]).thinned()
    borrowing = np.setdiff1d(np.arange(len(middles)), sampled)[0]
    small = [shapely.Point(middles[i]).buffer(5000.0) for i in (sampled[0], borrowing)]
    with rasterio.open(drawn[1] / "cog" / "status.tif") as file:
        whole = shapely.box(*file.bounds).buffer(1000.0, join_style="mitre")
    path = drawn[0].folder / "regions.gpkg"
    shapes = shapely.to_wkb(np.array([WEST, whole, *small], dtype=object))
    pyogrio.raw.write(
        path,
        shapes,
        [np.array(["west", "all", "sampled", "borrowing"], dtype=object)],
        ["name"],
        geometry_type="Polygon",
        crs="EPSG:3035",
    )
    plain = _call("totals", drawn[1], "--by", path)
    assert plain.exit_code == 0, plain.output
    table = pd.read_csv(drawn[1] / "totals_by_regions.csv", comment="#")
    # Both sources together are what most want; each alone is asked for.
    assert f"{COLUMN}_p05" in table
    assert not any("_inputs_" in column for column in table)
    done = _call("totals", drawn[1], "--by", path, "--sources")
    assert done.exit_code == 0, done.output
    return pd.read_csv(drawn[1] / "totals_by_regions.csv", comment="#").set_index(
        ["polygon", "pathway", "year"]
    )


def test_a_polygon_around_all_has_europes_intervals(polygons, totals):
    """From every cell's own deviations what the tiles had summed, within the rounding of two bytes."""
    for pathway in totals.index:
        row = polygons.loc[("all", pathway, 2024)]
        for column in (COLUMN, f"{COLUMN}_minus_baseline", "dic_leaching_TgC_yr"):
            for source in ("", "_emulator", "_inputs"):
                for end in ("p05", "p95"):
                    apart = totals.loc[pathway, f"{column}{source}_{end}"] - totals.loc[pathway, column]
                    found = row[f"{column}{source}_{end}"] - row[column]
                    assert found == pytest.approx(apart, rel=0.01, abs=2e-5)


def test_a_polygons_interval_is_that_of_exactextracts_own_sums(drawn, polygons):
    """Members by hand: each adds its share of the GeoTIFF's weighted sum; the mean error goes with the area."""
    feature = {"type": "Feature", "properties": {}, "geometry": mapping(WEST)}
    area = drawn[1] / "cog" / "calcareous_arable_area.tif"
    (whole,) = exact_extract(str(area), [feature], "sum")
    found = read_calibration(drawn[1])
    for p, pathway in enumerate(("baseline", "f2f_input", "same", "zero_now")):
        raster = drawn[1] / "cog" / f"sic_change_0_200cm.{pathway}.tif"
        (summed,) = exact_extract(str(raster), [feature], "weighted_sum", weights=str(area))
        total = summed["properties"]["band_3_weight_weighted_sum"]
        factor, mean = (part[CHANGE, p] for part in found.of(difference=False))
        spread = abs(total) * np.std(APART, ddof=1)
        half = np.hypot(factor * spread, mean[-1] * whole["properties"]["sum"]) / 1e9
        row = polygons.loc[("west", pathway, 2024)]
        assert (row[f"{COLUMN}_emulator_p95"] - row[f"{COLUMN}_emulator_p05"]) / 2 == pytest.approx(
            half, rel=0.01
        )


def test_a_polygon_says_how_many_sampled_cells_stand_for_it(drawn, polygons):
    """By hand for all: the effective number of cells that share its area; one for a corner of a cell."""
    cells, owner = open_draws(drawn[1]).thinned()
    area = zarr.open_group(drawn[1] / "cells.zarr", mode="r")["calcareous_arable_area"][:]
    weights = np.bincount(owner, weights=area, minlength=len(cells))
    by_hand = round(weights.sum() ** 2 / (weights**2).sum())
    assert 4 < by_hand < len(cells)
    last = polygons.xs(("baseline", 2024), level=("pathway", "year"))["sampled_cells"]
    assert last[["all", "sampled", "borrowing"]].tolist() == [by_hand, 1, 1]


def test_a_polygon_on_a_borrowed_cell_has_no_interval_of_its_inputs(polygons):
    """Nor one of all sources, which would be too narrow; a cell that was drawn itself speaks for itself."""
    few = polygons.loc[("borrowing", "zero_now", 2024)]
    assert few["interval"] == "none: fewer than 4 sampled cells"
    own = polygons.loc[("sampled", "zero_now", 2024)]
    assert own["interval"] == "input uncertainty and emulator error"
    for end in ("p05", "p95"):
        assert np.isnan(few[f"{COLUMN}_inputs_{end}"])
        assert np.isnan(few[f"{COLUMN}_{end}"])
        assert np.isfinite(few[f"{COLUMN}_emulator_{end}"])
        assert np.isfinite(own[f"{COLUMN}_inputs_{end}"])
        assert own[f"{COLUMN}_{end}"] != own[f"{COLUMN}_emulator_{end}"]


def test_a_table_of_such_polygons_alone_has_no_interval_at_all(drawn, polygons, tmp_path):
    """Neither columns nor words that claim one."""
    path, out = tmp_path / "one.gpkg", tmp_path / "sums.csv"
    meta, _, shapes, names = pyogrio.raw.read(drawn[0].folder / "regions.gpkg")
    pyogrio.raw.write(path, shapes[-1:], [names[0][-1:]], ["name"], geometry_type="Polygon", crs=meta["crs"])
    done = _call("totals", drawn[1], "--by", path, "--out", out)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out, comment="#")
    assert table["polygon"].unique().tolist() == ["borrowing"]
    assert set(table["interval"]) == {"none: fewer than 4 sampled cells"}
    assert not any(column.endswith("_p05") for column in table)
    assert "# Interval: none: fewer than 4 sampled cells.\n" in out.read_text(encoding="utf-8")


def test_the_geopackage_holds_the_ends_too(drawn, polygons):
    """Beside each total of the last year."""
    meta, _, _, values = pyogrio.raw.read(drawn[1] / "totals_by_regions.gpkg", layer="polygons")
    fields = dict(zip(meta["fields"], values, strict=True))
    wanted = polygons.loc[("west", "zero_now", 2024), f"{COLUMN}_p05"]
    assert fields[f"{COLUMN}_p05_zero_now"][0] == pytest.approx(wanted, rel=1e-4)


# --- refusals ---


@pytest.fixture
def cut(drawn, polygons, tmp_path) -> Path:
    """A copy of the run as a kill during its draws leaves it: all tiles, some draws, nothing after them."""
    folder = Path(shutil.copytree(drawn[1], tmp_path / "cut"))
    zarr.open_group(folder / "uncertainty.zarr", mode="r+")["done"][10:] = 0
    (folder / "calibration.json").unlink()
    for path in folder.glob("totals*"):
        path.unlink()
    return folder


def test_a_run_that_was_cut_off_in_its_draws_has_no_totals_of_polygons(drawn, cut):
    """Draws that are not there would be zeros, and the emulator a simulator: refused, nothing written."""
    record = json.loads((cut / "run.json").read_text())
    for state, words in (("started", "run is not finished"), ("finished", "10 of 20 draws are not finished")):
        (cut / "run.json").write_text(json.dumps({**record, "state": state}))
        done = _call("totals", cut, "--by", drawn[0].folder / "regions.gpkg")
        assert done.exit_code == 2
        assert words in done.output
        assert "Give the run's command again" in done.output
        assert not list(cut.glob("totals*"))


def test_an_emulator_without_a_calibration_is_still_an_emulator(drawn, cut):
    """With all draws, but no cell that the simulator could do: its error is not known, and that is said."""
    zarr.open_group(cut / "uncertainty.zarr", mode="r+")["done"][:] = 1
    done = _call("totals", cut, "--by", drawn[0].folder / "regions.gpkg")
    assert done.exit_code == 0, done.output
    words = pd.read_csv(cut / "totals_by_regions.csv", comment="#")["interval"]
    assert set(words) == {
        "input uncertainty only: the emulator's error is not known",
        "none: fewer than 4 sampled cells",
    }


# --- without ---


def test_a_run_that_does_not_draw_says_emulator_error_only(tmp_path):
    """And has no columns of other sources; the simulator says that there is none."""
    out = Run(tmp_path).into("out")
    table = pd.read_csv(out / "totals.csv", comment="#")
    assert set(table["interval"]) == {"emulator error only", "none: not a reported year"}
    assert f"{COLUMN}_p05" in table
    assert not any("_inputs_" in name or "_emulator_" in name for name in table)
    assert not (out / "uncertainty.zarr").exists()
    assert json.loads((out / "run.json").read_text())["uncertainty"]["inputs"] is None


@pytest.mark.slow
def test_the_simulators_totals_have_no_interval_unless_inputs_are_drawn(tmp_path):
    """`none: simulator`, in table and summary; with draws `input uncertainty only: simulator`."""
    for asked, words in ((None, "none: simulator"), (ASKED, "input uncertainty only: simulator")):
        folder = tmp_path / ("plain" if asked is None else "drawn")
        folder.mkdir()
        recipe = small_recipe(folder, **({} if asked is None else {"uncertainty": asked}))
        done = _call("run", recipe, "--out", folder / "out", "--workers", 1)
        assert done.exit_code == 0, done.output
        table = pd.read_csv(folder / "out" / "totals.csv", comment="#")
        assert words in set(table["interval"])
        assert (f"{COLUMN}_p05" in table) == (asked is not None)
        assert words in done.output
