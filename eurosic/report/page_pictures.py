"""Figures of a run, made small enough for a page.

*Enters:* PNG of a slide. *Leaves:* PNG of half the width and few colours. Must not draw.
"""

from __future__ import annotations

import io

from PIL import Image

# Dots across, and colours: letters stay readable, and a map of steps has no more.
_WIDTH, _COLOURS = 720, 24


def shrunk(png: bytes, *, width: int = _WIDTH) -> bytes:
    """Return a PNG of at most `width` dots across and 24 colours."""
    with Image.open(io.BytesIO(png)) as image:
        across = min(width, image.width)
        size = (across, round(image.height * across / image.width))
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        few = small.quantize(_COLOURS, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, format="PNG", optimize=True)
    return out.getvalue()
