"""The catalog of named sources: name -> what it is and where it lies.

*Enters:* the catalog files of the package and a user's own. *Leaves:* a `Catalog` of checked `Source`s, and
the files of one of them in a data folder. It must not read the data (`readers` does) nor the environment:
the data folder is passed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from eurosic.base.errors import CatalogError
from eurosic.inputs.source import Source, did_you_mean, source_from

# Paths of shipped sources are relative to the package `eurosic`.
SHIPPED = Path(__file__).parents[1]
_MONTHS = range(1, 13)


@dataclass(frozen=True)
class Catalog:
    """All sources that a recipe can name."""

    sources: Mapping[str, Source]

    def source(self, name: str) -> Source:
        """Return the source of a name.

        Raises
        ------
        CatalogError
            If there is none; the nearest is named.
        """
        if name not in self.sources:
            raise CatalogError(
                f"source {name!r}",
                "is not in the catalog",
                do=did_you_mean(name, tuple(self.sources)) or "Add an entry to a catalog of your own.",
            )
        return self.sources[name]

    def giving(self, word: str) -> tuple[str, ...]:
        """Return the names of all sources that give a layer."""
        return tuple(name for name, source in self.sources.items() if word in source.gives)

    def locate(self, source: Source, data: Path | None) -> tuple[Path, ...]:
        """Return the files of a source, in the order of months, parts or years.

        Shipped sources lie in this package, all others in the folder `data`.

        Raises
        ------
        CatalogError
            If there is no data folder, or a file is absent or not what its format wants.
        """
        if not source.shipped and data is None:
            raise CatalogError(
                source.where,
                f"lies in a data folder ({source.path}), and none was given",
                do="Give it with --data DIR or the environment variable EUROSIC_DATA.",
            )
        # The second condition never decides, but tells the type checker that `data` is a path from here on.
        folder = SHIPPED if source.shipped or data is None else data
        found = tuple(_expanded(source, folder))
        absent = [path for path in found if not path.exists()]
        if absent:
            more = f" (nor {len(absent) - 1} more of it)" if len(absent) > 1 else ""
            raise CatalogError(
                source.where,
                f"no file {absent[0]}{more}",
                do=f"Put it there: {source.title or source.citation}; or name another source of "
                f"{', '.join(source.gives)}.",
            )
        for path in found:
            _check_container(source, path)
        return found


def _expanded(source: Source, folder: Path) -> Iterator[Path]:
    # Order matters: files are stacked as they come.
    if "{month" in source.path:
        yield from (folder / source.path.format(month=month) for month in _MONTHS)
    elif "{part}" in source.path:
        yield from (folder / source.path.format(part=part) for part in source.parts)
    elif "{year}" in source.path:
        years = _files_of_years(source, folder)
        # Where no year is found, the pattern itself is the path that the error names.
        yield from years.values() if years else (folder / source.path,)
    else:
        yield folder / source.path


def years_of(source: Source, files: tuple[Path, ...]) -> tuple[int, ...]:
    """Return the years of the files of a source whose path holds ``{year}``."""
    return tuple(_files_of_years(source, _root(source, files[0])))


def _root(source: Source, file: Path) -> Path:
    # The pattern may hold folders; as many of them lie between the file and the data folder.
    return file.parents[source.path.count("/")]


def _files_of_years(source: Source, folder: Path) -> dict[int, Path]:
    before, after = (re.escape(part) for part in source.path.split("{year}"))
    pattern = re.compile(rf"{before}(\d{{4}}){after}")
    found = {}
    # A glob star matches more than a year: clay_old.tif is no clay of a year.
    for path in folder.glob(source.path.replace("{year}", "*")):
        match = pattern.fullmatch(path.relative_to(folder).as_posix())
        if match:
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def _check_container(source: Source, path: Path) -> None:
    # A Zarr store is a folder; everything else that eurosic reads is a file.
    if path.is_dir() != (source.format == "zarr"):
        wanted = "a Zarr folder" if source.format == "zarr" else f"a {source.format} file"
        came = "a folder" if path.is_dir() else "a file"
        raise CatalogError(
            source.where, f"{path} is {came}", wanted=wanted, do="Correct the entry's path or format."
        )


def load_catalog(extra: Path | None = None) -> Catalog:
    """Return the catalog of the package, with the entries of a user's file `extra` beside its own.

    Raises
    ------
    CatalogError
        If a file cannot be read, an entry makes no sense, or two entries have one name.
    UnitError
        If the unit of an entry does not become the unit of what it gives.
    """
    # Sorted, so that the message about a name taken twice does not depend on the file system.
    files = [*sorted((SHIPPED / "inputs" / "catalog").glob("*.yaml")), *([extra] if extra else [])]
    sources: dict[str, Source] = {}
    origin: dict[str, Path] = {}
    for file in files:
        for name, entry in _read(file).items():
            if name in sources:
                raise CatalogError(
                    f"{file}, entry {name!r}",
                    f"stands in {origin[name].name} already",
                    do="Give it a name of its own; recipes refer to sources by name.",
                )
            sources[name] = source_from(name, entry, file.name)
            origin[name] = file
    return Catalog(sources)


class _OnceLoader(yaml.SafeLoader):
    """Reads YAML and refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of a node, whose keys must differ."""
        keys = [str(key.value) for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"key {twice!r} stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _read(file: Path) -> dict[str, object]:
    try:
        # A subclass of the safe loader: it builds plain values only.
        entries = yaml.load(file.read_text(encoding="utf-8"), Loader=_OnceLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(str(file), f"cannot be read ({error})", wanted="a catalog in YAML") from error
    except yaml.YAMLError as error:
        raise CatalogError(str(file), f"is not valid YAML: {error}", do="Correct it.") from error
    # An empty file, or one of comments only, is a catalog without entries.
    if entries is None:
        return {}
    if not isinstance(entries, dict) or not all(isinstance(name, str) for name in entries):
        raise CatalogError(str(file), "is no mapping", wanted="entries under their names")
    return entries
