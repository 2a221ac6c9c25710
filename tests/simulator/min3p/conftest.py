"""Fixtures of the MIN3P tests: the development runs, where there are any."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import xarray as xr


@pytest.fixture(scope="session")
def min3p_data(shared_data: Path) -> Path:
    """Folder of the MIN3P runs, or a skip that says why."""
    folder = shared_data / "min3p"
    if not folder.is_dir():
        pytest.skip(f"MIN3P runs absent: no {folder}")
    return folder


@pytest.fixture(scope="session")
def awkward(min3p_data: Path) -> Path:
    """Folder of the awkward cases."""
    return min3p_data / "awkward"


@pytest.fixture(scope="session")
def parameters(min3p_data: Path) -> pd.DataFrame:
    """Parameters of the development runs."""
    return pd.read_csv(min3p_data / "parameters_dev.csv", comment="#", index_col=0)


@pytest.fixture(scope="session")
def ensemble_dev(min3p_data: Path) -> xr.Dataset:
    """The development runs as others packed them."""
    return xr.load_dataset(min3p_data / "ensemble_dev.nc")
