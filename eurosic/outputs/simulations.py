"""The store of a simulation ensemble: one Zarr group in the words of `SCHEMA`, written batch by batch.

*Enters:* a `Layout` (how many simulations, years, depths, which variables), the arrays of each batch. *Leaves:* a
Zarr group and, until it is finished, a ledger beside it, so that a run that was killed is taken up where it
stopped; `open_ensemble` opens what is finished, lazily. Each chunk has one writer: a batch is a chunk.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from eurosic.base.errors import StoreError
from eurosic.base.grid import Tile
from eurosic.base.simulations import DESIGN_PREFIX, INGREDIENTS, SCHEMA
from eurosic.base.vocabulary import STANDARD_DEPTHS, Variable
from eurosic.outputs.ledger import Ledger, TileRecord, checksum, sweep
from eurosic.outputs.shard import write_shard

Arrays = Mapping[str, NDArray[np.generic]]

# Says what a Zarr group is; a change of the schema that readers must know of changes the number.
FORMAT = "eurosic simulation ensemble 1"
# A change in a year is a thousandth of the stock, which single precision would blur.
_DOUBLE = ("sic", "calcium_store", "alkalinity_store")
_WHOLE = {"trajectory": "int8", "converged": "int8", "column": "int32"}


@dataclass(frozen=True)
class Layout:
    """What an ensemble promises.

    Parameters
    ----------
    simulations, years
        Numbers; the axis of years has one more, the state at the start.
    batch
        Simulations that are written at once.
    names
        Variables of `SCHEMA` that it holds.
    attributes
        Of the group: title, engine, versions, seed and what else tells where it comes from.
    own
        Attributes of variables that are not in the schema, by name.
    """

    simulations: int
    years: int
    batch: int
    names: tuple[str, ...]
    attributes: Mapping[str, object]
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def ledger_of(path: Path, digest: str) -> Ledger:
    """Return the ledger beside an unfinished ensemble."""
    return Ledger(path.with_name(f"{path.name}.ledger"), digest)


def state_of(path: Path, digest: str) -> str:
    """Return whether the ensemble of a digest is ``absent``, ``begun`` or ``finished`` at `path`.

    Raises
    ------
    StoreError
        If something else lies there.
    """
    if not path.exists():
        return "absent"
    found = _attributes(path)
    if found.get("format") == FORMAT and "digest" not in found:
        return "absent"  # cut off while its metadata were written
    if found.get("digest") != digest:
        raise StoreError(
            str(path),
            "holds another ensemble, or something else",
            wanted="no such folder, or the ensemble of this very recipe, table, engine and version",
            do="Choose another --out; nothing was changed.",
        )
    return "finished" if found.get("finished") else "begun"


def create_ensemble(path: Path, layout: Layout, fixed: Arrays, *, digest: str) -> None:
    """Write the metadata of every array, coordinates and what is `fixed` ``(simulation, ...)``.

    The digest comes last: what was cut off before is made again.
    """
    shutil.rmtree(ledger_of(path, digest).folder, ignore_errors=True)
    group = zarr.create_group(path, overwrite=True, attributes={"format": FORMAT})
    depths = np.array(STANDARD_DEPTHS)
    axes = {
        "simulation": np.arange(layout.simulations),
        "year": np.arange(layout.years + 1),
        "depth": depths.mean(axis=1),
    }
    for name, values in axes.items():
        _create(group, name, (name,), values.shape, dtype=values.dtype)[:] = values
    group["year"].attrs.update(long_name="years since the start; 0 is the state at the start")
    group["depth"].attrs.update(units="m", long_name="middle of the standard depth", positive="down")
    for name, values in zip(("depth_top", "depth_bottom"), depths.T, strict=True):
        _create(group, name, ("depth",), values.shape, dtype=values.dtype)[:] = values
        group[name].attrs.update(units="m", long_name=f"{name[6:]} limit of the standard depth")
    sizes = {"simulation": layout.simulations, "year": layout.years + 1, "depth": len(depths)}
    for name in layout.names:
        member = SCHEMA[name]
        shape, chunks = (
            tuple(of[dim] for dim in member.dims) for of in (sizes, {**sizes, "simulation": layout.batch})
        )
        array = _create(group, name, member.dims, shape, chunks=chunks, dtype=_dtype(name))
        array.attrs.update(_attributes_of(member.variable, required=member.required))
    for name, values in fixed.items():
        if name not in layout.names:
            array = _create(group, name, ("simulation",), values.shape, dtype=values.dtype)
            array.attrs.update(layout.own.get(name, {}) or _ingredient_attributes(name))
        group[name][...] = values
    group.attrs.update({**layout.attributes, "finished": False, "digest": digest})


def finish_ensemble(path: Path, **attributes: object) -> None:
    """Say that an ensemble is finished, and remove the ledger beside it and what killed processes left."""
    sweep(path)
    zarr.open_group(path, mode="r+").attrs.update({**attributes, "finished": True})
    shutil.rmtree(ledger_of(path, "").folder, ignore_errors=True)


def open_ensemble(path: str | Path) -> xr.Dataset:
    """Return a finished simulation ensemble, lazily: dimensions simulation, year and depth.

    Raises
    ------
    StoreError
        If there is none at `path`, or it is not finished.
    """
    found = _attributes(Path(path))
    if found.get("format") != FORMAT:
        raise StoreError(
            str(path),
            "is no simulation ensemble",
            wanted=f"a Zarr group of format {FORMAT!r}, as `eurosic simulate --out` writes it",
            do="Check the path.",
        )
    if not found.get("finished"):
        raise StoreError(
            str(path),
            "is not finished",
            do="Give the command that makes it again: finished batches are kept.",
        )
    opened: xr.Dataset = xr.open_zarr(Path(path), consolidated=False)
    return opened.set_coords(["depth_top", "depth_bottom"])


@dataclass(frozen=True)
class BatchWriter:
    """Writes the arrays of a batch to an ensemble and records it; picklable."""

    path: Path
    ledger: Ledger

    def write(
        self, batch: Tile, arrays: Arrays, *, seconds: float, reasons: Mapping[str, int] | None = None
    ) -> int:
        """Write a batch, make it durable, record it, and return how many of its simulations failed.

        Raises
        ------
        StoreError
            If the disk is full or cannot be written; finished batches are kept.
        """
        failed = int(np.count_nonzero(~np.asarray(arrays["converged"], dtype=bool)))
        try:
            for name, values in arrays.items():
                self._write_region(name, batch, values)
            sums = {name: checksum(values) for name, values in arrays.items()}
            place = (batch.index, batch.start, batch.stop, self.ledger.digest)
            self.ledger.record(TileRecord(*place, sums, failed, seconds, 0, dict(reasons or {})))
        except OSError as error:
            raise StoreError(
                str(self.path),
                f"batch {batch.index} could not be written ({error.strerror or error})",
                wanted="a disk with room that may be written",
                do="Make room or correct the permissions, then give the same command: finished batches are kept.",
            ) from error
        return failed

    def _write_region(self, name: str, batch: Tile, values: NDArray[np.generic]) -> None:
        place = (batch.index, *(0,) * (values.ndim - 1))
        write_shard(self.path / name, place, values, region=(batch.cells,))


def _create(
    group: zarr.Group,
    name: str,
    dims: tuple[str, ...],
    shape: tuple[int, ...],
    *,
    dtype: object,
    chunks: tuple[int, ...] | None = None,
) -> zarr.Array:
    made = np.dtype(str(dtype))
    fill = np.nan if made.kind == "f" else None
    return group.create_array(
        name, shape=shape, dtype=made, chunks=chunks or shape, dimension_names=dims, fill_value=fill
    )


def _dtype(name: str) -> str:
    if name in _WHOLE:
        return _WHOLE[name]
    return "float64" if name in _DOUBLE else "float32"


def _attributes_of(variable: Variable, *, required: bool) -> dict[str, object]:
    told: dict[str, object] = {"units": variable.unit, "long_name": variable.long_name, "time": variable.time}
    if variable.comment:
        told["comment"] = variable.comment
    if variable.flags:
        told["flag_values"] = list(range(len(variable.flags)))
        told["flag_meanings"] = " ".join(variable.flags)
    return told | {"required": required}


def _ingredient_attributes(name: str) -> dict[str, str]:
    variable = INGREDIENTS.get(name.removeprefix(DESIGN_PREFIX))
    return {"units": variable.unit, "long_name": variable.long_name} if variable else {}


def _attributes(path: Path) -> dict[str, object]:
    if not (path / "zarr.json").is_file():
        return {}
    return dict(zarr.open_group(path, mode="r").attrs.asdict())
