"""Writing of figures for papers: PNG and PDF of each, and its caption as text, each file whole or absent.

*Enters:* finished figures with captions, a folder. *Leaves:* files. Must not draw. Fonts are embedded as TrueType, so
that a journal's checks pass and text stays text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl

from eurosic.report.export import whole
from eurosic.report.paper import Captioned

# Dots an inch of the PNG; what journals ask of figures with lines and areas.
_DPI = 300
_TRUETYPE = 42


def write_captioned(figures: Mapping[str, Captioned], folder: Path) -> list[Path]:
    """Write ``NAME.png``, ``NAME.pdf`` and ``NAME.txt`` (the caption) of each figure and return the paths.

    Raises
    ------
    StoreError
        If one cannot be written.
    """
    paths = []
    for name, made in figures.items():
        # No date and no version in the files: equal runs give equal figures.
        with mpl.rc_context({"pdf.fonttype": _TRUETYPE}):
            with whole(folder / f"{name}.png") as aside:
                made.figure.savefig(aside, format="png", dpi=_DPI, metadata={"Software": None})
            with whole(folder / f"{name}.pdf") as aside:
                unsaid = {"CreationDate": None, "Creator": None, "Producer": None}
                made.figure.savefig(aside, format="pdf", dpi=_DPI, metadata=unsaid)
        with whole(folder / f"{name}.txt") as aside:
            aside.write_text(made.caption, encoding="utf-8", newline="\n")
        paths += [folder / f"{name}.{kind}" for kind in ("png", "pdf", "txt")]
    return paths
