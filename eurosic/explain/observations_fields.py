"""European fields with pH and a mid-infrared spectrum as observations: carbonate's signal beside pH.

*Enters:* the data sets of the package `LimeSoDa` (optional, CC BY-SA 4.0). *Leaves:* `Observations` whose target is
the depth of the carbonate band, which is no stock: the package holds pH, clay and organic carbon, and no carbonate.
Ships no data. *Source:* Schmidinger et al. (2025), LimeSoDa; the band at 2515 cm-1, free of clay and organic
matter: Tatzber et al. (2007), doi:10.1002/jpln.200520591.
"""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.request import Kind
from eurosic.explain.observations import PH, Observations
from eurosic.explain.states import ALL

PACKAGE = "LimeSoDa"
BAND = "carbonate_band"
# Fields in Europe with mid-infrared reflectance; all others lack a signal of carbonate.
FIELDS = ("NRW.115", "NRW.62", "NRW.42", "O.32")
# cm-1; the band, and the shoulders between which its depth is measured.
_CENTRE, _SHOULDERS = 2515.0, (2450.0, 2650.0)
_NOTE = (
    "four fields in Germany and France; depth of the carbonate band at 2515 cm-1 in reflectance, "
    "a signal and no stock; no coordinates: a block is a field, so that one of four is left out at a time; pH as "
    "each laboratory measured it"
)


def infrared_fields() -> Observations:
    """Return the samples of the European fields with a mid-infrared spectrum.

    Raises
    ------
    InputError
        If the package is not installed.
    """
    package = _package()
    tables = [_field(package, name, number) for number, name in enumerate(FIELDS)]
    table = pd.concat(tables, ignore_index=True)
    return Observations(
        "infrared-fields",
        _NOTE,
        Kind.OBSERVED,
        table[[PH, "clay", "organic_carbon"]],
        table[[BAND]],
        # The package's own folds are spread over a field: neighbours would stand on both sides of a test.
        table["field"].to_numpy(dtype=np.int64),
        {ALL: np.ones(len(table), dtype=np.bool_)},
        {BAND: "1"},
    )


def band_depth(wavenumber: NDArray[np.float64], reflectance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much deeper reflectance is at 2515 cm-1 than between its shoulders, as a share, ``(sample,)``.

    Parameters
    ----------
    wavenumber, reflectance
        cm-1, ``(band,)``; any unit, ``(sample, band)``.

    Examples
    --------
    >>> band_depth(np.array([2450.0, 2515.0, 2650.0]), np.array([[50.0, 40.0, 50.0], [50.0, 50.0, 50.0]]))
    array([0.2, 0. ])
    """
    low, centre, high = (
        reflectance[:, np.abs(wavenumber - at).argmin()] for at in (_SHOULDERS[0], _CENTRE, _SHOULDERS[1])
    )
    share = (_CENTRE - _SHOULDERS[0]) / (_SHOULDERS[1] - _SHOULDERS[0])
    line = (1.0 - share) * low + share * high
    return np.asarray(1.0 - centre / line)


def _field(package: ModuleType, name: str, number: int) -> pd.DataFrame:
    table = package.load_dataset(name)["Dataset"]
    bands = [column for column in table if str(column).startswith("wn_")]
    wavenumber = np.array([float(str(column).removeprefix("wn_")) for column in bands])
    return pd.DataFrame(
        {
            PH: table["pH_target"].to_numpy(dtype=np.float64),
            "clay": table["Clay_target"].to_numpy(dtype=np.float64),
            "organic_carbon": table["SOC_target"].to_numpy(dtype=np.float64),
            BAND: band_depth(wavenumber, table[bands].to_numpy(dtype=np.float64)),
            "field": np.full(len(table), number),
        }
    )


def _package() -> ModuleType:
    try:
        return importlib.import_module(PACKAGE)
    except ModuleNotFoundError as error:
        raise InputError(
            PACKAGE,
            f"cannot be opened ({error})",
            wanted="its fields",
            do="pip install eurosic[observations]",
        ) from error
