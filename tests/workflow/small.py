"""A recipe on the embedded data that walks the whole way in seconds, and what its store holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
import yaml

ROOT = Path(__file__).resolve().parents[2]


def small_recipe(folder: Path, *, tile: int = 16, name: str = "small", **changes: object) -> Path:
    """Write the quickstart on Hungary and Austria at 50 km, three years, three pathways; return its path."""
    recipe = yaml.safe_load((ROOT / "recipes" / "quickstart.yaml").read_text())
    recipe["grid"] = {"resolution": "50 km", "extent": {"countries": ["HU", "AT", "RO", "BG", "ES"]}}
    recipe["projection"] = {"years": "2020-2024 step 2", "tile": f"{tile} cells", "spin_up": "3 years"}
    recipe["outputs"] = {}
    # The simulator: what is tried here is the walk; recipes with the emulator are smoked as they are.
    recipe["predictor"] = "simulator"
    kept = ("baseline", "f2f_input", "zero_now")
    recipe["pathways"] = {key: value for key, value in recipe["pathways"].items() if key in kept}
    recipe["pathways"]["same"] = {"ramp": {"mineral": "0 %", "from": 2020, "to": 2021}, "nue": "constant NUE"}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({**recipe, **changes}))
    return path


def stored(folder: Path) -> xr.Dataset:
    """Return all that a run stored, loaded; totals summed, because tiles differ where their size does."""
    store = xr.open_zarr(folder / "projection.zarr", consolidated=False, chunks=None).load()
    by_tile = [name for name in ("total", "total_area", "member_total") if name in store]
    return store.drop_vars(by_tile).assign(store[by_tile].sum("tile")).drop_attrs()


def assert_same_run(one: xr.Dataset, other: xr.Dataset) -> None:
    """Assert that two runs hold equal values: bit for bit in cells, to rounding in sums."""
    assert set(one.variables) == set(other.variables)
    for name in one.variables:
        if name == "member_total":
            # Deviations of members nearly cancel: their rounding is that of the totals.
            np.testing.assert_allclose(one[name], other[name], rtol=1e-6, atol=1.0)
        elif name in ("total", "total_area"):
            np.testing.assert_allclose(one[name], other[name], rtol=1e-12)
        else:
            np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=str(name))
