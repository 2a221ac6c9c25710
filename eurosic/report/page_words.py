"""What a report says in sentences, made from the numbers of the run and from nothing else.

*Enters:* the table of totals and the record of a run. *Leaves:* plain texts and titles. Must not make HTML.
A difference below a tenth of the baseline's own change is called small, as in the summary of a run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from eurosic.base.pathway import BASELINE
from eurosic.report.summary import SMALL
from eurosic.report.totals import EUROPE, MINUS

CHANGE = "sic_change_0_200cm_TgC"
RATE = "sic_change_rate_0_200cm_kgC_ha_yr"
CO2 = "co2_to_air_from_carbonate_TgCO2"
_COUNT = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@dataclass(frozen=True)
class Ends:
    """Europe's row of each pathway in the last year, by pathway, and what it is compared with."""

    rows: pd.DataFrame
    first: int
    last: int

    @property
    def area(self) -> float:
        """Calcareous arable area, Mha."""
        return float(self.rows["area_Mha"].iloc[0])

    @property
    def whole(self) -> float:
        """The baseline's own change, Tg C."""
        return self.of(BASELINE, CHANGE)

    @property
    def others(self) -> list[str]:
        """Pathways besides the baseline."""
        return [str(name) for name in self.rows.index if name != BASELINE]

    def of(self, pathway: str, column: str) -> float:
        """Return a number of the last year."""
        return float(self.rows.loc[[pathway], column].iloc[0])

    def share(self, pathway: str) -> float:
        """Return the difference from baseline as a share of the size of the baseline's own change."""
        return abs(self.of(pathway, CHANGE + MINUS)) / abs(self.whole) if self.whole else float("inf")

    def small(self, pathway: str) -> bool:
        """Return whether a pathway's effect is below a tenth of the baseline's own change."""
        return self.share(pathway) < SMALL

    @property
    def strongest(self) -> str | None:
        """The pathway that differs most from the baseline; None where there is no other."""
        return max(self.others, key=lambda name: abs(self.of(name, CHANGE + MINUS)), default=None)


def ends_of(totals: pd.DataFrame) -> Ends:
    """Return Europe's last row of each pathway of `totals.csv`."""
    europe = totals[totals["country"] == EUROPE]
    first, last = int(europe["year"].min()), int(europe["year"].max())
    return Ends(europe[europe["year"] == last].set_index("pathway"), first, last)


def number(value: float) -> str:
    """Return a signed number of three digits with the typographic minus, never with an exponent.

    Examples
    --------
    >>> number(9.656), number(-98.79), number(-0.000123), number(0.0)
    ('+9.66', '−98.8', '−0.000123', '0')
    """
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + amount(value)


def amount(value: float) -> str:
    """Return the size of a number in three digits, without its sign."""
    size = abs(float(f"{value:.3g}"))
    decimals = max(0, 2 - math.floor(math.log10(size))) if size else 0
    return f"{size:.{min(decimals, 9)}f}"


def thousands(count: int) -> str:
    """Return a number of things with a space between thousands.

    Examples
    --------
    >>> thousands(540016)
    '540\u202f016'
    """
    return f"{count:,}".replace(",", "\u202f")


def percent(share: float) -> str:
    """Return a share in per cent, two digits, without an exponent.

    Examples
    --------
    >>> percent(0.0213), percent(0.9961), percent(20.0)
    ('2.1 %', '100 %', '2000 %')
    """
    return f"{100 * share:.2g} %" if abs(share) < 0.995 else f"{100 * share:.0f} %"


def titles_of(recipe: Mapping[str, object], pathways: Sequence[str]) -> dict[str, str]:
    """Return what each pathway is called for people: its title in the recipe, or what can be said without one."""
    told = recipe.get("pathways")
    spoken = told if isinstance(told, dict) else {}
    named = {name: str((spoken.get(name) or {}).get("title") or "") for name in pathways}
    plain = {BASELINE: "nitrogen use stays as it is"}
    return {name: title or plain.get(name, "no title in the recipe") for name, title in named.items()}


def found_sentences(
    ends: Ends, titles: Mapping[str, str], stock: float, *, within: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """Return the sentences that a reader takes away: the loss, what pathways change of it, and what goes to the air.

    `stock` is the carbon in carbonate at the start, Tg, to 2 m; `within` has the interval of the baseline's change
    and of the strongest pathway's difference, by pathway, where there are any.
    """
    verb = "lose" if ends.whole < 0 else "gain"
    yearly = amount(ends.of(BASELINE, RATE))
    share = f" That is {percent(abs(ends.whole) / stock)} of what lies there." if stock > 0 else ""
    lost = f"{amount(ends.whole)}{_ranged(within, BASELINE)}"
    sentences = [
        f"From {ends.first} to {ends.last}, the {ends.area:.3g} million hectares of calcareous arable soil in this"
        f" run {verb} {lost} million tonnes of inorganic carbon (0–200 cm) if nitrogen use stays as it is:"
        f" {yearly} kg of carbon per hectare and year.{share}"
    ]
    strongest = ends.strongest
    if strongest is not None:
        sentences += [
            *_pathway_sentences(ends, titles, strongest, _ranged(within, strongest)),
            _air_sentence(ends, titles, strongest),
        ]
    return sentences


def _ranged(within: Mapping[str, str], pathway: str) -> str:
    return f" (90 %: {within[pathway]})" if pathway in within else ""


def _pathway_sentences(ends: Ends, titles: Mapping[str, str], strongest: str, within: str) -> list[str]:
    change = ends.of(strongest, CHANGE + MINUS)
    kept = "keeps" if change > 0 else "loses"
    more = "of it" if change > 0 and ends.whole < 0 else "more"
    told = (
        f"The pathway that changes most, “{titles[strongest]}” ({strongest}), {kept} {amount(change)}{within} million"
        f" tonnes {more}, {percent(ends.share(strongest))} of the baseline's change"
        f"{': even this is a small effect.' if ends.small(strongest) else '.'}"
        f"{f' The other {percent(1 - ends.share(strongest))} of the loss goes on.' if more == 'of it' else ''}"
    )
    small = [name for name in ends.others if ends.small(name) and name != strongest]
    if not small:
        return [told]
    count = _COUNT[len(small)] if len(small) < len(_COUNT) else str(len(small))
    which = f"The {len(small)} others" if len(small) == len(ends.others) - 1 else f"{count} others"
    if len(small) == 1:
        which = "The other" if len(ends.others) == 2 else "One other"
    verb, effect = ("is", "a small effect") if len(small) == 1 else ("are", "small effects")
    shares = ", ".join(f"{name} {percent(ends.share(name))}" for name in small)
    return [told, f"{which} {verb} {effect}, below a tenth of that change: {shares}."]


def _air_sentence(ends: Ends, titles: Mapping[str, str], strongest: str) -> str:
    base, apart = ends.of(BASELINE, CO2), ends.of(strongest, CO2 + MINUS)
    kind = "takes up" if base < 0 else "gives off"
    less = "less" if apart < 0 else "more"
    return (
        f"Carbon lost from carbonate is not CO₂ in the air. Down to 2 m, the dissolving of carbonate {kind}"
        f" {amount(base)} million tonnes of CO₂ over these years under the baseline"
        f"{', because water carries off more carbon than the carbonate gave' if base < 0 else ''};"
        f" under “{titles[strongest]}” {amount(apart)} million tonnes {less} go to the air."
        " What rivers and the sea do with that carbon later is not counted."
    )
