"""Law: a run is what its files say; one that cannot be read costs itself, and is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.files import find_run
from eurosic.simulator.min3p.load import load_run
from tests.simulator.min3p import fortran_text as ft

_PROFILE = ft.spatial(["ca+2"], [[1.0], [2.0], [3.0]], np.array([0.0, 0.5, 1.0]))


def _run(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_the_version_comes_from_the_log_or_the_listing_of_the_run(tmp_path: Path) -> None:
    """Whichever file begins with it."""
    gen = "#Program     : MIN3P-HPC\n#Version     : 2.6.2.880\n#Solver      : WS209\n"
    loaded = load_run(find_run(_run(tmp_path, m_1__gst=_PROFILE, m_o__gen=gen, m__log="log file\n")))
    assert loaded.version == "MIN3P-HPC 2.6.2.880"
    assert loaded.failure == ""


def test_a_failure_is_known_from_the_log(tmp_path: Path) -> None:
    """In MIN3P's own words."""
    log = "timestep: 150\n----\nfailure in timeloop\nno further time step reduction possible\nbye now ...\n"
    assert (
        load_run(find_run(_run(tmp_path, m_1__gst=_PROFILE, m__log=log))).failure
        == "m.log: failure in timeloop"
    )


def test_times_without_a_unit_are_in_that_of_the_deck(tmp_path: Path) -> None:
    """A deck in days."""
    deck = "'time step control - global system'\n'days'\n0.0\n730\n'done'\n"
    series = ft.transient(["time", "ca+2"], [[0.0, 1.0], [730.0, 2.0]])
    loaded = load_run(find_run(_run(tmp_path, m__dat=deck, m_o__mas=series)))
    assert loaded.series["mas"][None].times.tolist() == [0.0, 2.0]


def test_a_damaged_file_is_left_out_or_raised(tmp_path: Path) -> None:
    """As the caller wants; the others are read."""
    run = find_run(_run(tmp_path, m_1__gst=_PROFILE, m_2__gst=_PROFILE[:-30], m__dat="'x'\n"))
    loaded = load_run(run)
    assert (loaded.files_read, len(loaded.damaged)) == (1, 2)
    assert [note.partition(",")[0] for note in loaded.notes] == ["left out: m.dat", "left out: m_2.gst"]
    with pytest.raises(SimulationError, match=r"m\.dat, line 1: block 'x' is not closed"):
        load_run(run, strict=True)


def test_kinds_that_are_not_asked_for_are_not_opened(tmp_path: Path) -> None:
    """A damaged file of another kind does not matter."""
    run = find_run(_run(tmp_path, m_1__gst=_PROFILE, m_1__gsm=""))
    assert load_run(run, kinds=("gst",), strict=True).files_read == 1


def test_a_number_that_one_kind_lacks_is_said(tmp_path: Path) -> None:
    """Output 2 has a .gst and no .gsg."""
    loaded = load_run(find_run(_run(tmp_path, m_1__gst=_PROFILE, m_2__gst=_PROFILE, m_1__gsg=_PROFILE)))
    assert loaded.notes == [".gsg number 2 is missing"]
