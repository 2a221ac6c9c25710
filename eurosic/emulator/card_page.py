"""A card as one page that a person reads: what it is, how well it does, what its intervals cover, what not to ask.

*Enters:* a `Card`. *Leaves:* Markdown. Shows the last horizon; the card holds every row. Must not write.
*Source:* Mitchell et al. (2019), Model cards for model reporting, Proc. FAT*, 220-229.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from eurosic.emulator.card import ALL, Card, SkillRow
from eurosic.emulator.coverage import CoverageRow


def render_card(card: Card) -> str:
    """Return a card as a page of Markdown."""
    return "\n".join(
        [
            *_head(card),
            *_skill("Skill on test simulations", card.skill),
            *_kinds(card.skill),
            *_skill("Fluxes", card.fluxes),
            *(_named("Measures", card.measures.items()) if card.measures else ()),
            *_coverage(card.coverage),
            *_named("Domain", card.domain.items()),
            "## Limits",
            "",
            *(f"- {limit}" for limit in card.limits),
            "",
        ]
    )


def _head(card: Card) -> Iterator[str]:
    trained = card.trained_on
    split = ", ".join(f"{count} {name}" for name, count in trained.split.items())
    yield from (f"# {card.name}: {card.title}", "")
    yield f"Trained on {trained.simulations} simulations of {trained.engine} ({split}; seed {trained.seed})."
    digests = (trained.ensemble_digest, trained.recipe_digest, card.digest)
    yield "Ensemble `{}`, recipe `{}`, card `{}`,".format(*(digest[:12] for digest in digests))
    yield f"written {card.created} by eurosic {card.versions.get('eurosic', 'unknown')}; format `{card.format}`."
    size = sum(weights.bytes for weights in card.weights)
    yield f"Weights: {', '.join(weights.file for weights in card.weights)}, {size / 1e6:.2f} MB."
    yield from ("", *_named("Network", card.network.items()))


def _named(title: str, values: Iterable[tuple[str, object]]) -> Iterator[str]:
    yield from (f"## {title}", "")
    yield from (f"- {name.replace('_', ' ')}: {_number(value)}" for name, value in values)
    yield ""


def _skill(title: str, rows: Sequence[SkillRow]) -> Iterator[str]:
    """Yield the table of the last horizon, all kinds of trajectory together, and name the worst regime."""
    last = max((row.horizon for row in rows), default=0)
    shown = [row for row in rows if row.horizon == last and row.kind == ALL]
    if not shown:
        return
    yield from (f"## {title}, year {last}", "")
    yield from _table(
        ("target", "depth", "regime", "n", "R2", "MAE", "RMSE", "bias", "unit"),
        ((r.target, r.depth, r.regime, r.n, r.r2, r.mae, r.rmse, r.bias, r.unit) for r in shown),
    )
    by_regime = [row for row in shown if row.regime != ALL and row.r2 is not None]
    if by_regime:
        worst = min(by_regime, key=lambda row: row.r2 if row.r2 is not None else 1.0)
        yield f"The worst: {worst.target} where {worst.regime}, R2 {_number(worst.r2)} of {worst.n} simulations."
        yield ""


def _kinds(rows: Sequence[SkillRow]) -> Iterator[str]:
    last = max((row.horizon for row in rows), default=0)
    shown = [row for row in rows if row.horizon == last and row.kind != ALL and row.regime == ALL]
    if shown:
        yield from (f"## By kind of nitrogen trajectory, year {last}", "")
        yield from _table(
            ("target", "depth", "kind", "n", "R2", "MAE", "bias", "unit"),
            ((r.target, r.depth, r.kind, r.n, r.r2, r.mae, r.bias, r.unit) for r in shown),
        )


def _coverage(rows: Sequence[CoverageRow]) -> Iterator[str]:
    if not rows:
        return
    within, exact = sum(row.within for row in rows), sum(row.within_exact for row in rows)
    yield from ("## What intervals of 90 % cover of test simulations", "")
    yield f"{within} of {len(rows)} rows lie within the 99 % binomial bounds of their number, {exact} within those"
    yield from ("that count the number of calibration simulations too.", "")
    yield from _table(
        ("target", "regime", "year", "n", "covered", "bounds", "within", "median half-width"),
        (
            (r.target, r.regime, r.horizon, r.simulations, r.covered, f"{_number(r.low)}-{_number(r.high)}",
             "yes" if r.within else "**no**", r.half_width)
            for r in rows
        ),
    )  # fmt: skip


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    yield from (f"| {' | '.join(_number(value) for value in row)} |" for row in rows)
    yield ""


def _number(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
