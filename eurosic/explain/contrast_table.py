"""Time and space side by side: one table, and the sentences that stand for it.

*Enters:* the sensitivities in time, the evidence in space, the table of substitution. *Leaves:* a table with both
in one unit, row by row, and lines for people. Must not compute either side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from eurosic.explain.bootstrap import UNKNOWN, Estimate, columns_of
from eurosic.explain.contrast import LAB_PH, NITRATE, TEN_KG_HA
from eurosic.explain.contrast_substitution import LINE
from eurosic.explain.observations import PH, STOCK
from eurosic.explain.space_evidence import Evidence, slope_alone, slope_attributed, spread
from eurosic.explain.states import ALL, FREE, INTACT, PARTLY

# The covariate that stands for each driver in space, and what its slope is multiplied by to be in the unit of time's.
NITRATE_LEACHING = "nitrate_leaching"
_IN_SPACE = {LAB_PH: (PH, 1.0), NITRATE: (NITRATE_LEACHING, TEN_KG_HA)}
_TELLING = (INTACT, PARTLY, FREE)


def contrast_table(time: pd.DataFrame, evidences: Sequence[Evidence]) -> pd.DataFrame:
    """Return each sensitivity in time beside the slope that each set of observations has in space.

    Parameters
    ----------
    time
        As `contrast.time_table` gives it.
    evidences
        Of stocks; of one set of observations for each depth, as far as there are any.

    Returns
    -------
    pandas.DataFrame
        A row of `time` for each set of observations with that depth, or one row where there is none. `space` is the
        slope of a scatter plot over the sites in the same state, `space_attributed` that of the covariate's SHAP
        values; both in `unit`, and empty where fewer than a dozen sites are in the state, or their pH differs by less
        than it is known to. `sd_of_driver` is how much the driver differs between them.
    """
    rows: list[dict[str, object]] = []
    for row in records(time):
        fitting = [
            evidence
            for evidence in evidences
            if evidence.target == f"{STOCK}{row['depth']}"
            and _IN_SPACE[str(row["driver"])][0] in evidence.observations.covariates
        ]
        # A sensitivity beside which nothing can be set is told all the same.
        rows += [{**row, **_space(evidence, row)} for evidence in fitting] or [{**row, **_nowhere()}]
    return pd.DataFrame(rows)


def contrast_lines(table: pd.DataFrame, substitution: pd.DataFrame) -> tuple[str, ...]:
    """Return what the tables come to, a sentence a line: the states of the topsoil, then how wrong a map's law is."""
    ph = table[(table["driver"] == LAB_PH) & (table["depth"] == "0_30cm")].drop_duplicates("state")
    lines = [
        f"{row['state']}: 0-30 cm changes by {_told(row, 'sic_kgC_ha_yr', '.1f')} kg C ha-1 yr-1 "
        f"while lab pH moves by {_told(row, 'ph_per_decade', '.3f')} a decade"
        for row in records(ph)
        if row["state"] in _TELLING
    ]
    return (*lines, *_wrong(substitution))


def _wrong(substitution: pd.DataFrame) -> list[str]:
    if substitution.empty:
        return []
    last = substitution[
        (substitution["year"] == substitution["year"].max())
        & (substitution["law"] == LINE)
        & (substitution["depth"] == "0_30cm")
        & (substitution["quantity"] == "change")
        & (substitution["pathway"] == substitution["pathway"].iloc[0])
    ]
    return [
        f"{name}: from pH by its straight line in space, {part['state']}: {part['foretold_TgC']:.1f} Tg C, "
        f"the run {part['run_TgC']:.1f} (0-30 cm, {part['pathway']}, {part['year']})"
        for name, rows in last.groupby("observations", sort=False)
        for part in records(rows[rows["state"].isin([ALL, INTACT])])
    ]


def _space(evidence: Evidence, row: dict[str, object]) -> dict[str, object]:
    covariate, factor = _IN_SPACE[str(row["driver"])]
    state = str(row["state"])
    inside = evidence.state(state) & np.isfinite(evidence.column(covariate))
    alone = slope_alone(evidence, covariate, state)
    told = slope_attributed(evidence, covariate, state)
    return {
        **columns_of("space", _times(alone, factor)),
        **columns_of("space_attributed", _times(told, factor)),
        "observations": evidence.observations.name,
        "circular": evidence.observations.circular,
        "sites": int(inside.sum()),
        "sd_of_driver": spread(evidence, covariate, state) / factor,
    }


def _nowhere() -> dict[str, object]:
    none = {**columns_of("space", UNKNOWN), **columns_of("space_attributed", UNKNOWN)}
    return {**none, "observations": "", "circular": False, "sites": 0, "sd_of_driver": np.nan}


def _times(found: Estimate, factor: float) -> Estimate:
    return Estimate(found.value * factor, found.low * factor, found.high * factor)


def records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _told(row: dict[str, object], name: str, form: str) -> str:
    return f"{row[name]:{form}} ({row[f'{name}_low']:{form}} to {row[f'{name}_high']:{form}})"
