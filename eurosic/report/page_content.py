"""All that a page of a run is made of, in one value.

*Enters:* what the workflow has read of a finished run. *Leaves:* `Report`, from which `page` makes HTML. Pure data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from eurosic.base.units import KG_PER_TG
from eurosic.report.page_cells import Groups
from eurosic.report.page_data import CellFacts, Course, Filled


@dataclass(frozen=True)
class Report:
    """All that a page is made of.

    Parameters
    ----------
    record
        What `run.json` says.
    totals, about
        The table of `totals.csv`, and its comment lines.
    check
        The table of `check.csv`; None where there is none.
    groups, filled, facts, course
        The cells of the map, their packed variables, what else is known of them, pathways and years.
    regimes
        Area (Mha) by pathway and regime, as `regime_section` takes it.
    status
        Cells and area by status, as `limits_section` takes it.
    pictures
        PNG of the maps of the last year, by what they show, for readers without the script.
    extra
        Further sections, as (name, title, HTML).
    """

    record: Mapping[str, object]
    totals: pd.DataFrame
    about: Sequence[str]
    check: pd.DataFrame | None
    groups: Groups
    filled: Filled
    facts: CellFacts
    course: Course
    regimes: pd.DataFrame
    status: pd.DataFrame
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    extra: Sequence[tuple[str, str, str]] = ()

    @property
    def stock(self) -> float:
        """Carbon in carbonate at the start, to 2 m, Tg."""
        known = self.groups.of_cell >= 0
        return float((self.facts.stock * self.groups.area)[known].sum()) / KG_PER_TG
