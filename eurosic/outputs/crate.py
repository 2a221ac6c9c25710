"""A run as an RO-Crate: which command made which files, of which inputs, by which software, for machines.

*Enters:* the folder of a finished run with its `run.json`. *Leaves:* `recipe.json` (its SHA-256 is the recipe's
digest) and `ro-crate-metadata.json` beside the files that it describes. Says what the record says and nothing
more: who gave the command is not known. *Source:* RO-Crate 1.1; Process Run Crate 0.5. A recipe is no workflow in
a language that others run, so the profile of workflows is not claimed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eurosic.base.provenance import canonical_json, file_digest
from eurosic.outputs.ledger import PARTIAL, write_atomically
from eurosic.outputs.manifest import LOCK as EXPORT_LOCK
from eurosic.outputs.run_log import LOG
from eurosic.outputs.run_store import LOCK, RECORD, read_record

CRATE = "ro-crate-metadata.json"
RECIPE = "recipe.json"
CRATE_FILES = (RECIPE, CRATE)
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_CONTEXT = [
    "https://w3id.org/ro/crate/1.1/context",
    {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},
]
_SOFTWARE = "https://pypi.org/project/"
# What a run and the commands after it may leave, in the order in which a reader wants it: name (a pattern, `/` at its
# end for a folder), format, what it holds.
_PARTS = {
    "summary.txt": ("text/plain", "the closing words of the run"),
    "report.html": ("text/html", "the run as one page"),
    "totals.csv": ("text/csv", "sums over Europe and each country, every year, each pathway and minus baseline"),
    "totals_by_*.csv": ("text/csv", "sums over the polygons of a file"),
    "totals_by_*.gpkg": ("application/geopackage+sqlite3", "the polygons of a file, with the sums over them"),
    "check.csv": ("text/csv", "errors of the emulator on a sample of this run's cells"),
    "calibration.json": ("application/json", "what turns sums of the emulator's members into intervals"),
    "explain/": ("text/csv", "what the predicted changes are made of: attributions, levers, contrast with space"),
    "projection.zarr/": ("application/vnd.zarr", "the result: cell table (pathway, year, cell)"),
    "cells.zarr/": ("application/vnd.zarr", "the study cells: place, area, covariates"),
    "inputs.zarr/": ("application/vnd.zarr", "the aligned inputs, each with source, licence and kind"),
    "uncertainty.zarr/": ("application/vnd.zarr", "what each draw of the uncertain inputs changes"),
    "netcdf/": ("application/x-netcdf", "CF NetCDF, one file for each variable and pathway"),
    "cog/": ("image/tiff; application=geotiff; profile=cloud-optimized", "GeoTIFFs, a band for each year"),
    "stac/": ("application/geo+json", "a STAC catalog of the GeoTIFFs"),
    "qgis/": ("application/x-qgis-project", "QGIS projects with a time slider"),
    "figures/": ("image/png", "maps and charts"),
    "ledger/": ("application/json", "one record for each finished tile, with checksums"),
    LOG: ("text/plain", "every session of the run"),
    RECORD: ("application/json", "the record of the run: digests, versions, inputs, command"),
}  # fmt: skip
# What lies in a run's folder and is no part of it: the crate's own description, and what processes hold or left.
UNLISTED = (CRATE, LOCK, EXPORT_LOCK, f".*{PARTIAL}*")
# Whose bytes the engine, the user or a second look may still change without changing the result.
_UNSTABLE = (LOG,)

Entity = dict[str, Any]


def write_crate(folder: Path) -> list[Path]:
    """Write the recipe and the crate's metadata into the folder of a finished run and return both paths.

    Both are written anew each time, for they follow from what lies in the folder.

    Raises
    ------
    StoreError
        If the record of the run cannot be read.
    """
    record = read_record(folder) or {}
    recipe = folder / RECIPE
    write_atomically(recipe, canonical_json(_without_nothing(record.get("recipe", {}))))
    told = {"@context": _CONTEXT, "@graph": list(_Crate(folder, record).entities())}
    write_atomically(folder / CRATE, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return [recipe, folder / CRATE]


def _without_nothing(value: object) -> object:
    """Return a value without keys that hold nothing, as the recipe's digest leaves them out."""
    if isinstance(value, Mapping):
        return {key: _without_nothing(part) for key, part in value.items() if part is not None}
    return [_without_nothing(part) for part in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class _Crate:
    """The entities of one run's crate."""

    folder: Path
    record: Mapping[str, Any]

    def entities(self) -> Iterator[Entity]:
        """Yield every entity, descriptor and root first."""
        parts = dict(self._parts())
        inputs = list(self._inputs())
        yield {
            "@id": CRATE,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        }
        yield self._root(parts)
        yield self._profile()
        yield self._licence()
        yield from self._authors()
        yield self._action(parts, inputs)
        yield from parts.values()
        yield from inputs
        yield from self._software()

    def _root(self, parts: Mapping[str, Entity]) -> Entity:
        about = self.record.get("recipe", {}).get("about", {})
        return {
            "@id": "./",
            "@type": "Dataset",
            "name": str(self.record.get("title", "a projection")),
            "description": f"{about.get('purpose', '')} A projection of eurosic, by the recipe {RECIPE}.".strip(),
            "datePublished": self._ended(),
            "license": {"@id": "#licence"},
            "author": _alone([{"@id": entity["@id"]} for entity in self._authors()]),
            "conformsTo": {"@id": _PROFILE},
            "identifier": f"sha256:{self.record.get('recipe_digest', '')}",
            "hasPart": _alone([{"@id": name} for name in parts]),
            "mentions": {"@id": "#run"},
        }

    def _profile(self) -> Entity:
        return {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}

    def _licence(self) -> Entity:
        return {
            "@id": "#licence",
            "@type": "CreativeWork",
            "name": "As the inputs allow",
            "description": f"Each input has its own licence, named at its entity and in {RECORD}.",
        }

    def _authors(self) -> Iterator[Entity]:
        for i, name in enumerate(self.record.get("recipe", {}).get("about", {}).get("authors", [])):
            # A recipe says names, not whether they are persons.
            yield {
                "@id": f"#author-{i}",
                "@type": "Organization",
                "name": name,
                "description": "author of the recipe",
            }

    def _action(self, parts: Mapping[str, Entity], inputs: list[Entity]) -> Entity:
        action = {
            "@id": "#run",
            "@type": "CreateAction",
            "name": str(self.record.get("title", "a projection")),
            "description": str(self.record.get("command", "")),
            "instrument": {"@id": f"{_SOFTWARE}eurosic/{self.record.get('eurosic', '')}/"},
            "object": [{"@id": RECIPE}, *({"@id": entity["@id"]} for entity in inputs)],
            "result": [{"@id": name} for name in parts if name != RECIPE],
            "startTime": self.record.get("started"),
            "endTime": self._ended(),
            "actionStatus": "http://schema.org/CompletedActionStatus",
        }
        return {key: value for key, value in action.items() if value is not None}

    def _ended(self) -> str:
        """Return when the run ended; of older runs, whose record says nothing, when it was last written."""
        written = datetime.fromtimestamp((self.folder / RECORD).stat().st_mtime, UTC)
        return str(self.record.get("finished") or written.isoformat(timespec="seconds"))

    def _parts(self) -> Iterator[tuple[str, Entity]]:
        yield RECIPE, self._file(RECIPE, "application/json", "the recipe, as it was understood")
        for pattern, (form, words) in _PARTS.items():
            for path in sorted(self.folder.glob(pattern.removesuffix("/"))):
                if pattern.endswith("/") and path.is_dir():
                    yield f"{path.name}/", _dataset(f"{path.name}/", form, words)
                elif path.is_file():
                    yield path.name, self._file(path.name, form, words)

    def _file(self, name: str, form: str, words: str) -> Entity:
        path = self.folder / name
        found = {**_dataset(name, form, words), "@type": "File"}
        if name in _UNSTABLE:
            return found
        return {**found, "contentSize": str(path.stat().st_size), "sha256": file_digest(path)}

    def _inputs(self) -> Iterator[Entity]:
        for name, told in self.record.get("inputs", {}).items():
            if not told.get("digest"):
                # A number of the recipe, no data.
                yield {
                    "@id": f"#input-{name}",
                    "@type": "PropertyValue",
                    "name": name,
                    "value": told.get("source", ""),
                }
                continue
            said = {
                "identifier": f"sha256:{told['digest']}",
                "description": f"{name}, {told.get('kind', '')}; {told.get('references', '')}",
                "license": told.get("licence"),
                "abstract": told.get("corrections"),
            }
            known = {key: value for key, value in said.items() if value}
            yield {
                "@id": f"#input-{name}",
                "@type": "CreativeWork",
                "name": str(told.get("source", name)),
                **known,
            }
        if self.record.get("predictor_digest"):
            yield {
                "@id": "#predictor",
                "@type": "CreativeWork",
                "name": f"predictor {self.record.get('predictor', '')}",
                "identifier": f"sha256:{self.record['predictor_digest']}",
            }

    def _software(self) -> Iterator[Entity]:
        versions = {**self.record.get("versions", {}), "eurosic": self.record.get("eurosic", "")}
        others = [name for name in versions if name != "eurosic"]
        for name, version in versions.items():
            entity = {
                "@id": _software_id(name, version),
                "@type": "SoftwareApplication",
                "name": name,
                "url": "https://www.python.org/" if name == "python" else f"{_SOFTWARE}{name}/",
                "softwareVersion": version,
            }
            needs = [{"@id": _software_id(other, versions[other])} for other in others]
            yield {**entity, "softwareRequirements": needs} if name == "eurosic" else entity


def _dataset(name: str, form: str, words: str) -> Entity:
    return {"@id": name, "@type": "Dataset", "name": name, "description": words, "encodingFormat": form}


def _alone(references: list[Entity]) -> Entity | list[Entity]:
    # One reference is written as it is, as RO-Crate 1.1 recommends.
    return references[0] if len(references) == 1 else references


def _software_id(name: str, version: str) -> str:
    if name == "python":
        return f"https://www.python.org/downloads/release/python-{version.replace('.', '')}/"
    return f"{_SOFTWARE}{name}/{version}/"
