"""Law: what a run is asked is what it answered: the same pathways, horizons and changes, from one roll-out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from eurosic.base.pathway import BASELINE, Pathway, Treatment, hold
from eurosic.base.signature import Columns, Prediction
from eurosic.base.vocabulary import TARGETS as WORDS
from eurosic.emulator.batches import micro_batch
from eurosic.explain.targets import TARGETS
from eurosic.inputs.forcing import Forcing
from eurosic.inputs.nitrogen import NitrogenOptions, moles_of_n
from eurosic.inputs.raw import CLIMATE_COLUMNS, NITROGEN_COLUMNS, RawForcing
from eurosic.inputs.soil import SoilOptions
from eurosic.workflow.explain_value import RunValue
from tests.toy import RATE, ToyPredictor

YEARS = (2020, 2021, 2022, 2023)
LESS = Pathway("less", ((1.0, Treatment(mineral=hold(0.5))),))
MIXED = Pathway("mixed", ((0.25, Treatment(mineral=hold(0.5))), (0.75, Treatment())))


@dataclass(frozen=True)
class CountingPredictor:
    """The toy with a pH that falls by a tenth a year and by the nitrate leached; counts what it is asked."""

    inner: ToyPredictor = field(default_factory=ToyPredictor)
    asked: list[tuple[int, int, int]] = field(default_factory=list)
    name: str = "counting"
    digest: str = "counting"
    has_spread: bool = False

    @property
    def signature(self):
        """The toy's."""
        return self.inner.signature

    def predict(self, columns: Columns) -> Prediction:
        """Return the toy's answer, and the pH."""
        self.asked.append(columns.shape)
        found = self.inner.predict(columns)
        values = found.values.copy()
        years = 0.1 * np.arange(1, columns.shape[2] + 1)
        values[..., list(WORDS).index("ph_soil_0_30cm")] = 8.0 - years - columns.forcing[..., 0]
        return Prediction(values, found.converged)

    def inside(self, columns):
        """Everywhere."""
        return self.inner.inside(columns)


def _value(*pathways: Pathway, horizons=(1, 3)) -> RunValue:
    forcing = Forcing(YEARS, (Pathway(BASELINE), *pathways), NitrogenOptions(gas_loss=0.0))
    return RunValue(RawForcing(forcing, SoilOptions()), CountingPredictor(), horizons, TARGETS)


def _rows(cells: int = 2) -> dict[str, np.ndarray]:
    soil = {"carbonate": 20.0, "clay": 25.0, "sand": 40.0, "organic_carbon": 2.0}
    rates = dict(zip(NITROGEN_COLUMNS, (100.0, 0.0, 0.0, 0.0, 0.5), strict=True))
    climate = dict(zip(CLIMATE_COLUMNS, (10.0, 500.0, 700.0, 60.0), strict=True))
    flat = {name: np.full(cells, value) for name, value in {**soil, **rates}.items()}
    shapes = {name: (cells,) if name == "respiration" else (cells, 1) for name in climate}
    return flat | {name: np.full(shapes[name], value) for name, value in climate.items()}


def _leached(mineral: float) -> float:
    """Return nitrate leached, mol m-2 yr-1: half taken up, some volatilised by form, half of the rest leached."""
    volatilised = 0.02 * 0.45 + 0.13 * 0.22 + 0.075 * 0.13 + 0.04 * 0.15 + 0.10 * 0.05
    return float(moles_of_n(np.array(mineral * (0.5 - volatilised) / 2.0)))


def test_sic_falls_by_what_has_leached_until_the_horizon():
    """Two and four years of 100 kg of mineral N, and of half of it under the pathway."""
    found = _value(LESS)(_rows())
    assert found.shape == (2, 2, 2, len(TARGETS))
    for pathway, mineral in enumerate((100.0, 50.0)):
        for horizon, years in enumerate((2, 4)):
            wanted = -RATE * years * _leached(mineral)
            np.testing.assert_allclose(found[:, pathway, horizon, 0], wanted, rtol=1e-9)


def test_ph_is_counted_from_the_first_year_of_the_baseline():
    """Of every pathway: so that their difference is that of their pH."""
    found = _value(LESS)(_rows())[0, :, :, 2]
    np.testing.assert_allclose(found[0], [-0.1, -0.3], atol=1e-12)
    np.testing.assert_allclose(found[1] - found[0], _leached(100.0) - _leached(50.0), rtol=1e-9)


def test_a_pathway_of_two_parts_is_their_mean_by_area():
    """A quarter at half the nitrogen; the rest is the baseline's own variant, predicted once."""
    value = _value(LESS, MIXED)
    found = value(_rows())
    np.testing.assert_allclose(found[:, 2], 0.75 * found[:, 0] + 0.25 * found[:, 1], rtol=1e-9)
    assert value.predictor.asked == [(2, 2, len(YEARS))]


def test_all_horizons_come_from_one_roll_out():
    """One question, whatever is asked of it."""
    value = _value(LESS, horizons=(0, 1, 2, 3))
    one = value(_rows())
    assert len(value.predictor.asked) == 1
    np.testing.assert_array_equal(one[:, :, [1, 3]], _value(LESS)(_rows()))


def test_other_pathways_can_be_asked_along_the_same_years():
    """As the levers of a pathway are: the same value, other courses."""
    value = _value()
    np.testing.assert_array_equal(value.along((Pathway(BASELINE), LESS))(_rows()), _value(LESS)(_rows()))
    assert value.along((Pathway(BASELINE), LESS)).horizons == value.horizons


@pytest.mark.parametrize("variants", [1, 2, 9])
def test_rows_at_once_are_whole_micro_batches_and_fewer_the_more_variants_there_are(variants):
    """None is padded in vain, and memory is that of one variant's batch."""
    pathways = tuple(
        Pathway(f"p{i}", ((1.0, Treatment(mineral=hold(0.9 - 0.05 * i))),)) for i in range(variants - 1)
    )
    batch = _value(*pathways).batch
    assert batch % micro_batch(variants) == 0
    assert batch * variants <= _value().batch


def test_a_cell_that_cannot_be_answered_has_no_value():
    """NaN, for the explanation to say so."""
    value = _value()
    broken = replace(value, predictor=CountingPredictor(ToyPredictor(fails_above=0.0)))
    assert np.isnan(broken(_rows())).all()
