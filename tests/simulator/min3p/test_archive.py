"""Law: all 300 development runs are read, whole and balanced, and equal what others read of them."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pandas as pd
import pytest
import xarray as xr

from eurosic.simulator.min3p.read import dataset_of_run
from tests.simulator.min3p.test_deck_write import check_deck
from tests.simulator.min3p.test_read import check_against_ensemble


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Give a stream of the tar in a ``.tar.zst``, by the system's zstd or the package zstandard."""
    program = shutil.which("zstd")
    if program is None:
        zstandard = pytest.importorskip(
            "zstandard", reason="neither zstd nor the package zstandard is installed"
        )
        with path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as stream:
            yield stream
        return
    with subprocess.Popen([program, "-dc", str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout


def _runs(stream: IO[bytes], folder: Path) -> Iterator[Path]:
    """Unpack one run at a time into a folder that is emptied before the next: the archive holds 940 MB."""
    place: Path | None = None
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            path = Path(member.name)
            content = archive.extractfile(member) if member.isfile() else None
            if content is None or len(path.parts) < 3:
                continue  # folders, and what lies beside the runs
            if place is not None and place.name != path.parent.name:
                yield place
                shutil.rmtree(place)
            place = folder / path.parent.name
            place.mkdir(exist_ok=True)
            (place / path.name).write_bytes(content.read())
    if place is not None:
        yield place


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_packed_300_runs_are_read(
    min3p_data: Path, ensemble_dev: xr.Dataset, parameters: pd.DataFrame, tmp_path: Path
) -> None:
    """Golden: every run complete, balanced, without a warning, equal to ensemble_dev.nc; every deck made again."""
    names, files, seconds = [], 0, 0.0
    with _unpacked(min3p_data / "dev.tar.zst") as stream:
        for place in _runs(stream, tmp_path):
            began = time.perf_counter()
            run = dataset_of_run(place)
            seconds += time.perf_counter() - began
            assert run.attrs["warnings"] == [], place.name
            assert (run.attrs["complete"], run.attrs["balance"]) == (1, "ok"), place.name
            check_against_ensemble(run, ensemble_dev.sel(run=place.name))
            check_deck((place / f"{place.name}.dat").read_text(), parameters.loc[place.name])
            names.append(place.name)
            files += run.attrs["files_read"]
    assert sorted(names) == sorted(ensemble_dev["run"].values.tolist())
    assert files > 99_000
    # Reading alone; the promise is six minutes on one core.
    assert seconds < 360
    print(f"\n{files} files of {len(names)} runs read in {seconds:.1f} s")  # noqa: T201 - shown with -s
