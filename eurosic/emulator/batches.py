"""How many cells go through a network at once, so that what a cell is told does not depend on where it stands.

*Enters:* the number of variants of a projection. *Leaves:* the cells of a micro-batch. A matrix product takes columns
in blocks, and the last of them, where it is not full, by other instructions, whose sums differ in the last bit: a
micro-batch is full blocks only. Must not know torch. *Source:* measured, docs/7-engine.md.
"""

from __future__ import annotations

# Rows of a micro-batch, variants times cells, of one variant.
ROWS = 2048
# Blocks are 32 columns with 256-bit vectors, 64 with 512-bit ones.
_BLOCK = 64


def micro_batch(variants: int) -> int:
    """Return the number of cells of a micro-batch.

    Examples
    --------
    >>> [micro_batch(variants) for variants in (1, 3, 9, 100)]
    [2048, 640, 192, 64]
    """
    return max(_BLOCK, ROWS // variants // _BLOCK * _BLOCK)
