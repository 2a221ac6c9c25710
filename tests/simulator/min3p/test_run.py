"""Law: a run is good or set aside with its reason; no executable outlives its time, and no good run is made twice."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pandas as pd
import pytest

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.deck_write import deck_text
from eurosic.simulator.min3p.design import design_from_row
from eurosic.simulator.min3p.run import run_min3p

# An executable that behaves as the name of its run says. What it copies is real output of MIN3P.
_FAKE = """\
#!/bin/sh
name=$(cat root.dat)
read asked
test "$asked" = "$name" || exit 9
echo "$name" >> "{log}"
case "$name" in
  good*) cp "{good}"/* . ;;
  abort*) cp "{abort}"/abort_* "{abort}"/abort.log . ;;
  badmae*) cp "{badmae}"/badmae_* . ;;
  truncated*) cp "{good}"/* . ; head -c 2000 truncated_3.gst > cut ; mv cut truncated_3.gst ;;
  hang*) sleep 60 & echo $! > "{log}.child" ; wait ;;
  silent*) : ;;
  *) echo "reading the deck" ; echo "error in block 'minerals'" ; exit 3 ;;
esac
"""


@pytest.fixture(scope="module")
def real(min3p_data: Path) -> Path:
    """A real run with few output times."""
    return min3p_data / "full_output_examples" / "m0048"


@pytest.fixture
def fake(tmp_path: Path, real: Path, awkward: Path) -> Path:
    """The executable, beside real output under the names of its runs."""
    places = {"abort": awkward / "08_aborted_run", "badmae": awkward / "09_mass_balance_error"}
    places["good"] = tmp_path / "copies"
    places["good"].mkdir()
    for name in ("good", "good2", "truncated"):
        for path in real.glob("m0048_*.*"):
            # Each run takes what bears its name and never looks at the rest.
            (places["good"] / path.name.replace("m0048", name)).write_bytes(path.read_bytes())
    program = tmp_path / "min3p"
    program.write_text(_FAKE.format(log=tmp_path / "log", **places))
    program.chmod(0o755)
    return program


@pytest.fixture(scope="module")
def decks(real: Path, awkward: Path) -> dict[str, str]:
    """Real decks by the name of the run."""
    good = (real / "m0048.dat").read_text()
    found = dict.fromkeys(("good", "good2", "truncated", "silent", "crash"), good)
    found["abort"] = (awkward / "08_aborted_run" / "abort.dat").read_text()
    found["badmae"] = (awkward / "09_mass_balance_error" / "badmae.dat").read_text()
    return found


def test_good_runs_stay_and_failed_ones_are_set_aside_with_their_reason(
    fake: Path, decks: dict[str, str], tmp_path: Path
) -> None:
    """Seven runs, of which two are good; each other one says why it is not."""
    outcomes = run_min3p(decks, fake, folder=tmp_path / "runs", workers=4, time_limit=300.0)
    reasons = {outcome.name: outcome.reason for outcome in outcomes}
    assert list(reasons) == list(decks)
    assert [name for name, reason in reasons.items() if not reason] == ["good", "good2"]
    wanted = {
        "truncated": "not complete: 1 files cannot be read; first: truncated_3.gst, line",
        "silent": "has no MIN3P output",
        "crash": "the executable ended with 3; it last said: \"error in block 'minerals'\"",
        "abort": "not complete: MIN3P gave up at 25.70463 years",
        "badmae": "mass balance of ca+2: error 1.42 mol, 2.03%",
    }
    for name, reason in wanted.items():
        assert reason in reasons[name], name
        assert (tmp_path / "runs" / "failed" / name / "reason.txt").read_text() == reasons[name] + "\n"
        assert not (tmp_path / "runs" / name).exists()
    assert outcomes[0].read().attrs["complete"] == 1


def test_a_run_is_stopped_at_its_time_limit_with_all_that_it_started(
    fake: Path, decks: dict[str, str], tmp_path: Path
) -> None:
    """A script that sleeps for a minute in a child: both are gone, and the reason is the limit."""
    began = time.monotonic()
    (outcome,) = run_min3p({"hang": decks["good"]}, fake, folder=tmp_path / "runs", time_limit=2.0)
    assert time.monotonic() - began < 50
    assert outcome.reason == "stopped at the time limit of 2 s"
    assert outcome.folder == tmp_path / "runs" / "failed" / "hang"
    child = int((tmp_path / "log.child").read_text())
    for _ in range(100):
        if not _alive(child):
            return
        time.sleep(0.1)
    pytest.fail(f"process {child} is still there")


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # a zombie waits for its new parent only


def test_a_good_run_is_not_made_twice_and_a_failed_one_is_tried_again(
    fake: Path, decks: dict[str, str], tmp_path: Path
) -> None:
    """The executable's own log tells what it was asked."""
    wanted = {name: decks[name] for name in ("good", "crash")}
    for _ in range(2):
        run_min3p(wanted, fake, folder=tmp_path / "runs")
    assert sorted((tmp_path / "log").read_text().split()) == ["crash", "crash", "good"]


def test_another_deck_in_the_place_of_a_run_is_refused(
    fake: Path, decks: dict[str, str], tmp_path: Path
) -> None:
    """Before anything runs."""
    run_min3p({"good": decks["good"]}, fake, folder=tmp_path / "runs")
    with pytest.raises(SimulationError, match="holds a run of that name with another deck"):
        run_min3p({"good2": decks["good2"], "good": decks["abort"]}, fake, folder=tmp_path / "runs")
    assert not (tmp_path / "runs" / "good2").exists()


def test_an_executable_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """And so is a file that may not be run."""
    (tmp_path / "notes.txt").touch()
    for name in ("min3p", "notes.txt"):
        with pytest.raises(SimulationError, match="is not there or may not be run"):
            run_min3p({}, tmp_path / name, folder=tmp_path / "runs")


def test_a_file_that_is_no_program_is_a_reason(decks: dict[str, str], tmp_path: Path) -> None:
    """Executable by its mode only."""
    program = tmp_path / "min3p"
    program.write_bytes(b"\x7fELF nothing")
    program.chmod(0o755)
    (outcome,) = run_min3p({"good": decks["good"]}, program, folder=tmp_path / "runs")
    assert "could not be started" in outcome.reason


@pytest.mark.slow
def test_the_users_min3p_runs_a_deck_of_ours(tmp_path: Path, parameters: pd.DataFrame) -> None:
    """Where EUROSIC_MIN3P names an executable (and EUROSIC_MIN3P_DATABASE its folder): a good run of 20 years."""
    program, database = os.environ.get("EUROSIC_MIN3P"), os.environ.get("EUROSIC_MIN3P_DATABASE")
    if not program or not database:
        pytest.skip(
            "no MIN3P: set EUROSIC_MIN3P to the executable, EUROSIC_MIN3P_DATABASE to its database folder"
        )
    design = design_from_row(dict(parameters.loc["m0048"]))
    deck = deck_text("m0048", design, output_years=[1, 2, 5, 10, 20], database=database)
    (outcome,) = run_min3p({"m0048": deck}, program, folder=tmp_path, time_limit=120.0)
    assert outcome.reason == ""
    assert outcome.read()["sic"].sizes == {"time": 6, "depth": 20}
