"""The files of totals by polygon: where they go, of which polygons they are, and that none takes another's place.

*Enters:* the folder of a run, a file of polygons, what the user asked for. *Leaves:* paths that may be written, the
digest of the polygons. Must not write.
"""

from __future__ import annotations

import glob
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from eurosic.base.errors import InputError, StoreError
from eurosic.base.provenance import digest_of, file_digest

# What decides shapes, names and projection of a Shapefile.
_SHAPEFILE = (".shp", ".dbf", ".prj", ".cpg")


@dataclass(frozen=True)
class Into:
    """Where totals go: the CSV `out` with the GeoPackage beside it, or into the run's folder by the polygons' name.

    `replace` lets them take the place of totals over other polygons.
    """

    out: Path | None = None
    replace: bool = False

    def paths(self, folder: Path, by: Path) -> tuple[Path, Path]:
        """Return the CSV and the GeoPackage.

        Raises
        ------
        InputError
            If `out` is no CSV in a folder that is there, or one of them is the file of the polygons.
        """
        csv = self.out or folder / f"totals_by_{by.stem}.csv"
        if csv.suffix != ".csv" or not csv.parent.is_dir():
            raise InputError(
                str(csv), "cannot be written", wanted="a file that ends in .csv, in a folder that is there"
            )
        found = csv, csv.with_suffix(".gpkg")
        if by.resolve() in {path.resolve() for path in found}:
            raise InputError(
                str(by),
                "would be overwritten by its own totals",
                wanted="another name",
                do="Choose another --out.",
            )
        return found

    def check(self, paths: tuple[Path, Path], source: str) -> None:
        """Raise `StoreError` if totals over other polygons lie there, and must not be replaced."""
        there = [path for path in paths if path.exists()]
        if self.replace or not there or _head_says(paths[0], source):
            return
        raise StoreError(
            str(there[0]),
            "holds totals over other polygons, or names them by another field",
            wanted=source,
            do="Say --replace to give them up, or choose another file with --out; nothing was changed.",
        )


def digest_of_polygons(by: Path) -> str:
    """Return the SHA-256 of a file of polygons; of a Shapefile, that of the digests of all that is read of it."""
    if by.suffix.lower() != ".shp":
        return file_digest(by)
    parts = [
        path
        for path in sorted(by.parent.glob(f"{glob.escape(by.stem)}.*"))
        if path.suffix.lower() in _SHAPEFILE
    ]
    return digest_of([file_digest(path) for path in parts])


def _head_says(csv: Path, source: str) -> bool:
    """Return whether the comment lines of a CSV name this source."""
    if not csv.is_file():
        return False
    with csv.open(encoding="utf-8", errors="replace") as lines:
        return any(
            line.rstrip().endswith(source) for line in takewhile(lambda line: line.startswith("#"), lines)
        )
