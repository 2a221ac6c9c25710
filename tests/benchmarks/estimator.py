"""The kernel of a case as a regressor of scikit-learn, as sklearn-raster and dask-ml take one (extra `bench`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin

if TYPE_CHECKING:
    from tests.benchmarks.ways import Kernel


class KernelRegressor(RegressorMixin, BaseEstimator):
    """Predicts with a kernel that was trained elsewhere; `records` gives one record a row instead of many numbers."""

    def __init__(self, kernel: Kernel, records: bool = False) -> None:
        """Keep the kernel."""
        self.kernel = kernel
        self.records = records

    def __sklearn_clone__(self) -> KernelRegressor:
        """Return itself: a trained network is no parameter to be copied."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Return True: it was trained elsewhere."""
        return True

    def fit(self, X: NDArray[np.float32], y: NDArray[np.float32] | None = None) -> KernelRegressor:
        """Return itself."""
        return self

    def as_records(self) -> KernelRegressor:
        """Return one that gives a record a row."""
        return KernelRegressor(self.kernel, records=True)

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.generic]:
        """Return the outputs of every row; NaN where a row has no features."""
        found = self.kernel.masked(np.asarray(X, np.float32))
        if not self.records:
            return found
        record = np.dtype([("y", np.float32, (self.kernel.outputs,))])
        return np.ascontiguousarray(found).view(record)[:, 0]
