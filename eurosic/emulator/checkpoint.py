"""Checkpoints of a training: one file, replaced all at once, that only the training which wrote it takes up.

*Enters:* what a training holds: tensors, numbers, its digest. *Leaves:* the file, or what it held. Nothing in such a
file is executed when it is opened. It must not know what is trained. *Source:* torch.load with `weights_only`.
"""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from eurosic.base.errors import TrainingError


def write_checkpoint(path: Path, kept: dict[str, Any]) -> None:
    """Write what a training holds, with its `digest`, in place of what it held before."""
    beside = path.with_suffix(".part")
    torch.save(kept, beside)
    beside.replace(path)


def open_checkpoint(path: Path, digest: str, *, device: str) -> dict[str, Any] | None:
    """Return what the training of this digest held, or None if it has not begun.

    Raises
    ------
    TrainingError
        If the file cannot be read, or belongs to another training.
    """
    if not path.exists():
        return None
    try:
        kept: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, OSError, EOFError, UnpicklingError) as error:
        raise TrainingError(
            str(path),
            f"cannot be read ({type(error).__name__})",
            wanted="a checkpoint",
            do="Delete it, and train again.",
        ) from error
    if kept.get("digest") != digest:
        raise TrainingError(
            str(path),
            "belongs to another training",
            wanted="no checkpoint, or one of this recipe, ensemble and member",
            do="Choose another --out; nothing was changed.",
        )
    return kept
