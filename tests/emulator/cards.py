"""A card with everything in it, and weights to go with it."""

from __future__ import annotations

from pathlib import Path

from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES, TARGETS
from eurosic.emulator.card import Card, CardSignature, Feature, SkillRow, TrainedOn, weights_of
from eurosic.emulator.coverage import CoverageRow


def signature() -> CardSignature:
    """Return the whole vocabulary, with its valid ranges as if they had been trained on."""
    parts = (
        tuple(Feature(v.name, v.unit, float(v.valid_min), float(v.valid_max)) for v in part.values())
        for part in (COVARIATES, STATES, DRIVERS, TARGETS)
    )
    return CardSignature(*parts)


def skill(regime: str, *, r2: float | None, kind: str = "all", horizon: int = 80) -> SkillRow:
    """Return a row of skill."""
    return SkillRow(
        "sic_change_0_200cm",
        "0-200 cm",
        regime,
        horizon,
        kind,
        n=812,
        r2=r2,
        mae=0.00123456,
        rmse=0.002,
        bias=-1.0e-5,
        unit="kg m-2",
    )


def small_card(folder: Path, *, weights: bytes = b"weights" * 1000) -> Card:
    """Return a card, and write the weights that it names into the folder."""
    (folder / "weights.safetensors").write_bytes(weights)
    row = CoverageRow(
        "ph_soil_0_30cm", "front", 40, 100, 0.91, 0.82, 0.97, True, 0.81, 0.98, True, half_width=0.0123456
    )
    return Card(
        name="toy-v1",
        title="A toy: it answers, and that is all",
        created="2026-11-23T00:00:00+00:00",
        signature=signature(),
        trained_on=TrainedOn("simulator", "ab" * 32, "cd" * 32, 8192, {"train": 5734, "test": 2458}, 7),
        network={"members": 5, "width": 64, "activation": "silu", "learning_rate": 1e-3},
        weights=(weights_of(folder / "weights.safetensors"),),
        skill=(
            skill("all", r2=0.99876543),
            skill("buffered", r2=0.9991),
            skill("depleted", r2=None),
            skill("front", r2=0.97),
            skill("front", r2=0.5, horizon=10),
            skill("all", r2=0.98, kind="reversal"),
        ),
        fluxes=(),
        coverage=(row,),
        domain={"features": 60, "unusual": 0.005},
        limits=("Climate is held: transient climate is outside.", "No lime: it was never trained on."),
        measures={"sign_of_pathway_minus_baseline_right": 0.99123},
        versions={"eurosic": "0.1.0", "python": "3.11.9"},
    )
