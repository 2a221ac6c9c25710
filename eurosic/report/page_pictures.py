"""Figures of a run, made small enough for a page.

*Enters:* PNG of a slide. *Leaves:* PNG of half the width and few colours, the colours of its legend unchanged. Must
not draw.
"""

from __future__ import annotations

import io

from PIL import Image

# Dots across, and colours: letters stay readable, and a map of steps has no more.
_WIDTH, _COLOURS = 720, 64


def shrunk(png: bytes, *, width: int = _WIDTH) -> bytes:
    """Return a PNG of at most `width` dots across and 64 colours, those that cover most of the figure."""
    with Image.open(io.BytesIO(png)) as image:
        plain = image.convert("RGB")
    across = min(width, plain.width)
    size = (across, round(plain.height * across / plain.width))
    small = plain.resize(size, Image.Resampling.LANCZOS)
    few = small.quantize(palette=_palette(plain), dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, format="PNG", optimize=True)
    return out.getvalue()


def _palette(image: Image.Image) -> Image.Image:
    """Return the commonest colours of a figure.

    They are the flat ones: land, sea, classes and ink. Quantisers that halve colour space mix a class that covers
    little with its neighbour, and a map then lies about its legend.
    """
    counted = image.getcolors(maxcolors=image.width * image.height) or []
    common = [colour for _, colour in sorted(counted, key=lambda found: found[0], reverse=True)[:_COLOURS]]
    palette = Image.new("P", (1, 1))
    flat = [channel for colour in common if isinstance(colour, tuple) for channel in colour]
    palette.putpalette(flat + flat[:3] * (256 - len(common)))
    return palette
