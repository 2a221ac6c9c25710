"""Is MIN3P's mass balance good enough? Judged against what passed through the column, not what is left in it.

Station: beside the readers and the runner. *Enters:* the series of ``.mac`` and ``.mae``. *Leaves:* a `Verdict`
for each component. ``.mae`` divides by the mass in the system at that time, and reads thousands of per cent
when a component runs out; the throughput is everything that came in or was released, from the cumulative
columns of ``.mac``. *Source:* SCIENCE.md section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from eurosic.simulator.min3p.outputs import Series

# Above this share of the throughput a run is not to be trusted (data/min3p/README.md, "Acceptance").
TOLERANCE = 0.01
# mol in the column (of 1 m2): an error below it says nothing of the run, whatever its share. Al, which is nowhere
# but at a decalcification front, passes 1e-4 mol in 80 years; 1e-3 mol of carbon is 1.5 g/ha/yr.
NEGLIGIBLE = 1e-3


@dataclass(frozen=True)
class Verdict:
    """The balance of one component.

    Parameters
    ----------
    component
        Its name.
    error
        Largest cumulative error, mol; NaN without ``.mae``.
    throughput
        What came in or was released until the end, mol; NaN without ``.mac``.
    share_of_mass
        Largest cumulative error as ``.mae`` states it, share of the mass in the system at that time.
    """

    component: str
    error: float
    throughput: float
    share_of_mass: float

    @property
    def share(self) -> float:
        """Error as a share of the throughput, NaN where one of them is unknown."""
        return self.error / self.throughput if self.throughput > 0 else float("nan")

    @property
    def state(self) -> str:
        """``"ok"``, ``"failed"``, or ``"not judged"`` where there is no ``.mac`` or no ``.mae``."""
        if not np.isfinite(self.share):
            return "not judged"
        return "ok" if self.share <= TOLERANCE or self.error <= NEGLIGIBLE else "failed"


def throughput(balance: Series) -> float:
    """Return what entered a column or was released in it until the end of a ``.mac``, mol.

    Gains are the positive ones of the cumulative influxes and sources; losses the outfluxes and the negative
    sources. They differ by storage, and the larger of the two is what passed.

    Examples
    --------
    >>> import numpy as np
    >>> names = ("total mass influx", "total mass outflux", "total source/sink from mineral phase")
    >>> throughput(Series(names, ("mol",) * 3, np.array([[1.0, 4.0, 3.0]]), np.array([80.0])))
    4.0
    """
    gains = losses = 0.0
    for name, value in zip(balance.names, balance.values[-1], strict=True):
        # Storage is the difference of the two sides, not a part of either.
        if not name.startswith("total ") or "storage" in name or not np.isfinite(value):
            continue
        # MIN3P prints outfluxes as positive numbers, sources with their sign.
        out = "outflux" in name or "loss" in name
        signed = -abs(value) if out else value
        gains, losses = gains + max(signed, 0.0), losses + max(-signed, 0.0)
    return float(max(gains, losses))


def judge_balance(component: str, balance: Series | None, error: Series | None) -> Verdict:
    """Return the verdict on a component from its ``.mac`` and ``.mae``, either of which may be absent."""
    passed = throughput(balance) if balance is not None and len(balance.values) else float("nan")
    return Verdict(component, _worst(error, "absolute"), passed, _worst(error, "relative") / 100)


def _worst(error: Series | None, word: str) -> float:
    if error is None:
        return float("nan")
    # The error of a single step says little; the cumulative one is what is missing in the end.
    columns = [i for i, name in enumerate(error.names) if word in name and "cumulative" in name]
    if not columns or not np.isfinite(error.values[:, columns[0]]).any():
        return float("nan")
    return float(np.nanmax(np.abs(error.values[:, columns[0]])))


def overall(verdicts: Sequence[Verdict]) -> str:
    """Return the verdict on a run: ``failed`` if one component is, ``ok`` if one is and none failed."""
    states = {verdict.state for verdict in verdicts}
    return "failed" if "failed" in states else "ok" if "ok" in states else "not judged"


def verdict_notes(verdicts: Sequence[Verdict]) -> list[str]:
    """Return a warning for each component whose balance failed, or looks bad and cannot be judged."""
    notes = []
    for verdict in verdicts:
        if verdict.state == "failed":
            notes.append(
                f"mass balance of {verdict.component}: error {verdict.error:.3g} mol, {verdict.share:.2%} of the "
                f"{verdict.throughput:.4g} mol that passed ({verdict.share_of_mass:.2%} by .mae)"
            )
        elif verdict.state == "not judged" and verdict.share_of_mass > TOLERANCE:
            notes.append(
                f"mass balance of {verdict.component}: {verdict.share_of_mass:.2%} of the mass in the system by "
                ".mae, which means little when that mass is small; no .mac to judge it by the throughput"
            )
    return notes


def verdict_variables(verdicts: Sequence[Verdict]) -> xr.Dataset:
    """Return the verdicts as variables ``(component,)``: error and throughput (mol), and both shares."""
    columns = {
        "balance_error": ([v.error for v in verdicts], "mol", "largest cumulative error of the mass balance"),
        "balance_throughput": ([v.throughput for v in verdicts], "mol", "what came in or was released"),
        "balance_share": ([v.share for v in verdicts], "1", "largest cumulative error over throughput"),
        "balance_share_of_mass": (
            [v.share_of_mass for v in verdicts],
            "1",
            "error over mass, as .mae has it",
        ),
    }
    data = {
        name: ("component", values, {"units": unit, "long_name": words})
        for name, (values, unit, words) in columns.items()
    }
    return (
        xr.Dataset(data, coords={"component": [v.component for v in verdicts]}) if verdicts else xr.Dataset()
    )
