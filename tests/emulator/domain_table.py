"""What the domain catches, by how it judges; `python -m tests.emulator.domain_table [RASTERS]` prints it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eurosic.emulator import density
from eurosic.emulator.domain import UNUSUAL, Domain, domain_features, fit_domain
from tests.emulator.columns import SIGNATURE, designed, european, impossible, rows_of

Features = NDArray[np.float64]
Judge = Callable[[Features], NDArray[np.bool_]]
# Share of the columns that is held out, and the seeds by which they are chosen.
HELD_OUT, SEEDS = 0.3, (0, 1, 2)


def split(size: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which columns are trained on, and which are held out."""
    order = np.random.default_rng(seed).permutation(size)
    held = int(HELD_OUT * size)
    return order[held:], order[:held]


def nearest_neighbour(domain: Domain, known: Features, *, bases: int = 2000) -> Judge:
    """Return a judge of the same ranges that asks for the distance to the nearest of some known columns instead."""

    def white(features: Features) -> Features:
        return (features[:, domain.joint] - domain.mean) / domain.scale @ whitener

    lengths, directions = np.linalg.eigh(np.cov(((known[:, domain.joint] - domain.mean) / domain.scale).T))
    whitener = directions / np.sqrt(np.maximum(lengths, 0.0) + density._FLOOR**2)
    some, others = white(known[:bases]), known[bases:]

    def distance(features: Features) -> NDArray[np.float64]:
        there = white(features)
        return ((some**2).sum(axis=1) - 2.0 * there @ some.T).min(axis=1) + (there**2).sum(axis=1)

    threshold = np.quantile(distance(others), 1.0 - UNUSUAL)
    within = lambda features: ~domain._beyond(features).any(axis=1)  # noqa: E731
    return lambda features: within(features) & (distance(features) <= threshold)


def judges(known: Features, names: tuple[str, ...], seed: int) -> dict[str, Judge]:
    """Return the ways of judging that are compared, the shipped one first."""
    shipped = fit_domain(known, names, seed=seed)
    found: dict[str, Judge] = {
        "shipped: 4 parts": shipped.inside,
        "ranges alone": lambda features: ~shipped._beyond(features).any(axis=1),
        "nearest of 2000": nearest_neighbour(shipped, known),
    }
    largest = density._LARGEST
    for parts, told in ((1, "1 part (Mahalanobis)"), (2, "2 parts"), (8, "8 parts")):
        density._LARGEST = parts
        found[told] = fit_domain(known, names, seed=seed).inside
    density._LARGEST = largest
    return found


def outside_shares(data: Path | None) -> dict[str, dict[str, list[float]]]:
    """Return, by judge and kind of column, the share outside for each seed; real cells where there are data."""
    columns = designed()
    features, names = domain_features(columns, SIGNATURE)
    maps = {"real cells": domain_features(european(data), SIGNATURE)[0]} if data else {}
    found: dict[str, dict[str, list[float]]] = {}
    for seed in SEEDS:
        train, held = split(len(features), seed)
        kinds = {"held out": features[held], **maps}
        mixed = impossible(rows_of(columns, held), np.random.default_rng(seed))
        kinds |= {
            name: domain_features(rows_of(made, np.flatnonzero(broken)), SIGNATURE)[0]
            for name, (made, broken) in mixed.items()
        }
        for judge, inside in judges(features[train], names, seed).items():
            for kind, values in kinds.items():
                found.setdefault(judge, {}).setdefault(kind, []).append(float((~inside(values)).mean()))
    return found


def lines(data: Path | None) -> Iterator[str]:
    """Yield the table, in %, the mean of the seeds and each; and why real cells are outside."""
    for judge, kinds in outside_shares(data).items():
        yield judge
        for kind, shares in kinds.items():
            each = ", ".join(f"{100 * share:.2f}" for share in shares)
            yield f"  {kind:32s} {100 * np.mean(shares):6.2f}   ({each})"
    if data:
        features, names = domain_features(designed(), SIGNATURE)
        domain = fit_domain(features, names, seed=0)
        for recipe in ("europe-10km.yaml", "europe-10km-bucket.yaml"):
            cells = domain_features(european(data, recipe), SIGNATURE)[0]
            share = 100 * (~domain.inside(cells)).mean()
            yield f"{recipe}: {share:.2f} % of {len(cells)} cells outside: {domain.reasons(cells)}"


if __name__ == "__main__":
    for line in lines(Path(sys.argv[1]) if len(sys.argv) > 1 else None):
        sys.stdout.write(line + "\n")
