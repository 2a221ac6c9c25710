"""Law: the public names are those of the table of contents, each is found, and importing the package is light."""

from __future__ import annotations

import subprocess
import sys

import pytest

import eurosic


@pytest.mark.parametrize("name", eurosic.__all__)
def test_a_public_name_is_found(name):
    """Every promised name leads to an object with a docstring."""
    assert getattr(eurosic, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    """The package behaves like any module."""
    with pytest.raises(AttributeError, match="no attribute 'open_projektion'"):
        eurosic.open_projektion  # noqa: B018


def test_importing_the_package_imports_no_heavy_library():
    """`import eurosic` is instant."""
    code = "import eurosic, sys; print([m for m in ('dask', 'numba', 'xarray', 'zarr') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
