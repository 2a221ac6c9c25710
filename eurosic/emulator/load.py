"""Opening an emulator: card and weights tried against each other, then a predictor made of them.

*Enters:* the folder of a card. *Leaves:* an `Emulator`. What was changed by hand, cut off, exchanged or written for
another vocabulary is refused before anything is predicted. In a process, a card is opened once, however many tiles
ask for it. *Source:* DESIGN.md sections 3 and 6.
"""

from __future__ import annotations

import copyreg
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from eurosic.base.errors import CardError
from eurosic.base.signature import Signature
from eurosic.emulator.calibration import Spread
from eurosic.emulator.card import Card, read_card
from eurosic.emulator.card_check import check_signature, signature_of
from eurosic.emulator.domain import Domain
from eurosic.emulator.network import Network, Sizes
from eurosic.emulator.packing import Arrays
from eurosic.emulator.predict import Emulator
from eurosic.emulator.weights_store import frame_from, read_weights

_PARTS = ("network", "frame", "domain", "spread")


def load_emulator(path: str | Path, offered: Signature | None = None) -> Emulator:
    """Return the emulator of a card's folder, ready to predict; `offered` is what the inputs give, where it is known.

    Raises
    ------
    CardError
        If card or weights are missing, damaged, changed or exchanged, or a member is missing.
    UnitError
        If the card names a feature in another unit than the vocabulary, or the inputs offer it in another.
    PredictorError
        If the inputs offer other features than the card's, or in another order.
    """
    folder = Path(path)
    card = read_card(folder)
    if offered is not None:
        check_signature(card.signature, offered, str(folder))
    parts = read_weights(folder, _PARTS)
    network = network_of(parts["network"], str(folder))
    _check_members(card, network, str(folder))
    return Emulator(
        name=card.name,
        digest=card.digest,
        folder=folder.resolve(),
        signature=signature_of(card.signature, str(folder)),
        network=network,
        frame=frame_from(parts["frame"]),
        domain=Domain.from_arrays(parts["domain"]),
        spread=Spread.from_arrays(parts["spread"]),
    )


def network_of(arrays: Arrays, where: str) -> Network:
    """Return the network whose weights are given by name.

    Raises
    ------
    CardError
        If they are not the weights of one network.
    """
    try:
        members, width, _ = arrays["through"].shape
        context, features = arrays["inner.0.weight"].shape[1:]
        network = Network(Sizes(members, features, context, width))
        tensors = {name: torch.from_numpy(np.asarray(values, np.float32)) for name, values in arrays.items()}
        network.load_state_dict(tensors)
    except (KeyError, RuntimeError, ValueError) as error:
        raise CardError(
            where, f"holds weights of no network ({error})", do="Train the emulator again."
        ) from error
    return network.eval()


def _check_members(card: Card, network: Network, where: str) -> None:
    promised = card.network.get("members")
    if promised != network.sizes.members:
        raise CardError(
            where,
            f"holds {network.sizes.members} members",
            wanted=f"the {promised} of its card",
            do="Train the emulator again.",
        )


@lru_cache(maxsize=8)
def opened_once(folder: str, digest: str) -> Emulator:
    """Return the emulator of a folder, opened once a process.

    Raises
    ------
    CardError
        If the folder holds another card than that of the digest by now, or none that can be read.
    """
    emulator = load_emulator(folder)
    if emulator.digest != digest:
        raise CardError(
            folder,
            f"holds the card {emulator.digest[:12]}",
            wanted=f"{digest[:12]}, with which the run began",
            do="Put that card back, or begin another run.",
        )
    return emulator


def _reduced(emulator: Emulator) -> tuple[object, tuple[str, str]]:
    # An emulator travels as a folder and a digest: weights in every task would be sent a thousand times.
    return opened_once, (str(emulator.folder), emulator.digest)


copyreg.pickle(Emulator, _reduced)  # type: ignore[arg-type]
