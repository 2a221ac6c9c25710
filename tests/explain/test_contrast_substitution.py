"""Law: a law of space foretells rightly where it is the law of time, and its error is what it says elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eurosic.base.request import Kind
from eurosic.explain.contrast import time_table
from eurosic.explain.contrast_caption import Contrast, caption
from eurosic.explain.contrast_figure import contrast_figure
from eurosic.explain.contrast_substitution import CURVE, LINE, Law, laws_of, substitution_table
from eurosic.explain.contrast_table import contrast_lines, contrast_table
from eurosic.explain.contrast_text import SUBSTITUTION_WORDS, csv_text
from eurosic.explain.observations import PH, STOCK, Observations
from eurosic.explain.space_evidence import gather_evidence
from eurosic.explain.states import ALL, FREE, INTACT, PARTLY, states_of_profiles
from tests.explain.test_contrast import made

YEARS = (2040,)
# A stock that is 2 kg m-2 for every unit of pH above 5, everywhere in space.
POINTS = np.array([2.0, 12.0])
LINEAR = Law("hand", "0_30cm", LINE, False, POINTS, 2.0 * (POINTS - 5.0), np.outer([1.8, 2.2], POINTS - 5.0))


@pytest.fixture(scope="module")
def cornered():
    """Cells that first lose all their carbonate at pH 8, and then their pH: half of them get that far."""
    ph = np.stack([np.full(8, 8.0), np.full(8, 8.0), np.where(np.arange(8) < 4, 8.0, 6.0)])
    sic = np.stack([np.zeros(8), np.full(8, -1.0), np.full(8, -2.0)])
    depth = np.stack([np.zeros(8), np.zeros(8), np.where(np.arange(8) < 4, 0.0, 0.4)])
    both = np.stack([ph, ph + np.array([0.0, 0.0, 0.1])[:, np.newaxis]])[np.newaxis]
    return made(both, np.stack([sic, 0.9 * sic])[np.newaxis], np.stack([depth, depth]))


def row(table, state: str = ALL, pathway: str = "p0", quantity: str = "change"):
    """Return the one row of a table."""
    keep = (table["state"] == state) & (table["pathway"] == pathway) & (table["quantity"] == quantity)
    (found,) = table[keep].to_dict("records")
    return found


def test_a_soil_whose_time_goes_along_space_is_foretold_without_error():
    """Where SIC truly follows pH, by two kilograms a unit, nothing is wrong, in no cell and in no sum."""
    ph = np.array([8.0, 7.5, 6.0])[:, np.newaxis] * np.ones(5)
    along = made(
        ph[np.newaxis, np.newaxis], (2.0 * (ph - 8.0))[np.newaxis, np.newaxis], np.full((1, 3, 5), 0.1)
    )
    found = row(substitution_table(along, (LINEAR,), years=YEARS))
    assert found["error_TgC"] == pytest.approx(0.0, abs=1e-15)
    assert found["error_of_cells_kgC_ha_yr"] == pytest.approx(0.0, abs=1e-9)
    assert found["run_kgC_ha_yr"] == pytest.approx(-4.0 / 20 * 1e4)


def test_a_corner_is_missed_by_hand(cornered):
    """While pH stands, nothing is foretold of two kilograms; where it fell by two units, twice too much is."""
    table = substitution_table(cornered, (LINEAR,), years=YEARS)
    intact, free = row(table, INTACT), row(table, FREE)
    assert intact["foretold_kgC_ha_yr"] == 0.0
    assert intact["error_kgC_ha_yr"] == pytest.approx(1000.0)
    assert free["foretold_kgC_ha_yr"] == pytest.approx(-2000.0)
    assert free["foretold_kgC_ha_yr_low"] == pytest.approx(-2180.0)
    assert free["error_kgC_ha_yr"] == pytest.approx(-1000.0)


def test_errors_of_cells_do_not_cancel_though_their_sum_does(cornered):
    """The same run over all cells: right to the gram, and wrong by a thousand in each."""
    found = row(substitution_table(cornered, (LINEAR,), years=YEARS))
    assert found["error_TgC"] == pytest.approx(0.0, abs=1e-15)
    assert found["error_of_cells_kgC_ha_yr"] == pytest.approx(1000.0)


def test_states_of_the_topsoil_add_up_to_all(cornered):
    """In every total: of the run, of the law, of the area."""
    table = substitution_table(cornered, (LINEAR,), years=YEARS)
    for name in ("run_TgC", "foretold_TgC", "area_Mha"):
        parts = [row(table, state)[name] for state in (INTACT, FREE)]
        assert sum(parts) == pytest.approx(row(table)[name])
    assert PARTLY not in set(table["state"])


def test_a_difference_is_that_of_two_changes(cornered):
    """Pathway minus baseline, for the run and for the law."""
    table = substitution_table(cornered, (LINEAR,), years=YEARS)
    for name in ("run_TgC", "foretold_TgC"):
        apart = row(table, pathway="p1")[name] - row(table)[name]
        assert row(table, pathway="p1", quantity="minus baseline")[name] == pytest.approx(apart)


def test_a_sample_stands_for_the_whole_in_totals_and_not_in_rates(cornered):
    """Ten times the area, ten times the carbon, the same a hectare."""
    one, ten = (row(substitution_table(cornered, (LINEAR,), years=YEARS, scale=s)) for s in (1.0, 10.0))
    assert ten["run_TgC"] == pytest.approx(10 * one["run_TgC"])
    assert ten["run_kgC_ha_yr"] == pytest.approx(one["run_kgC_ha_yr"])


@pytest.fixture(scope="module")
def evidence():
    """Observations in which the stock is two kilograms a unit of pH above 5, give or take."""
    random = np.random.default_rng(5)
    ph = random.uniform(5.0, 9.0, 200)
    share = np.where(ph > 7.0, 1.0, 0.0)
    return gather_evidence(
        Observations(
            "hand", "made up", Kind.OBSERVED, pd.DataFrame({PH: ph, "clay": random.uniform(5, 50, 200)}),
            pd.DataFrame({f"{STOCK}0_30cm": 2.0 * (ph - 5.0) + random.normal(0, 0.1, 200)}), np.arange(200) % 20,
            states_of_profiles(share, share > 0),
        ),
        f"{STOCK}0_30cm",
        refits=4,
    )  # fmt: skip


def test_both_laws_of_observations_are_near_what_was_put_in(evidence):
    """The line everywhere, the learner's curve within a tenth of a unit of pH where there are sites."""
    line, curve = laws_of(evidence)
    assert (line.kind, curve.kind) == (LINE, CURVE)
    assert line.change(np.array(6.0), np.array(8.0)) == pytest.approx(4.0, abs=0.05)
    assert curve.change(np.array(6.0), np.array(8.0)) == pytest.approx(4.0, abs=0.2)
    # Beyond the sites a learner of trees knows nothing more.
    assert curve.change(np.array(9.5), np.array(11.0)) == 0.0


def test_a_curve_has_no_steps_that_no_ph_meter_could_see(evidence):
    """A hundredth of pH never brings more than a twentieth of what a unit does."""
    curve = laws_of(evidence)[1]
    ph = np.arange(5.0, 9.0, 0.01)
    assert np.abs(curve.change(ph[:-1], ph[1:])).max() < 0.05 * 2.0


def test_soils_that_do_not_differ_in_ph_teach_no_law(evidence):
    """A map of calcareous soils alone: a slope over 0.03 of pH would be told of nothing."""
    observations = evidence.observations
    flat = observations.covariates.assign(**{PH: 8.2 + 0.01 * np.sin(np.arange(200.0))})
    alike = Observations(
        "flat", "", Kind.MODELLED, flat, observations.targets, observations.block, observations.states
    )
    assert laws_of(gather_evidence(alike, f"{STOCK}0_30cm", refits=1)) == ()


@pytest.fixture(scope="module")
def contrast(cornered, evidence):
    """Both sides of the made-up world."""
    laws = laws_of(evidence)
    table = substitution_table(cornered, laws, years=YEARS)
    return Contrast(evidence, laws, cornered, np.full(8, 2.0), table)


def test_the_table_has_time_and_space_in_one_row(cornered, evidence):
    """In the state in which pH fell, and over all; nitrate, which no site knows, has no space."""
    table = contrast_table(time_table(cornered), [evidence])
    every = table[(table["driver"] == "lab pH") & (table["state"] == ALL)].to_dict("records")[0]
    assert every["space"] == pytest.approx(2.0, abs=0.02)
    assert every["observations"] == "hand"
    assert table.loc[table["driver"] == "nitrate leached", "space"].isna().all()
    lines = contrast_lines(table, substitution_table(cornered, laws_of(evidence), years=YEARS))
    assert lines[0].startswith("topsoil intact: 0-30 cm changes by -1000.0")


def test_the_caption_says_the_numbers_of_the_table(contrast):
    """What the run loses where calcite is left, what the law sees of it, and how wrong single cells are."""
    told = " ".join(caption(contrast).split())
    line, every = contrast.row(LINE, INTACT), contrast.row(CURVE, ALL)
    assert line is not None
    assert every is not None
    assert f"the run says −{-line['run_kgC_ha_yr']:.0f} kg" in told
    assert f"wrong by {every['error_of_cells_kgC_ha_yr']:.0f} in the mean" in told
    assert "SHAP" not in told


def test_what_is_not_drawn_is_counted(contrast):
    """Half of the area lies above the axis: its cells have no line, and the caption says so; likewise dots."""
    half = replace(contrast, stock=np.where(np.arange(8) % 2, 9.0, 2.0))
    assert half.lines.tolist() == [0, 2, 4, 6]
    told = " ".join(caption(half).split())
    assert "4 of those that begin with less than 5.5 kg m⁻², which are 50 % of the area" in told
    above = (contrast.evidence.observations.targets[f"{STOCK}0_30cm"] > 5.5).sum()
    assert f"200 of them, {above} above the axis" in told


def test_a_run_in_which_nothing_decalcifies_is_not_said_to(contrast):
    """Neither title, nor arrow 2, nor its sentence; where carbon is gained, not arrow 1 either."""
    calm = contrast.trajectories
    states = {name: np.zeros_like(mask) for name, mask in calm.states.items()}
    states |= {name: np.ones_like(states[name]) for name in (ALL, INTACT)}
    calm = replace(calm, states=states)
    for sign, ways in ((1.0, ["1"]), (-1.0, [])):
        turned = replace(calm, sic={depth: sign * values for depth, values in calm.sic.items()})
        one = replace(contrast, trajectories=turned, substitution=pd.DataFrame())
        figure = contrast_figure(one)
        assert [text.get_text() for text in figure.axes[0].texts if text.get_text() in ("1", "2")] == ways
        assert "pH falls after" not in figure.texts[0].get_text()
        assert "(2)" not in caption(one)
        assert ("(1)" in caption(one)) == bool(ways)
    assert "pH falls after" in contrast.title


def test_all_words_stand_on_the_figure(contrast):
    """Nothing is cut off at an edge, and the caption does not run into the axes."""
    figure = contrast_figure(contrast)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    width, height = figure.canvas.get_width_height()
    title, below = (text.get_window_extent(renderer) for text in figure.texts)
    for box in (title, below, *(axes.get_tightbbox(renderer) for axes in figure.axes)):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height
    assert below.y1 < min(axes.get_tightbbox(renderer).y0 for axes in figure.axes)


def test_a_map_without_contrast_in_ph_has_a_figure_without_a_law(contrast):
    """The caption leaves out the right, which says that there is nothing to be foretold from."""
    alike = replace(contrast, laws=(), substitution=pd.DataFrame())
    figure = contrast_figure(alike)
    figure.canvas.draw()
    assert "Right." not in caption(alike)
    assert "hardly differ in pH" in figure.axes[1].texts[0].get_text()


def test_tables_are_written_with_what_their_columns_mean(contrast):
    """Comments first, the title and the recipe among them; six digits."""
    text = csv_text(contrast.substitution, SUBSTITUTION_WORDS, title="A run", digest="0123456789abcdef01")
    assert text.startswith("# A run, by eurosic; recipe 0123456789abcdef\n# Space for time")
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == 1 + len(
        contrast.substitution
    )
