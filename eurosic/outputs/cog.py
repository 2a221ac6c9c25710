"""Cloud-optimised GeoTIFFs of a projection: one per variable and pathway, a band for each reported year.

*Enters:* the lazy cube, the files that are planned. *Leaves:* finished files and their manifest, each file whole or
absent. One block of the grid, with all its years, is in memory at a time. Must not compute anything: values are
those of the cube, read back and compared before a file gets its name. *Source:* OUTPUTS.md, section COG.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import google_crc32c
import numpy as np
import rasterio
import rasterio.shutil
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window

from eurosic.base.errors import StoreError
from eurosic.outputs.cog_words import CogFile, describe
from eurosic.outputs.manifest import Manifest, claimed, unwritten

# Blocks of the file; a multiple of the cube's own squares would unpack them more than once.
_BLOCK = 512
# What GDAL keeps unpacked while it copies, MB; its own default is a twentieth of the machine's memory.
_CACHE_MB = 128
# Flags are written unsigned: GDAL before 3.7, that of Debian 12's QGIS among them, knows no signed byte.
FLAG_NODATA = 255


def export_cog(
    cube: xr.Dataset, files: Sequence[CogFile], *, done: Callable[[int], None] = lambda _: None
) -> list[Path]:
    """Write the files of `plan_cogs` that are not finished yet, and return the paths of all.

    `done` is called with the number of files finished, after each.

    Raises
    ------
    StoreError
        If a file of that name is not of this run (nothing is then written), another process exports there, or the
        disk does not take or give back what was written.
    """
    if not files:
        return []
    with claimed(files[0].path.parent) as scratch:
        manifest = Manifest.read(files[0].path.parent)
        pending = [file for file in files if not _is_complete(file, cube, manifest)]
        for count, file in enumerate(pending, len(files) - len(pending) + 1):
            _write(cube, file, scratch)
            manifest.record(file.path.name, file.digest)
            done(count)
    return [file.path for file in files]


def _is_complete(file: CogFile, cube: xr.Dataset, manifest: Manifest) -> bool:
    """Return whether a file is there and finished; raise where another's file has its name."""
    if manifest.finished(file.path.name, file.digest):
        return True
    if not file.path.exists():
        return False
    try:
        with rasterio.open(file.path) as found:
            tags = found.tags()
    except RasterioError:
        tags = {}
    if not tags.get("export_digest") or tags.get("recipe_digest", "") != str(
        cube.attrs.get("recipe_digest", "")
    ):
        raise StoreError(
            str(file.path),
            "a file of this name is there and does not belong to this run",
            wanted="an absent file, or one that this recipe wrote",
            do="Move it away, or export to another folder.",
        )
    # A file that a killed export moved into place but had no time to record; recorded ones of another length are cut.
    if tags["export_digest"] == file.digest and file.path.name not in manifest.entries:
        manifest.record(file.path.name, file.digest)
        return True
    return False


def _write(cube: xr.Dataset, file: CogFile, scratch: Path) -> None:
    plain, cog = scratch / "plain.tif", scratch / file.path.name
    with rasterio.Env(GDAL_CACHEMAX=_CACHE_MB, GDAL_TIFF_INTERNAL_MASK=False, GDAL_PAM_ENABLED=False):
        try:
            written = _write_plain(cube, file, plain)
            _copy(plain, cog, flags=file.flags)
            kept = _checksum(cog)
        # GDAL has its own errors for a full disk, of many classes; all of them mean that there is no file.
        except (RasterioError, RuntimeError) as error:
            raise unwritten(file.path, str(error)) from error
    plain.unlink()
    if written != kept:
        raise unwritten(file.path, "what is read back differs from what was written")
    with cog.open("rb") as whole:
        os.fsync(whole.fileno())
    cog.replace(file.path)


def _write_plain(cube: xr.Dataset, file: CogFile, path: Path) -> int:
    """Write a plain tiled file block by block, and return the checksum of its values."""
    reference = cube.coords["spatial_ref"].attrs
    west, width, _, north, _, height = (float(v) for v in reference["GeoTransform"].split())
    values = cube[file.name]
    if file.years:
        values = values.sel(pathway=file.pathway, year=list(file.years))
    crs = CRS.from_wkt(reference["crs_wkt"])
    limits = (west, north + height * cube.sizes["y"], west + width * cube.sizes["x"], north)
    checksum = 0
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=cube.sizes["x"],
        height=cube.sizes["y"],
        count=file.bands,
        dtype="uint8" if file.flags else "float32",
        nodata=FLAG_NODATA if file.flags else np.nan,
        crs=rasterio.crs.CRS.from_wkt(crs.to_wkt()),
        transform=Affine(width, 0.0, west, 0.0, height, north),
        tiled=True,
        blockxsize=_BLOCK,
        blockysize=_BLOCK,
        # Overviews are made band by band: of blocks that hold all years, each would be packed once a year.
        interleave="band",
        compress="deflate",
        zlevel=1,
        bigtiff="if_safer",
        sparse_ok=True,
    ) as target:
        for window in _windows(cube.sizes["y"], cube.sizes["x"]):
            rows, columns = window.toslices()
            block = _coded(values.isel(y=rows, x=columns).values, flags=file.flags)
            target.write(block.reshape(file.bands, *block.shape[-2:]), window=window)
            checksum = google_crc32c.extend(checksum, _plain_bytes(block))
        describe(target, cube, file, limits=limits)
    return checksum


def _windows(rows: int, columns: int) -> Iterator[Window]:
    for top in range(0, rows, _BLOCK):
        for left in range(0, columns, _BLOCK):
            yield Window(left, top, min(_BLOCK, columns - left), min(_BLOCK, rows - top))


def _coded(values: NDArray[np.generic], *, flags: bool) -> NDArray[np.generic]:
    if not flags:
        return values.astype(np.float32, copy=False)
    codes = values.astype(np.int16)
    return np.where(codes < 0, FLAG_NODATA, codes).astype(np.uint8)


def _plain_bytes(block: NDArray[np.generic]) -> bytes:
    # Every NaN is one NaN: blocks without any value come back as the file's own.
    if block.dtype.kind == "f":
        block = np.where(np.isnan(block.astype(np.float32)), np.float32(np.nan), block)
    return np.ascontiguousarray(block).tobytes()


def _checksum(path: Path) -> int:
    checksum = 0
    with rasterio.open(path) as source:
        for window in _windows(source.height, source.width):
            checksum = google_crc32c.extend(checksum, _plain_bytes(source.read(window=window)))
    return checksum


def _copy(plain: Path, cog: Path, *, flags: bool) -> None:
    """Copy a plain file into a cloud-optimised one, with overviews and statistics."""
    rasterio.shutil.copy(
        plain,
        cog,
        driver="COG",
        COMPRESS="DEFLATE",
        LEVEL=6,
        # The difference of floating-point neighbours, byte by byte, packs best; codes are packed as they are.
        PREDICTOR="NO" if flags else "FLOATING_POINT",
        BLOCKSIZE=_BLOCK,
        # The mean of codes is no code.
        OVERVIEW_RESAMPLING="MODE" if flags else "AVERAGE",
        STATISTICS="YES",
        BIGTIFF="IF_SAFER",
        SPARSE_OK=True,
    )
