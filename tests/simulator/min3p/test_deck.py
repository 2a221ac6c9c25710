"""Law: a deck is its blocks and tokens; case, comments and line ends are nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.deck import deck_tokens, read_deck
from eurosic.simulator.min3p.design import INTERVALS

_DECK = """\
! a deck
'global control parameters'
'a soil; with ! in its name'   ! a title
.true.   ;flow
'done'

'time step control - global system'
'days'
0.0
730
'done'

'output control'
'output of spatial data'
5
73 146 365 500
730
'output of transient data'
1
'DONE'  ; end
"""


def test_a_deck_is_read_by_its_blocks() -> None:
    """Titles, lines and tokens of a deck made by hand."""
    deck = read_deck(_DECK, "t.dat")
    assert [block.title for block in deck.blocks] == [
        "global control parameters",
        "time step control - global system",
        "output control",
    ]
    assert deck.blocks[0].line == 2
    assert deck.blocks[0].lines[0].tokens == ("'a soil; with ! in its name'",)
    assert deck.blocks[0].lines[1].tokens == (".true.",)


def test_times_are_in_years_of_365_days() -> None:
    """Whatever the deck's unit; a time per line or four, until as many are read as announced."""
    deck = read_deck(_DECK, "t.dat")
    assert deck.output_times == pytest.approx((0.2, 0.4, 1.0, 500 / 365, 2.0))
    assert (deck.time_unit, deck.end_time) == ("days", 2.0)


def test_what_a_deck_does_not_say_is_absent() -> None:
    """No components, no intervals, no output times."""
    deck = read_deck("'x'\n'done'\n", "t.dat")
    assert (deck.components, deck.output_times, deck.end_time, deck.intervals) == ((), (), None, ())


def test_tokens_leave_out_comments() -> None:
    """Both signs, at the start of a line and behind tokens."""
    assert deck_tokens("! a\n'b' 1.d-9 ; c\n;d\n\"e\" ! f") == ["'b'", "1.d-9", "'e'"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            _DECK.replace("'done'\n\n'output", "\n'output").replace("'DONE'  ; end\n", ""),
            "line 7: block 'time step",
        ),
        ("", "holds no block"),
        ("! only a comment\n", "holds no block"),
        ("1 2 3\n'done'\n", "line 1: '1 2 3' stands outside of any block"),
        ("'x'\n'done'\n'done'\n", "line 3: .* stands outside of any block"),
    ],
)
def test_a_deck_that_is_not_closed_is_refused_with_its_block(text: str, message: str) -> None:
    """The block and the line where it was opened."""
    with pytest.raises(SimulationError, match=f"t.dat.*{message}"):
        read_deck(text, "t.dat")


def test_fewer_output_times_than_announced_are_refused() -> None:
    """MIN3P would read the next keyword as a number."""
    with pytest.raises(SimulationError, match="6 times are announced, 5 given"):
        _ = read_deck(_DECK.replace("\n5\n", "\n6\n"), "t.dat").output_times


def test_an_awkward_deck_is_that_of_its_plain_twin(awkward: Path) -> None:
    """``odd.dat``: DONE in capitals, ``!`` and ``;`` comments; all but the times asked for is as in ``gb.dat``."""
    odd = read_deck((awkward / "15_bad_decks/odd.dat").read_bytes(), "odd.dat")
    plain = read_deck((awkward / "13_gb_transient/gb.dat").read_bytes(), "gb.dat")
    assert [block.title for block in odd.blocks] == [block.title for block in plain.blocks]
    assert odd.components == plain.components
    assert odd.components[0] == "ca+2"
    assert odd.output_times == tuple(float(year) for year in range(1, 81))
    same = ("spatial discretization", "boundary conditions - reactive transport", "geochemical system")
    for title in same:
        ours = [tuple(token.lower() for token in line.tokens) for line in odd.block(title).lines]
        assert ours == [line.tokens for line in plain.block(title).lines]


def test_a_cut_deck_names_the_block_that_is_not_closed(awkward: Path) -> None:
    """``cut.dat`` stops inside the initial condition."""
    with pytest.raises(SimulationError, match="block 'initial condition - reactive transport' is not closed"):
        read_deck((awkward / "15_bad_decks/cut.dat").read_bytes(), "cut.dat")


def test_every_real_deck_is_read(min3p_data: Path) -> None:
    """Those with futures and those beside runs: 80 output years, a column of 2 m, 11 components."""
    decks = [*min3p_data.glob("decks/*.dat"), *min3p_data.glob("runs/*/*.dat")]
    assert len(decks) == 18
    for path in decks:
        deck = read_deck(path.read_bytes(), path.name)
        assert deck.output_times == tuple(float(year) for year in range(1, 81)), path.name
        assert (deck.intervals, deck.end_time, len(deck.components)) == (INTERVALS, 80.0, 11)
        assert len(deck.blocks) == 15
