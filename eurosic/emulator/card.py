"""The card: the text beside the weights, which says what they take and give, how well, and where not to trust them.

*Enters:* a `Card` and the files of the weights, or a folder. *Leaves:* `card.yaml`, or the card that it holds. A card
is read by people and checked by machines: its digest covers every value, and the digests of the weights are among
them, so that neither can be changed or exchanged alone. It must not open the weights: that is the loader's work.
*Source:* Mitchell et al. (2019), Model cards for model reporting, Proc. FAT*, 220-229.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eurosic.base.errors import CardError
from eurosic.base.provenance import digest_of, file_digest
from eurosic.emulator.card_text import from_yaml, made, rounded, to_yaml
from eurosic.emulator.coverage import CoverageRow

FORMAT = "eurosic emulator 1"
CARD = "card.yaml"
# Every kind, regime or depth together.
ALL = "all"
_HEAD = """\
# The card of an emulator of eurosic: what its weights take and give, how well, and where not to trust them.
# Written by `eurosic train`. Do not edit it: `digest` covers every value below and the digests of the weights,
# and a card that was changed by hand is refused. Comments are not values. Numbers have four significant digits.
"""

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Feature:
    """A covariate, state, driver or target: its name and unit in the vocabulary, and the range trained on."""

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True)
class CardSignature:
    """What the emulator takes and gives, each in the order of its arrays."""

    covariates: tuple[Feature, ...]
    states: tuple[Feature, ...]
    drivers: tuple[Feature, ...]
    targets: tuple[Feature, ...]


@dataclass(frozen=True)
class TrainedOn:
    """The simulations that it learned: who made them, their digests, and how they were split."""

    engine: str
    ensemble_digest: str
    recipe_digest: str
    simulations: int
    split: Mapping[str, int]
    seed: int


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights in the card's folder, its SHA-256 digest and length."""

    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class SkillRow:
    """Skill on test simulations; `horizon` in years since the start, `kind` of nitrogen trajectory.

    `r2` is None where the simulations do not differ.
    """

    target: str
    depth: str
    regime: str
    horizon: int
    kind: str
    n: int
    r2: float | None
    mae: float
    rmse: float
    bias: float
    unit: str


@dataclass(frozen=True)
class Card:
    """All that an emulator promises; `digest` is filled in when it is written.

    `measures` holds what has no row of a table, such as how well mass closes or how often a sign is right.
    """

    name: str
    title: str
    created: str
    signature: CardSignature
    trained_on: TrainedOn
    network: Mapping[str, Value]
    weights: tuple[WeightsFile, ...]
    skill: tuple[SkillRow, ...]
    fluxes: tuple[SkillRow, ...]
    coverage: tuple[CoverageRow, ...]
    domain: Mapping[str, Value]
    limits: tuple[str, ...]
    versions: Mapping[str, str]
    measures: Mapping[str, Value] = field(default_factory=dict)
    format: str = FORMAT
    digest: str = ""


def weights_of(path: Path) -> WeightsFile:
    """Return what a card says of a file of weights."""
    return WeightsFile(path.name, file_digest(path), path.stat().st_size)


def write_card(folder: Path, card: Card) -> Card:
    """Write `card.yaml` beside its weights, all of it or nothing, and return the card with its digest, as read.

    Raises
    ------
    CardError
        If the weights are not in the folder, or are not those of the card.
    """
    check_weights(folder, card)
    # Digested as it will be read: numbers rounded, tuples as lists.
    content = _content(card)
    content["digest"] = digest_of(content)
    partial = folder / f".{CARD}.{os.getpid()}.partial"
    with partial.open("w", encoding="utf-8") as stream:
        stream.write(_HEAD + to_yaml(content))
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(folder / CARD)
    return read_card(folder)


def read_card(folder: Path) -> Card:
    """Return the card of a folder, after trying that it and the weights beside it are as they were written.

    Raises
    ------
    CardError
        If the card is missing, is no card, has a format that is not known, or was changed; or if a file of weights is
        missing, cut off or another.
    """
    path = folder / CARD
    if not path.is_file():
        do = "Name the folder of a card."
        raise CardError(str(path), "there is no card", wanted="an emulator's folder", do=do)
    content = from_yaml(path.read_bytes(), str(path))
    if content.get("format") != FORMAT:
        raise CardError(
            str(path),
            f"format is {content.get('format')!r}",
            wanted=repr(FORMAT),
            do="Use the version of eurosic that wrote it, or train the emulator again.",
        )
    told = content.get("digest")
    found = digest_of({name: value for name, value in content.items() if name != "digest"})
    if told != found:
        raise CardError(
            str(path),
            f"its values have the digest {found[:12]}",
            wanted=f"{str(told)[:12]}, as it says itself",
            do="It was changed after it was written: take it and its weights from where they came, or train again.",
        )
    card: Card = made(Card, content, str(path))
    check_weights(folder, card)
    return card


def check_weights(folder: Path, card: Card) -> None:
    """Raise unless every file of weights is in the folder and is the one that the card names.

    Raises
    ------
    CardError
        Naming the first that is missing, cut off or another.
    """
    again = "Take the card and its weights from where they came, together, or train again."
    for weights in card.weights:
        path = folder / weights.file
        if not path.is_file():
            raise CardError(str(path), "is missing", wanted=f"weights of {weights.bytes} bytes", do=again)
        size = path.stat().st_size
        # A length tells a download that broke off from a file of other weights, and costs nothing.
        if size != weights.bytes:
            cut = "cut off or exchanged" if size < weights.bytes else "exchanged"
            raise CardError(str(path), f"{size} bytes, {cut}", wanted=f"{weights.bytes} bytes", do=again)
        digest = file_digest(path)
        if digest != weights.sha256:
            came, wanted = f"other weights, of SHA-256 {digest[:12]}", f"{weights.sha256[:12]}"
            raise CardError(str(path), came, wanted=wanted, do=again)


def _content(card: Card) -> dict[str, Any]:
    content: dict[str, Any] = rounded(asdict(card))
    # People read what it is before what it is made of.
    first = ("name", "format", "title", "created", "versions")
    return {name: content[name] for name in (*first, *(n for n in content if n not in (*first, "digest")))}
