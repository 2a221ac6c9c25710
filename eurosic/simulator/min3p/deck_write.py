"""The text of a MIN3P deck from a column design: the mirror of `deck`.

Station: between a design and the runner. *Enters:* a `ColumnDesign`. *Leaves:* text that MIN3P 2.6.2.880 reads;
writing it to a file is the runner's. Output times stand four to a line (more is an input error in MIN3P), and
nitrogen changes in time by ``'update boundary conditions'``, without a restart. *Source:* SCIENCE.md section 3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.design import INTERVALS, ColumnDesign, Layers, layers_of, water_flow
from eurosic.simulator.min3p.pore_water import infiltration, initial_nitrate, initial_water
from eurosic.simulator.min3p.template import HEAD
from eurosic.simulator.min3p.template_column import LAYER, SOIL, WATER

_TIMES_A_LINE = 4
_HALF_EXTENT = 1e-4  # m; a zone that holds one node
# MIN3P reads names of 72 characters; a prefix also stands in file names.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}\Z")


def deck_text(
    name: str,
    design: ColumnDesign,
    *,
    output_years: Sequence[float] = tuple(range(1, 81)),
    database: str = "../../db_soil",
    newton_tolerance: float = 1e-6,
    hydroxide: float = 0.02,
) -> str:
    """Return the deck of a column.

    Parameters
    ----------
    name
        Prefix of the run's files.
    design
        The column and how its nitrogen changes in time.
    output_years
        Times of spatial output, MIN3P years, increasing; the last one ends the run.
    database
        MIN3P's database folder, seen from the run's folder.
    newton_tolerance
        Of reactive transport; 1e-9 cures runs that fail on a nearly exhausted component.
    hydroxide
        Volume fraction of Al(OH)3, the floor of the pH; 0.1 where 0.02 would run out.

    Raises
    ------
    SimulationError
        If the name cannot be a prefix, or the output times do not increase from above 0.
    """
    _check(name, output_years)
    layers = layers_of(design)
    flux, head, conductivity = water_flow(design)
    depth = layers.z[-1]
    start = HEAD.format(
        name=name,
        database=database,
        temperature=design.temperature,
        nitrification=design.nitrification,
        intervals=_intervals(),
        end=output_years[-1],
        tolerance=f"1.d{round(_exponent(newton_tolerance))}",
        outputs=_output_times(output_years),
    )
    soil = SOIL.format(
        porosity=design.porosity,
        residual=design.residual_water / design.porosity,
        conductivity=conductivity,
        diffusivity=design.co2_diffusivity,
        head=head,
        flux=flux,
        volumes=len(layers.z),
        whole=_extent(0.0, depth, 1),
        surface=_extent(depth, depth, 1),
        bottom=_extent(0.0, 0.0, 1),
    )
    # A change after the end would be an error in MIN3P; that of year 0 is the boundary condition itself.
    changes = [pair for pair in design.trajectory[1:] if pair[0] < output_years[-1]]
    blocks = (
        start,
        soil,
        _initial(design, layers, hydroxide),
        _boundary(design, depth),
        _updates(design, changes),
    )
    return "".join((*blocks, "'done'\n"))


def _check(name: str, output_years: Sequence[float]) -> None:
    if not _NAME.match(name):
        raise SimulationError(
            "deck", f"name {name!r}", wanted="letters, digits, '_', '-' and '.', at most 60"
        )
    times = list(output_years)
    if not times or times[0] <= 0 or any(b <= a for a, b in pairwise(times)):
        raise SimulationError(
            f"deck {name}", f"output times {times[:5]}", wanted="times that increase from above 0"
        )


def _exponent(tolerance: float) -> float:
    # MIN3P's decks write powers of ten with Fortran's D
    return float(f"{tolerance:e}".partition("e")[2])


def _intervals() -> str:
    lines = [str(len(INTERVALS))]
    for count, low, high in INTERVALS:
        lines += [str(count), f"{low} {high}"]
    return "\n".join(lines)


def _output_times(times: Sequence[float]) -> str:
    rows = [times[i : i + _TIMES_A_LINE] for i in range(0, len(times), _TIMES_A_LINE)]
    return "\n".join([str(len(times)), *(" ".join(f"{time:g}" for time in row) for row in rows)])


def _extent(low: float, high: float, digits: int) -> str:
    return f"0.0 1.0 0.0 1.0 {low:.{digits}f} {high:.{digits}f}"


def _initial(design: ColumnDesign, layers: Layers, hydroxide: float) -> str:
    water, pore = infiltration(design), initial_water(design, layers)
    texts = []
    for i, z in enumerate(layers.z):
        # Each volume is a zone of its own that holds its node and no other.
        texts.append(
            LAYER.format(
                number=i + 1,
                **{ion: getattr(water, ion) for ion in ("mg", "k", "na", "cl", "so4")},
                nitrate=initial_nitrate(design),
                ca=pore.ca[i],
                al=pore.al[i],
                ph=pore.ph[i],
                pco2=layers.pco2[i],
                cec=layers.cec[i],
                density=design.bulk_density,
                calcite=layers.calcite[i],
                source=layers.co2_source[i],
                hydroxide=hydroxide,
                extent=_extent(max(z - _HALF_EXTENT, 0.0), min(z + _HALF_EXTENT, layers.z[-1]), 5),
            )
        )
    return "".join([*texts, "'done'\n"])


def _boundary(design: ColumnDesign, depth: float) -> str:
    # MIN3P wants the exchanger of the water that enters too, and equilibrates it with nothing.
    sorption = f"'sorption parameter input'\n{design.cec_top:.4f}\n{design.bulk_density:.5f}\n"
    return (
        "\n'boundary conditions - reactive transport'\n2\n"
        "'number and name of zone'\n1\n'inflow boundary'\n'boundary type'\n'mixed'\n"
        f"{WATER.format(**asdict(infiltration(design, design.factor(0.0))))}\n{sorption}\n"
        f"'extent of zone'\n{_extent(depth, depth, 1)}\n'end of zone'\n"
        "'number and name of zone'\n2\n'outflow boundary'\n'boundary type'\n'second'\n"
        f"'extent of zone'\n{_extent(0.0, 0.0, 1)}\n'end of zone'\n\n"
    )


def _updates(design: ColumnDesign, changes: Sequence[tuple[float, float]]) -> str:
    if not changes:
        return ""
    times = "\n".join(f"{year:g}" for year, _ in changes)
    targets = "".join(
        f"'start of target read time input'\n{number}\n'number and name of zone'\n1\n'inflow boundary'\n"
        f"{WATER.format(**asdict(infiltration(design, factor)))}\n"
        "'end of zone'\n'end of target read time input'\n\n"
        for number, (_, factor) in enumerate(changes, start=1)
    )
    return f"'update boundary conditions'\n{len(changes)}\n{times}\n\n{targets}"
