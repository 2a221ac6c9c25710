"""Law: a crate describes what lies in the folder, by the run's own record, and conforms to the profiles it names."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import requests

from eurosic.base.errors import StoreError
from eurosic.base.provenance import digest_of
from eurosic.outputs.crate import CRATE, RECIPE, UNLISTED, write_crate

PROCESS_RUN = "https://w3id.org/ro/wfrun/process/0.5"
ABOUT = {"title": "T", "purpose": "To be tried.", "authors": ["A. Name", "B. Name"]}
MEANT = {"about": ABOUT, "grid": {"crs": "EPSG:3035"}}
RECORDED = {
    "recipe_digest": digest_of(MEANT),
    "predictor_digest": "cd" * 32,
    "eurosic": "0.1.0",
    "title": "A run made by hand",
    "state": "finished",
    "started": "2026-01-01T10:00:00+00:00",
    "finished": "2026-01-01T10:05:00+00:00",
    "versions": {"python": "3.11.7", "eurosic": "0.1.0", "numpy": "2.4.6"},
    "predictor": "sic-v1",
    "command": "eurosic run recipe.yaml --out run",
    "inputs": {
        "clay": {
            "source": "gemas-clay",
            "kind": "interpolated",
            "licence": "GPL-2+",
            "digest": "ab" * 32,
        },
        "nitrogen_use_efficiency": {
            "source": "constant 0.6 1, from the recipe",
            "kind": "assumed",
            "digest": "",
        },
    },
    # As pydantic writes it: the digest leaves out what holds nothing.
    "recipe": {**MEANT, "explain": None, "grid": {"crs": "EPSG:3035", "bounds": None}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a run leaves, in small."""
    (tmp_path / "run.json").write_text(json.dumps(RECORDED))
    (tmp_path / "totals.csv").write_text("pathway,year\n")
    (tmp_path / "log.txt").write_text("2026-01-01T10:00:00Z  command  x\n2026-01-01T10:05:00Z  finished\n")
    (tmp_path / "projection.zarr").mkdir()
    (tmp_path / "projection.zarr" / "zarr.json").write_text("{}")
    (tmp_path / "netcdf").mkdir()
    (tmp_path / "netcdf" / "a.nc").write_bytes(b"CDF")
    return tmp_path


def _entities(folder: Path) -> dict[str, dict]:
    write_crate(folder)
    return {entity["@id"]: entity for entity in json.loads((folder / CRATE).read_text())["@graph"]}


def test_files_are_told_with_their_digests(folder):
    """Those that are there, and no others; the log may grow and has none."""
    told = _entities(folder)
    parts = {part["@id"] for part in told["./"]["hasPart"]}
    assert parts == {"recipe.json", "run.json", "totals.csv", "log.txt", "projection.zarr/", "netcdf/"}
    totals = (folder / "totals.csv").read_bytes()
    assert told["totals.csv"]["sha256"] == hashlib.sha256(totals).hexdigest()
    assert told["totals.csv"]["contentSize"] == str(len(totals))
    assert "sha256" not in told["log.txt"]


def test_what_comes_after_a_run_is_listed_too(folder):
    """Tables of any polygons by their own names, what makes intervals, what explains."""
    later = {
        "calibration.json": "{}",
        "totals_by_nuts.csv": "polygon\n",
        "totals_by_my regions.csv": "polygon\n",
        "totals_by_nuts.gpkg": "GPKG",
    }
    for name, text in later.items():
        (folder / name).write_text(text)
    for name in ("uncertainty.zarr", "explain"):
        (folder / name).mkdir()
    told = _entities(folder)
    parts = {part["@id"] for part in told["./"]["hasPart"]}
    assert {*later, "uncertainty.zarr/", "explain/"} <= parts
    assert told["totals_by_nuts.gpkg"]["sha256"] == hashlib.sha256(b"GPKG").hexdigest()
    assert told["explain/"]["@type"] == "Dataset"


def test_every_file_that_the_documentation_names_is_listed(folder):
    """The table of docs/6-outputs.md says what a folder may hold; the crate leaves nothing of it out."""
    page = (Path(__file__).parents[2] / "docs" / "6-outputs.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    table = rows[: next(i for i, row in enumerate(rows) if "log.txt" in row) + 1]
    named = {name for row in table for name in re.findall(r"`([^`]+)`", row) if not name.startswith(".")}
    assert len(named) > 15
    for name in named:
        first = name.replace("NAME", "regions").split("/")[0]
        if "." not in first or first.endswith(".zarr"):
            (folder / first).mkdir(exist_ok=True)
        elif not (folder / first).exists():
            (folder / first).write_text("x")
    assert _unlisted(folder) == []


def _unlisted(folder: Path) -> list[str]:
    parts = {part["@id"].rstrip("/") for part in _entities(folder)["./"]["hasPart"]}
    others = {path.name for path in folder.iterdir()} - parts
    return sorted(name for name in others if not any(fnmatch(name, pattern) for pattern in UNLISTED))


def test_what_is_no_part_of_a_run_is_not_listed(folder):
    """Locks, what a killed process left, and the description itself; a file that nobody knows is none of ours."""
    names = ("run.lock", ".export.lock", ".totals.csv.node-7.partial", "notes.txt")
    for name in names:
        (folder / name).write_text("")
    parts = {part["@id"] for part in _entities(folder)["./"]["hasPart"]}
    assert not {*names, CRATE} & parts
    assert _unlisted(folder) == ["notes.txt"]


def test_the_recipe_is_the_one_that_was_run(folder):
    """The SHA-256 of the file is the recipe's digest, by which runs are told apart."""
    told = _entities(folder)
    found = hashlib.sha256((folder / RECIPE).read_bytes()).hexdigest()
    assert found == RECORDED["recipe_digest"] == told[RECIPE]["sha256"]
    assert told["./"]["identifier"] == f"sha256:{found}"


def test_the_action_says_command_software_inputs_and_results(folder):
    """With the times of the run; nobody is named who is not known."""
    told = _entities(folder)
    run = told["#run"]
    assert run["description"] == RECORDED["command"]
    assert (run["startTime"], run["endTime"]) == (RECORDED["started"], RECORDED["finished"])
    assert told[run["instrument"]["@id"]]["softwareVersion"] == "0.1.0"
    assert {entity["@id"] for entity in run["object"]} == {
        "recipe.json", "#input-clay", "#input-nitrogen_use_efficiency", "#predictor",
    }  # fmt: skip
    assert {"@id": "projection.zarr/"} in run["result"]
    assert "agent" not in run
    assert told["#input-clay"]["identifier"] == "sha256:" + "ab" * 32
    assert told["#input-clay"]["license"] == "GPL-2+"
    assert told["#input-nitrogen_use_efficiency"]["@type"] == "PropertyValue"


def test_every_reference_leads_to_an_entity(folder):
    """No `@id` is left hanging but addresses of the web."""
    told = _entities(folder)

    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["@id"]} if set(value) == {"@id"} else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    hanging = references(list(told.values())) - set(told)
    assert {address for address in hanging if not address.startswith("http")} == set()
    assert hanging == {"https://w3id.org/ro/crate/1.1"}


def test_a_second_crate_is_the_same_and_sees_what_came_since(folder):
    """Equal folders give equal bytes; a new export is listed."""
    write_crate(folder)
    before = (folder / CRATE).read_bytes()
    write_crate(folder)
    assert (folder / CRATE).read_bytes() == before
    (folder / "cog").mkdir()
    assert "cog/" in _entities(folder)


def test_a_record_that_cannot_be_read_is_told(folder):
    """As an error of use."""
    (folder / "run.json").write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        write_crate(folder)


@pytest.fixture
def offline_context(monkeypatch):
    """The context of RO-Crate as the package `rocrate` ships it, for a validator that would fetch it."""
    http = pytest.importorskip("rocrate_validator.utils.http", reason="pip install roc-validator")
    shipped = importlib.resources.files("rocrate") / "data" / "ro-crate.jsonld"
    asked = []

    def answer(_: object, address: str, **__: object) -> requests.Response:
        assert address == "https://w3id.org/ro/crate/1.1/context"
        asked.append(address)
        found = requests.Response()
        found.status_code, found._content = 200, shipped.read_bytes()
        found.headers["Content-Type"] = "application/ld+json"
        return found

    monkeypatch.setattr(http.HttpRequester, "get", answer, raising=False)
    return asked


def _issues(folder: Path, severity: str) -> list[str]:
    services = pytest.importorskip("rocrate_validator.services")
    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier="process-run-crate-0.5",
        requirement_severity=severity,
        offline=True,
        cache_path=folder.parent / "cache",
    )
    return [
        f"{issue.check.identifier}: {issue.message}" for issue in services.validate(settings).get_issues()
    ]


def test_it_conforms_to_the_profile_of_process_runs(folder, offline_context):
    """And to RO-Crate 1.1 beneath. Recommended and absent: who gave the command, a publisher, the authors' pages."""
    write_crate(folder)
    assert _issues(folder, "REQUIRED") == []
    assert offline_context
    unknown = ("SHOULD have an agent", "`publisher` property", "organization SHOULD have a URL")
    assert all(any(words in issue for words in unknown) for issue in _issues(folder, "RECOMMENDED"))


def test_a_crate_without_its_files_does_not_conform(folder, offline_context):
    """The validator looks: a part that is gone is found."""
    write_crate(folder)
    (folder / "totals.csv").unlink()
    assert any("totals.csv" in issue for issue in _issues(folder, "REQUIRED"))
