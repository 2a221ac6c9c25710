"""MIN3P's control volumes: from the intervals of a deck, or from the nodes that its outputs print.

Station: under the readers and the deck writer. *Enters:* intervals, or heights of nodes. *Leaves:* nodes and
limits, m above the bottom (z = 0). MIN3P puts a node on the bottom and one on the surface, each with half a
volume; every other node stands in the middle of its volume. *Source:* data/min3p/README.md, and outputs of
MIN3P 2.6.2.880, whose initial masses these limits reproduce.
"""

from __future__ import annotations

import numpy as np

from eurosic.simulator.min3p.fortran import Array

# Number of volumes, lower and upper limit (m above the bottom) of each interval of z.
Intervals = tuple[tuple[int, float, float], ...]


def grid_of(intervals: Intervals) -> tuple[Array, Array]:
    """Return nodes ``(volume,)`` and limits ``(volume + 1,)`` of a deck's intervals, m above the bottom.

    Examples
    --------
    >>> nodes, limits = grid_of(((2, 0.0, 0.3), (2, 0.3, 0.6)))
    >>> nodes.round(3).tolist(), limits.round(3).tolist()
    ([0.0, 0.2, 0.4, 0.6], [0.0, 0.1, 0.3, 0.5, 0.6])
    """
    limits = [intervals[0][1]]
    for i, (count, low, high) in enumerate(intervals):
        first, last = i == 0, i == len(intervals) - 1
        step = (high - low) / max(count - 0.5 * (first + last), 0.5)
        limits += [low + step * (j + 1 - 0.5 * first) for j in range(count - 1)] + [high]
    edges = np.array(limits)
    nodes = (edges[1:] + edges[:-1]) / 2
    nodes[0], nodes[-1] = edges[0], edges[-1]
    return nodes, edges


def volume_limits(z: Array) -> Array:
    """Return the limits of the control volumes, m above the bottom, shape ``(volume + 1,)``, from their nodes.

    MIN3P puts the first node on the bottom and the last on the surface, each with half a volume, and every
    other node in the middle of its volume; so each limit mirrors the one below it at the node between them.

    Parameters
    ----------
    z
        Heights of the nodes, increasing, m, shape ``(volume,)``.

    Examples
    --------
    >>> volume_limits(np.array([0.0, 0.2, 0.4, 0.56, 0.68, 0.8])).round(3).tolist()
    [0.0, 0.1, 0.3, 0.5, 0.62, 0.74, 0.8]
    """
    if len(z) == 1:
        return np.array([np.nan, np.nan])
    limits = np.empty(len(z) + 1)
    limits[0], limits[1] = z[0], (z[0] + z[1]) / 2
    for i in range(1, len(z) - 1):
        limits[i + 1] = 2 * z[i] - limits[i]
    limits[-1] = z[-1]
    inside = (limits[1:] >= z) & (limits[:-1] <= z) & (np.diff(limits) > 0)
    # A grid that is not built of such blocks (fracture or user-given nodes) falls back on the midpoints.
    return limits if inside.all() else np.concatenate([z[:1], (z[1:] + z[:-1]) / 2, z[-1:]])
