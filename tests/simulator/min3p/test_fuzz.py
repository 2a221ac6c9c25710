"""Law: whatever the bytes, a parser returns a sound table or raises `SimulationError`, and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p import read_min3p
from eurosic.simulator.min3p.deck import read_deck
from eurosic.simulator.min3p.listing import read_fls
from eurosic.simulator.min3p.outputs import read_mac, read_spatial, read_transient
from tests.simulator.min3p import fortran_text as ft

_Z = np.array([0.0, 0.5, 1.0])
_SEEDS = {
    "t_1.gst": ft.spatial(["ca+2", "h+1"], [[1e-3, 2e-3], [3e-3, 4e-3], [5e-3, -6e-3]], _Z),
    "t_1.gsm": ft.spatial(["pH", "Alk [eq/L]", "Alk [mg/L CaCO_3]"], np.ones((3, 3)), _Z, zone="M, initial"),
    "t_1.gsp": ft.spatial(["h_w"], np.ones((3, 1)), _Z, zone="Flow variables, steady state").replace(
        '", i', '" i'
    ),
    "t_1.gbt": ft.transient(
        ["time", "ca+2"], [[0.0, 1.0], [1.0, 2.0]], zone="T_j, volume = 20, x = 0.0, y = 0, z = 2"
    ),
    "t_o.mas": ft.transient(["time [days]", "ca+2"], [[0.0, 1.0], [1.0, 2.0]]),
    "t_o.dt": "1.0 2.0 time step reduced\n3.0 4.0 ok\n",
    "t_1.mac": ft.transient(["time", *(f"c{i} [mol/d]" for i in range(28))], np.ones((2, 29))),
    "t_2.mac": ft.rows(np.ones((2, 29))),
    "t_o.fls": (
        "MIN3P file information\n\nMineral volume fractions, T =   5.0E+000 years\n------\n\nt_1.gsv\n\n"
        "column   entry                           unit\n1        x                               m\n"
        "4        calcite                         -\n\nfile name                           component\n"
        "t_1.mac                             ca+2\n\ncolumn entry             unit\n1      time              years\n"
        "2      accumulative      moles\n       balance error\n"
    ),
    "t.dat": (
        "! deck\n'geochemical system'\n'components'\n2\n'ca+2'\n'h+1'\n'done'\n'spatial discretization'\n1\n"
        "0.0 2.0 ;m\n'done'\n'time step control - global system'\n'years'\n0.0\n80\n'done'\n'output control'\n"
        "'output of spatial data'\n2\n5 10\n'done'\n"
    ),
}
# Pieces at which parsers of such files trip.
_PIECES = (
    "", "\n", "\r\n", '"', "'", "zone", "variables =", "title", "NaN", "Inf", "*****", "1.0-100", "1e999", "-", "E",
     "D+", "i = 999999999", "i = 0", "T = 1 parsec", "T = 1e999 years", "initial", "#", "!", ";", "\0", "\x0b",
     "\x85", "\xa0", "\xb2", "'done'", "=", ",", "  ", "1.0 " * 40, "9" * 400, "#!TDV102",
     "column entry unit", "[", "]", ".",
)  # fmt: skip


@st.composite
def _mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return a file's name and its content after a few cuts, insertions, doublings and swaps of bytes."""
    name = draw(st.sampled_from(sorted(_SEEDS)))
    text = _SEEDS[name]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 40))
        change = draw(st.integers(0, 3))
        piece = draw(st.sampled_from(_PIECES)) if change == 0 else text[start : start + length] * (change - 1)
        # 0 insert a piece instead of some text, 1 leave some out, 2 cut the rest, 3 double some
        text = (
            text[:start]
            if change == 2
            else text[:start] + piece + text[start + (0 if change == 3 else length) :]
        )
    return name, text.encode("latin-1") + draw(st.one_of(st.just(b""), st.binary(max_size=4)))


def _sound_spatial(data: bytes, name: str) -> None:
    for profile in read_spatial(data, name):
        assert (
            profile.values.shape
            == (len(profile.z), len(profile.names))
            == (len(profile.z), len(profile.units))
        )
        assert len(set(profile.names)) == len(profile.names)
        assert not np.isinf(profile.values).any()
        assert np.isnan(profile.values).any() <= bool(profile.warnings)


def _sound_series(data: bytes, name: str) -> None:
    series = (read_mac if name.endswith("mac") else read_transient)(data, name)
    assert (
        series.values.shape
        == (len(series.times), len(series.names))
        == (len(series.times), len(series.units))
    )
    assert (np.diff(series.times) >= 0).all()
    assert not np.isinf(series.values).any()


def _sound_listing(data: bytes, name: str) -> None:
    for listed in read_fls(data, name).files.values():
        assert all(len(entry) == 2 for entry in listed.entries)


def _sound_deck(data: bytes, name: str) -> None:
    deck = read_deck(data, name)
    assert deck.blocks
    assert deck.end_time is None or deck.end_time == deck.end_time
    assert all(count > 0 and low < high for count, low, high in deck.intervals)
    assert len(deck.components) <= len(data)
    assert deck.time_unit
    assert all(time == time for time in deck.output_times)


_PARSERS: dict[str, Callable[[bytes, str], None]] = {
    "gst": _sound_spatial, "gsm": _sound_spatial, "gsp": _sound_spatial, "gbt": _sound_series, "mas": _sound_series,
    "dt": _sound_series, "mac": _sound_series, "fls": _sound_listing, "dat": _sound_deck,
}  # fmt: skip


def _check(case: tuple[str, bytes]) -> None:
    name, data = case
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with suppress(SimulationError):
            _PARSERS[name.rpartition(".")[2]](data, name)


def test_the_files_that_are_mutated_are_good_ones() -> None:
    """Unmutated, each is read; so that mutants begin inside the parsers and not at their doors."""
    for name, text in _SEEDS.items():
        _PARSERS[name.rpartition(".")[2]](text.encode("latin-1"), name)


@seed(20261122)
@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(_mutated())
def test_mutated_files_raise_nothing_but_our_own_error(case: tuple[str, bytes]) -> None:
    """2 000 mutants of ten kinds of file, made by a grammar that Hypothesis can shrink."""
    _check(case)


@seed(20261123)
@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.integers(0, 2**63))
def test_a_hundred_thousand_mutated_files_raise_nothing_but_our_own_error(number: int) -> None:
    """2 000 seeds of 50 mutants each; a seed that fails makes its mutants again."""
    chance = Random(number)
    for _ in range(50):
        name = chance.choice(sorted(_SEEDS))
        _check((name, _mangled(_SEEDS[name].encode("latin-1"), chance)))


def _mangled(data: bytes, chance: Random) -> bytes:
    """Return bytes after some of: a piece put in, a byte changed, a part left out, doubled or moved, the rest cut."""
    for _ in range(chance.randint(1, 4)):
        start, length = chance.randint(0, len(data)), chance.randint(0, 40)
        stop, piece = start + length, chance.choice(_PIECES).encode("latin-1")
        data = chance.choice(
            (
                data[:start] + piece + data[start:],
                data[:start] + piece + data[stop:],
                data[:start] + bytes([chance.randrange(256)]) + data[start + 1 :],
                data[:start] + data[stop:],
                data[:stop] + data[start:],
                data[start:] + data[:start],
                data[:start],
            )
        )
    return data


@seed(20261122)
@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.sampled_from(sorted(_SEEDS)), st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_our_own_error(name: str, data: bytes) -> None:
    """Noise that no grammar made."""
    _check((name, data))


@seed(20261122)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
@given(st.lists(_mutated(), min_size=1, max_size=4))
def test_a_run_with_mutated_files_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cases: list[tuple[str, bytes]]
) -> None:
    """The whole reader over a folder in which some files are damaged: a Dataset that says so, or our own error."""
    folder = tmp_path_factory.mktemp("run")
    _write(folder, {name: text.encode("latin-1") for name, text in _SEEDS.items()} | dict(cases))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            run = read_min3p(folder)
        except SimulationError:
            return
    assert run.attrs["complete"] in (0, 1)
    assert run.attrs["files_left_out"] == 0 or not run.attrs["complete"]


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)
