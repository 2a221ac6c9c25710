"""A MIN3P deck (``prefix.dat``) as blocks of lines, and what a reader of its outputs asks of it.

Station: beside the readers of output, and the mirror of `deck_write`. *Enters:* the bytes of a deck. *Leaves:*
a `Deck`: quoted block titles closed by ``'done'``, each line as tokens with its place; ``!`` and ``;`` start
comments, words are matched without case. It must not judge whether MIN3P would accept the deck.
*Source:* SCIENCE.md section 3; decks of MIN3P 2.6.2.880.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.fortran import parse_number
from eurosic.simulator.min3p.grid import Intervals
from eurosic.simulator.min3p.times import years

_MANY = 100_000  # a count above it is damage, not a deck
_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|[!;]|[^\s'\"!;,]+")


@dataclass(frozen=True)
class DeckLine:
    """A line that is not empty: its number in the file and its tokens; quoted tokens keep single quotes."""

    number: int
    tokens: tuple[str, ...]

    @property
    def key(self) -> str:
        """The first token in lower case without quotes, empty where it is not quoted."""
        return self.tokens[0][1:-1].strip().lower() if self.tokens[0].startswith("'") else ""


@dataclass(frozen=True)
class Block:
    """The lines between a quoted title and ``'done'``."""

    title: str
    line: int
    lines: tuple[DeckLine, ...]

    def after(self, key: str) -> tuple[DeckLine, ...]:
        """Return the lines that follow the quoted word `key`, none where the block does not hold it."""
        for i, line in enumerate(self.lines):
            if line.key == key.lower():
                return self.lines[i + 1 :]
        return ()


@dataclass(frozen=True)
class Deck:
    """The blocks of a deck, in order."""

    where: str
    blocks: tuple[Block, ...]

    def block(self, title: str) -> Block:
        """Return the block of a title; without lines where the deck has none."""
        found = (block for block in self.blocks if block.title == title.lower())
        return next(found, Block(title, 0, ()))

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components, in the order in which ``.mac`` and ``.mae`` are numbered."""
        lines = self.block("geochemical system").after("components")
        count = _integer(lines[0]) if lines else 0
        return tuple(line.key for line in lines[1 : 1 + count])

    @property
    def time_unit(self) -> str:
        """Unit of all times of the deck and of its outputs, as MIN3P spells it."""
        lines = self.block("time step control - global system").lines
        return lines[0].key if lines and lines[0].key else "years"

    @property
    def output_times(self) -> tuple[float, ...]:
        """Times of spatial output asked for, MIN3P years."""
        lines = self.block("output control").after("output of spatial data")
        count = _integer(lines[0]) if lines else 0
        tokens: list[str] = []
        # Four to a line as MIN3P wants them, but any number is understood; the next keyword ends the list.
        for line in lines[1:]:
            if line.key or len(tokens) >= count:
                break
            tokens.extend(line.tokens)
        values = [parse_number(token) for token in tokens[:count]]
        if len(values) != count or any(value is None or value != value for value in values):
            raise SimulationError(
                f"{self.where}, output of spatial data",
                f"{count} times are announced, {len(values)} given",
                wanted="as many times as announced, four to a line",
            )
        return tuple(years(value, self.time_unit, self.where) for value in values if value is not None)

    @property
    def end_time(self) -> float | None:
        """Time at which the run should end, MIN3P years; None where the deck does not say."""
        lines = self.block("time step control - global system").lines
        value = parse_number(lines[2].tokens[0]) if len(lines) > 2 else None
        return None if value is None or value != value else years(value, self.time_unit, self.where)

    @property
    def intervals(self) -> Intervals:
        """Volumes and limits (m above the bottom) of each interval of z; none where the deck does not say."""
        tokens = [token for line in self.block("spatial discretization").lines for token in line.tokens]
        numbers = [parse_number(token) for token in tokens]
        values = [value for value in numbers if value is not None and np.isfinite(value)]
        found: list[tuple[int, float, float]] = []
        at = 0
        # Numbers carry no keys here, so that the block is read as MIN3P does, in order, and to its end:
        # x, y and z in turn: how many intervals, then for each its number of volumes and its limits
        while len(values) == len(numbers) and at < len(values) and 1 <= values[at] <= _MANY:
            count, at = int(values[at]), at + 1
            triples = [values[at + 3 * i : at + 3 * i + 3] for i in range(count)]
            if any(
                len(triple) < 3 or not (1 <= triple[0] <= _MANY and triple[1] < triple[2])
                for triple in triples
            ):
                return ()
            found = [(int(number), low, high) for number, low, high in triples]
            at += 3 * count
        joined = all(below[2] == above[1] for below, above in pairwise(found))
        return tuple(found) if found and joined and at == len(values) else ()


def read_deck(data: bytes | str, where: str) -> Deck:
    """Return a deck as blocks of tokens.

    Parameters
    ----------
    data
        Content of ``prefix.dat``.
    where
        Its name, for messages.

    Raises
    ------
    SimulationError
        If it holds no block, a block is not closed by ``'done'``, or a line stands outside of any.
    """
    text = data if isinstance(data, str) else data.decode("latin-1")
    blocks: list[Block] = []
    title, opened = "", 0
    lines: list[DeckLine] = []
    # The first line after a closed block is the next one's title, whatever it says.
    for line in _lines(text):
        if not title:
            title, opened = _open_block(line, where), line.number
        elif line.key == "done":
            blocks.append(Block(title, opened, tuple(lines)))
            title, lines = "", []
        else:
            lines.append(line)
    if title:
        raise SimulationError(
            f"{where}, line {opened}",
            f"block '{title}' is not closed",
            wanted="'done' after its last line",
            do="The deck is cut or lacks a 'done'.",
        )
    if not blocks:
        raise SimulationError(where, "holds no block", wanted="a MIN3P deck")
    return Deck(where, tuple(blocks))


def deck_tokens(text: bytes | str) -> list[str]:
    """Return all tokens of a deck in order, without comments: what two decks are compared by.

    Examples
    --------
    >>> deck_tokens("'second' 1.7e-09  ;m/s")
    ["'second'", '1.7e-09']
    """
    spelled = text if isinstance(text, str) else text.decode("latin-1")
    return [token for line in _lines(spelled) for token in line.tokens]


def _lines(text: str) -> list[DeckLine]:
    lines = []
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        tokens: list[str] = []
        # Comment signs count outside quotes only: names may hold them.
        for token in _TOKEN.findall(raw):
            if token in "!;":
                break
            tokens.append(f"'{token[1:-1]}'" if token[0] == '"' else token)
        if tokens:
            lines.append(DeckLine(number, tuple(tokens)))
    return lines


def _open_block(line: DeckLine, where: str) -> str:
    if not line.key or line.key == "done":
        raise SimulationError(
            f"{where}, line {line.number}",
            f"{' '.join(line.tokens)[:40]!r} stands outside of any block",
            wanted="a quoted block title",
            do="A 'done' may stand too early, or a title may have lost a quote.",
        )
    return line.key


def _integer(line: DeckLine) -> int:
    value = parse_number(line.tokens[0])
    return int(value) if value is not None and 0 <= value <= _MANY else 0
