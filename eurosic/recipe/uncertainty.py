"""The section `uncertainty`: how far inputs may be wrong, and how many times they are drawn.

*Enters:* plain values of a recipe. *Leaves:* numbers in house units; `spreads` are the arguments of
`inputs.uncertain.Spreads`. A recipe without the section draws nothing, and its totals say so.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, model_validator

from eurosic.recipe.quantity import counted, problem, quantity
from eurosic.recipe.section import Section

# A 5th percentile lies between the draws only from twenty of them on.
LEAST_DRAWS = 20
_SPREADS = ("nitrogen", "carbonate", "drainage", "air_filled_porosity", "nue")

Spread = Annotated[float, quantity("1", "20 %", 0.0, 1.0)]


def _enough(draws: int) -> int:
    if draws < LEAST_DRAWS:
        raise problem(f"{draws} draws have no 5th percentile; wanted at least {LEAST_DRAWS}")
    return draws


class Uncertainty(Section):
    """Relative standard deviations of inputs, how far they are correlated, and the size of the experiment."""

    draws: Annotated[int, counted("draw", "32 draws"), AfterValidator(_enough)] = 32
    cells: Annotated[int, counted("cell", "384 cells")] = 384
    correlation_length: Annotated[float, quantity("m", "200 km", 1e3, 1e7)] = 200e3
    nitrogen: Spread = 0.15
    carbonate: Spread = 0.30
    drainage: Spread = 0.20
    air_filled_porosity: Spread = 0.20
    nue: Spread = 0.10

    @model_validator(mode="after")
    def _something(self) -> Uncertainty:
        if not any(getattr(self, name) for name in _SPREADS):
            raise problem(
                "every spread is zero; leave the section out, and totals say that nothing was drawn"
            )
        return self

    def spreads(self) -> dict[str, float]:
        """Return the arguments of `inputs.uncertain.Spreads`."""
        return {name: getattr(self, name) for name in (*_SPREADS, "correlation_length")}
