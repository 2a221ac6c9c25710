"""Law: a run is found by its prefix, whatever the age of its names, and never mixed with its neighbour."""

from __future__ import annotations

from pathlib import Path

import pytest

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.files import find_run


def _touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).touch()
    return folder


def _found(path: Path) -> list[tuple[str, int | None]]:
    return [(file.kind, file.number) for file in find_run(path).outputs]


def test_current_names_are_sorted_by_kind_and_number(tmp_path: Path) -> None:
    """The tenth output comes after the second; files of the whole column have no number."""
    _touch(tmp_path, "m.dat", "m_10.gst", "m_2.gst", "m_0.gst", "m_o.mas", "m_o.fls", "root.dat", "m_o.psp")
    run = find_run(tmp_path)
    assert _found(tmp_path) == [("gst", 0), ("gst", 2), ("gst", 10), ("mas", None)]
    assert run.deck == tmp_path / "m.dat"
    assert run.listing == tmp_path / "m_o.fls"


def test_legacy_names_are_read_as_numbers_after_the_prefix(tmp_path: Path) -> None:
    """``soil0.gst`` is output 0 of ``soil``, ``soil.mas`` its mass."""
    _touch(tmp_path, "soil0.gst", "soil1.gst", "soil12.gst", "soil1.mac", "soil.mas")
    assert find_run(tmp_path).prefix == "soil"
    assert _found(tmp_path) == [("gst", 0), ("gst", 1), ("gst", 12), ("mac", 1), ("mas", None)]


def test_a_prefix_may_end_in_a_digit(tmp_path: Path) -> None:
    """With the deck ``run1.dat``, ``run12.gst`` is output 2 of run1, not output 12 of ``run``."""
    _touch(tmp_path, "run1.dat", "run11.gst", "run12.gst")
    assert _found(tmp_path) == [("gst", 1), ("gst", 2)]


def test_the_longest_prefix_owns_a_name(tmp_path: Path) -> None:
    """Beside a run ``run12``, its bare file is not output 2 of ``run1``."""
    _touch(tmp_path, "run1.dat", "run12.dat", "run1_1.gst", "run12.gst", "run12_1.gst")
    assert _found(tmp_path / "run1") == [("gst", 1)]
    assert _found(tmp_path / "run12.dat") == [("gst", None), ("gst", 1)]


def test_one_legacy_file_alone_keeps_its_digits(tmp_path: Path) -> None:
    """``m0005.gsm`` by itself is a file of run m0005."""
    _touch(tmp_path, "m0005.gsm")
    assert find_run(tmp_path).prefix == "m0005"
    assert _found(tmp_path) == [("gsm", None)]


def test_a_current_name_wins_over_a_legacy_one(tmp_path: Path) -> None:
    """Both are there: one is read, and that is said."""
    _touch(tmp_path, "m.dat", "m1.gst", "m_1.gst")
    run = find_run(tmp_path)
    assert [file.path.name for file in run.outputs] == ["m_1.gst"]
    assert "the current name was read" in run.notes[0]


@pytest.mark.parametrize(
    ("names", "path", "message"),
    [
        ((), "", "holds no MIN3P output"),
        (("a_1.gst", "b_1.gst"), "", "holds 2 runs: a, b; wanted one run"),
        (("a.dat",), "", "has no MIN3P output"),
        (("a_1.gst",), "b", "has no MIN3P output"),
        ((), "no/such", "does not exist"),
    ],
)
def test_a_folder_that_is_no_run_is_refused(
    tmp_path: Path, names: tuple[str, ...], path: str, message: str
) -> None:
    """Nothing, two runs, a deck alone, another prefix, no folder."""
    with pytest.raises(SimulationError, match=message):
        find_run(_touch(tmp_path, *names) / path)
