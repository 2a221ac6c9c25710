"""Ways to project one case: the engine, and its peers as their pages show them, on one Dask client.

Every way is given the same function of rows, `Kernel`: the forcing, one member of the emulator in micro-batches, and
the reported years. All write float32 to Zarr with the same codec; the engine also writes status, stocks and totals.
What a peer does not offer is done for it in its favour: missing cells are left out where a mask is possible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr
import zarr
from distributed import Client
from numpy.typing import NDArray

from eurosic.base.grid import Tile, tiles_of
from eurosic.inputs.forcing import Forcing
from eurosic.projection.project import project_tiles
from eurosic.projection.template import CODEC
from tests.benchmarks.case import Case, OneMember, feature_slices

Single = NDArray[np.float32]
# Cells that go to the predictor at once, as the engine's batches do: whole micro-batches.
_BATCH = 2048


@dataclass(frozen=True)
class Kernel:
    """From rows of features ``(cell, feature)`` to ``(cell, output)``: pathway, year and target side by side."""

    forcing: Forcing
    predictor: OneMember
    slices: dict[str, tuple[int, tuple[int, ...]]]
    reported: tuple[int, ...]
    types: dict[str, str]

    @property
    def outputs(self) -> int:
        """Number of outputs of a cell."""
        return len(self.forcing.pathways) * len(self.reported) * len(self.predictor.signature.targets)

    def __call__(self, features: Single) -> Single:
        """Return the outputs of every row."""
        starts = range(0, len(features), _BATCH)
        parts = [self._batch(features[start : start + _BATCH]) for start in starts]
        return np.concatenate(parts) if parts else np.empty((0, self.outputs), np.float32)

    def _batch(self, features: Single) -> Single:
        rows = {}
        for name, (first, axes) in self.slices.items():
            part = features[:, first : first + int(np.prod(axes, dtype=int))]
            rows[name] = part.reshape(len(features), *axes).astype(self.types[name])
        columns = self.forcing(rows, self.predictor.signature)
        values = self.predictor.predict(columns).values[:, :, list(self.reported)]
        # Pathways of the case are variants, each on all of the area.
        return np.moveaxis(values, 1, 0).reshape(len(features), -1).astype(np.float32)

    def masked(self, features: Single) -> Single:
        """Return the outputs of every row that has features, and NaN elsewhere."""
        known = np.isfinite(features[:, 0])
        found = np.full((len(features), self.outputs), np.nan, np.float32)
        found[known] = self(features[known])
        return found

    def everywhere(self, features: Single) -> Single:
        """Return the outputs of every row, as if a middling soil were where none is; NaN there afterwards."""
        known = np.isfinite(features[:, 0])
        filled = np.where(known[:, None], features, self.middling)
        return np.where(known[:, None], self(filled), np.float32(np.nan))

    @property
    def middling(self) -> Single:
        """Features of one cell that is legal."""
        return _MIDDLING[tuple(self.slices)]


# Legal features, by the columns that they stand for; filled where a kernel is made, and in workers by `remember`.
_MIDDLING: dict[tuple[str, ...], Single] = {}


def remember(names: tuple[str, ...], features: Single) -> None:
    """Keep legal features in this process, for cells that have none."""
    _MIDDLING[names] = features


def kernel_of(case: Case) -> Kernel:
    """Return the function of rows of a case."""
    first = case.table.rows(Tile(0, 0, 1))
    slices = feature_slices(first)
    reported = tuple(year - case.setup.recipe.start_year for year in case.setup.recipe.projection.years)
    types = {name: str(first[name].dtype) for name in slices}
    legal = np.concatenate([first[name].reshape(1, -1) for name in slices], axis=1).astype(np.float32)
    remember(tuple(slices), legal)
    return Kernel(case.forcing, OneMember(), slices, reported, types)


def engine(case: Case, out: Path, client: Client) -> None:
    """One task a tile of the cell table."""
    for _ in project_tiles(case.task(out), list(tiles_of(case.cells, case.extent.tile)), client):
        pass


def _ufunc(function: Callable[[Kernel], Callable[[Single], Single]], case: Case, out: Path) -> None:
    kernel = kernel_of(case)
    dense = xr.open_zarr(case.dense, consolidated=False)["X"]
    made = xr.apply_ufunc(
        partial(_on_last_axis, function(kernel)),
        dense,
        input_core_dims=[["feature"]],
        output_core_dims=[["output"]],
        dask="parallelized",
        output_dtypes=[np.float32],
        dask_gufunc_kwargs={"output_sizes": {"output": kernel.outputs}},
    ).transpose("output", "y", "x")
    _to_zarr(made, out)


def _on_last_axis(function: Callable[[Single], Single], block: Single) -> Single:
    return function(block.reshape(-1, block.shape[-1])).reshape(*block.shape[:-1], -1)


def _to_zarr(made: xr.DataArray, out: Path) -> None:
    encoding = {"y": {"compressors": [CODEC]}}
    made.to_dataset(name="y").to_zarr(out / "y.zarr", encoding=encoding, consolidated=False, zarr_format=3)


def naive(case: Case, out: Path, client: Client) -> None:
    """`xarray.apply_ufunc` on every cell of the raster, study cell or not."""
    _ufunc(lambda kernel: kernel.everywhere, case, out)


def masked(case: Case, out: Path, client: Client) -> None:
    """`xarray.apply_ufunc` with a mask in the block."""
    _ufunc(lambda kernel: kernel.masked, case, out)


def _estimator(kernel: Kernel) -> object:
    """The kernel as a regressor of scikit-learn, fitted by being made."""
    from tests.benchmarks.estimator import KernelRegressor  # noqa: PLC0415 - an optional library

    return KernelRegressor(kernel)


def sklearn_raster(case: Case, out: Path, client: Client) -> None:
    """sklearn-raster: a regressor over a raster of features, missing cells skipped."""
    from sklearn_raster import FeatureArrayEstimator  # noqa: PLC0415 - an optional library

    kernel = kernel_of(case)
    few = np.repeat(kernel.middling, 2, axis=0)
    model = FeatureArrayEstimator(_estimator(kernel)).fit(few, np.zeros((2, kernel.outputs), np.float32))
    dense = xr.open_zarr(case.dense, consolidated=False)["X"].rename(feature="variable")
    # It promises float64 for every regressor; what is stored is float32, as by the others.
    how = {"check_output_for_nodata": False, "ensure_min_samples": 0, "allow_cast": True}
    _to_zarr(model.predict(dense, **how).astype(np.float32), out)


def dask_ml(case: Case, out: Path, client: Client) -> None:
    """dask-ml: `ParallelPostFit` over blocks of rows, each block a square of the raster, missing cells skipped."""
    import dask.array as da  # noqa: PLC0415
    from dask_ml.wrappers import ParallelPostFit  # noqa: PLC0415 - an optional library

    kernel = kernel_of(case)
    # Its `predict` gives one value a row: a record of all outputs is one value.
    record = np.dtype([("y", np.float32, (kernel.outputs,))])
    model = ParallelPostFit(_estimator(kernel).as_records(), predict_meta=np.empty(0, record))
    dense = da.from_zarr(zarr.open_array(case.dense / "X", mode="r"))
    side = dense.chunks[1][0]
    rows = []
    for band in range(dense.numblocks[1]):
        blocks = []
        for place in range(dense.numblocks[2]):
            block = dense.blocks[0, band, place]
            flat = block.reshape(block.shape[0], -1).T
            done = model.predict(flat.rechunk({1: -1}))
            values = done.map_blocks(
                _values_of, new_axis=1, chunks=(done.chunks[0], (kernel.outputs,)), dtype=np.float32
            )
            blocks.append(values.T.reshape(kernel.outputs, *block.shape[1:]))
        rows.append(da.concatenate(blocks, axis=2))
    made = xr.DataArray(da.concatenate(rows, axis=1), dims=("output", "y", "x"))
    _to_zarr(made.chunk({"output": -1, "y": side, "x": side}), out)


def _values_of(records: NDArray[np.void]) -> Single:
    return records["y"]


def cubed(case: Case, out: Path, client: Client) -> None:
    """cubed: `map_blocks` from Zarr to Zarr within a stated memory, missing cells skipped."""
    import cubed as library  # noqa: PLC0415 - an optional library
    from cubed.runtime.executors import dask as on_dask  # noqa: PLC0415

    # It asks for the workers' memory in a way that distributed of 2026 answers with no workers (cubed 0.27.0).
    on_dask.check_runtime_memory = lambda spec, client: None
    kernel = kernel_of(case)
    executor = on_dask.DaskExecutor(compute_kwargs={"address": client.scheduler.address})
    spec = library.Spec(
        work_dir=str(out / "work"), allowed_mem="4GB", reserved_mem="500MB", executor=executor
    )
    dense = library.from_zarr(str(case.dense), path="X", spec=spec)
    chunks = ((kernel.outputs,), *dense.chunks[1:])
    made = library.map_blocks(partial(_on_first_axis, kernel), dense, dtype=np.float32, chunks=chunks)
    library.to_zarr(made, str(out / "y.zarr"), path="y", executor=executor)


def _on_first_axis(kernel: Kernel, block: Single) -> Single:
    flat = np.asarray(block).reshape(block.shape[0], -1).T
    return kernel.masked(flat).T.reshape(-1, *block.shape[1:])


WAYS: dict[str, Callable[[Case, Path, Client], None]] = {
    "engine": engine,
    "apply_ufunc on every cell": naive,
    "apply_ufunc with a mask": masked,
    "sklearn-raster": sklearn_raster,
    "dask-ml": dask_ml,
    "cubed": cubed,
}
