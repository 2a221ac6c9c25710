"""What a contrast hangs on, beside the run: how wrong its pH is, which tables were read, what is written of both.

*Enters:* the folder of a finished run, paths of tables of observations. *Leaves:* the error of pH, the tables read
and named apart, the content of `contrast.json`. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pandas as pd

from eurosic.base.errors import InputError
from eurosic.base.provenance import file_digest, versions
from eurosic.explain.observations import PH, Observations
from eurosic.explain.observations_table import read_observations
from eurosic.workflow.self_check import CHECK

# Of other packages: those that learn and attribute, and those that hold observations.
_PACKAGES = ("scikit-learn", "shap", "dutchsoils", "LimeSoDa")


@dataclass(frozen=True, eq=False)
class Given:
    """A user's table of observations: where it lies, what its bytes are, what was read of it."""

    path: Path
    sha256: str
    observations: Observations


def read_tables(paths: Sequence[Path]) -> tuple[Given, ...]:
    """Return the user's tables of observations, all of them or none.

    Raises
    ------
    InputError
        If one cannot be used, or two have one name.
    """
    given = tuple(Given(path, file_digest(path), read_observations(path)) for path in paths)
    refuse_equal_names([one.observations for one in given])
    return given


def refuse_equal_names(observations: Iterable[Observations]) -> None:
    """Raise `InputError` if two sets of observations have one name: their rows could not be told apart."""
    seen: set[str] = set()
    for one in observations:
        if one.name in seen:
            raise InputError(
                "--observations",
                f"two tables are called {one.name}",
                wanted="a name of its own for each, by which rows are known",
                do="Rename one of the files.",
            )
        seen.add(one.name)


def contrast_record(
    run: Mapping[str, object], given: Sequence[Given], observed: Sequence[Observations], **drawn: object
) -> dict[str, object]:
    """Return what `contrast.json` says: the run, the tables with their digests, the versions, what was drawn."""
    files = {one.observations.name: {"file": one.path.name, "sha256": one.sha256} for one in given}
    return {
        "run_digest": run.get("digest"),
        "recipe_digest": run.get("recipe_digest"),
        "versions": {**versions(), **{package: _version(package) for package in _PACKAGES}},
        **drawn,
        "observations": [
            {
                "name": one.name,
                "sites": len(one),
                "blocks": len(set(one.block.tolist())),
                "note": one.note,
                **files.get(one.name, {}),
            }
            for one in observed
        ],
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def ph_error_of(folder: Path) -> float:
    """Return the root mean square error of lab pH where carbonate holds it, of the run's own self-check.

    Zero where there is none: the simulator answered, or the recipe asked for no check.
    """
    path = folder / CHECK
    if not path.is_file():
        return 0.0
    table = pd.read_csv(path, comment="#")
    # Along the baseline, in buffered soils, where pH moves least: the error of the others is larger.
    wanted = {"of": "value", "pathway": "baseline", "regime": "buffered", "years": "all", "target": PH}
    for name, value in wanted.items():
        table = table[table[name] == value]
    return float(table["rmse"].iloc[0]) if len(table) else 0.0
