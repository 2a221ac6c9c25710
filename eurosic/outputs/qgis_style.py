"""How QGIS colours an exported map: steps of colour that colour-blind readers tell apart, as QGIS writes them.

*Enters:* the exported files. *Leaves:* XML of a raster's `pipe`, for a style beside a file or a layer of a project.
All pathways and percentiles of a variable have one scale, so that maps can be compared. *Source:* ColorBrewer's PuOr
(Harrower & Brewer 2003); cividis (Nuñez et al. 2018); Okabe & Ito (2008); style files of QGIS 3.22.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import rasterio

from eurosic.base.flags import Regime, Status
from eurosic.base.spread import PERCENTILES
from eurosic.outputs import cf
from eurosic.outputs.cog_words import CogFile
from eurosic.outputs.exportable import STATUS

# Orange to purple through a white that no land without value has; ends at equal distance from zero.
_PUOR = (
    "#7f3b08", "#b35806", "#e08214", "#fdb863", "#fee0b6", "#f7f7f7",
    "#d8daeb", "#b2abd2", "#8073ac", "#542788", "#2d004b",
)  # fmt: skip
_CIVIDIS = (
    "#00224e", "#123570", "#3b496c", "#575d6d", "#707173",
    "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838",
)  # fmt: skip
_REGIMES = {Regime.BUFFERED: "#0072b2", Regime.FRONT: "#e69f00", Regime.DEPLETED: "#d55e00"}
_STATUSES = {
    Status.PREDICTED: "#009e73",
    Status.SIMULATED_OUTSIDE_DOMAIN: "#56b4e9",
    Status.SEA: "#deebf7",
    Status.OUTSIDE_EXTENT: "#f2f2f2",
    Status.NOT_ARABLE: "#d9d9d9",
    Status.NOT_CALCAREOUS: "#bdbdbd",
    Status.OUTSIDE_DOMAIN: "#e69f00",
    Status.FAILED: "#d55e00",
    Status.UNFINISHED: "#cc79a7",
    Status.PREDICTED_OUTSIDE_DOMAIN: "#f0e442",
}
_MISSING = "#6e6e6e"
# Half of the range is that many standard deviations: single cells do not take all colours.
_DEVIATIONS = 2.0
_SUFFIX = re.compile(rf"_({'|'.join(PERCENTILES)})$")


@dataclass(frozen=True)
class Style:
    """How a file is coloured: values (or codes), their colours and labels; `coded` values are not interpolated."""

    steps: tuple[tuple[float, str, str], ...]
    coded: bool

    def pipe(self, band: int) -> ET.Element:
        """Return the `pipe` element of a layer that shows a band (from 1)."""
        pipe = ET.Element("pipe")
        renderer = ET.SubElement(
            pipe,
            "rasterrenderer",
            {
                "type": "paletted" if self.coded else "singlebandpseudocolor",
                "alphaBand": "-1",
                "opacity": "1",
                "band": str(band),
            },
        )
        # QGIS would otherwise stretch the colours anew to what it sees.
        ET.SubElement(ET.SubElement(renderer, "minMaxOrigin"), "limits").text = "None"
        (self._palette if self.coded else self._ramp)(renderer)
        ET.SubElement(pipe, "rasterresampler", {"maxOversampling": "2"})
        return pipe

    def _palette(self, renderer: ET.Element) -> None:
        palette = ET.SubElement(renderer, "colorPalette")
        for value, colour, label in self.steps:
            said = {"value": f"{value:g}", "color": colour, "label": label, "alpha": "255"}
            ET.SubElement(palette, "paletteEntry", said)

    def _ramp(self, renderer: ET.Element) -> None:
        low, high = (repr(self.steps[end][0]) for end in (0, -1))
        renderer.attrib |= {"classificationMin": low, "classificationMax": high}
        ramp = ET.SubElement(
            ET.SubElement(renderer, "rastershader"),
            "colorrampshader",
            {
                "colorRampType": "INTERPOLATED",
                "classificationMode": "1",
                "clip": "0",
                "minimumValue": low,
                "maximumValue": high,
            },
        )
        for value, colour, label in self.steps:
            said = {"value": repr(value), "color": colour, "label": label, "alpha": "255"}
            ET.SubElement(ramp, "item", said)


def styles_of(files: Sequence[CogFile], flags: Mapping[int, str]) -> dict[str, Style]:
    """Return the style of each variable among finished files, by name.

    Parameters
    ----------
    files
        Finished files; their statistics decide the range.
    flags
        Code and meaning of `status`.
    """
    ranges: dict[str, tuple[float, float]] = {}
    for file in files:
        if not file.flags and (found := _range(file)):
            kind = _SUFFIX.sub("", file.name)
            low, high = ranges.get(kind, found)
            ranges[kind] = min(low, found[0]), max(high, found[1])
    return {
        file.name: _flag_style(file.name, flags)
        if file.flags
        else _value_style(file.name, *ranges.get(_SUFFIX.sub("", file.name), (0.0, 1.0)))
        for file in files
    }


def _range(file: CogFile) -> tuple[float, float] | None:
    """Return where most values of the last band lie, by its statistics; None for a band without any value."""
    with rasterio.open(file.path) as source:
        tags = source.tags(source.count)
    if "STATISTICS_MEAN" not in tags:
        return None
    least, greatest, mean, deviation = (
        float(tags[f"STATISTICS_{of}"]) for of in ("MINIMUM", "MAXIMUM", "MEAN", "STDDEV")
    )
    half = _DEVIATIONS * deviation
    return max(least, mean - half), min(greatest, mean + half)


def _value_style(name: str, low: float, high: float) -> Style:
    word = cf.variable_named(name)
    # What may gain or lose as much: zero is white, and equal strength of colour is equal amount.
    if word.valid_min == -word.valid_max:
        limit = round_up(max(abs(low), abs(high)) or 1.0)
        # Orange is what the soil loses: carbon that goes to the air is a positive number.
        colours = _PUOR if word.time == "change" else _PUOR[::-1]
        return _spread(-limit, limit, colours, word.unit)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return _spread(low, high, _CIVIDIS, word.unit)


def _spread(low: float, high: float, colours: Sequence[str], unit: str) -> Style:
    unit = "" if unit == "1" else f" {unit}"
    steps = []
    for i, colour in enumerate(colours):
        # Three digits decide a colour, and keep the legend short.
        value = float(f"{low + (high - low) * i / (len(colours) - 1):.3g}")
        steps.append((value, colour, f"{value:g}{unit}"))
    return Style(tuple(steps), coded=False)


def round_up(value: float) -> float:
    """Return the next of 1, 1.5, 2, 3, 5, 7.5 times a power of ten that is not below a positive value.

    Examples
    --------
    >>> round_up(0.0231), round_up(5.0), round_up(820.0)
    (0.03, 5.0, 1000.0)
    """
    power = 10.0 ** math.floor(math.log10(value))
    step = next(step for step in (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0) if step * power >= value * (1 - 1e-12))
    return float(f"{step * power:.3g}")


def _flag_style(name: str, flags: Mapping[int, str]) -> Style:
    known = _STATUSES.items() if name == STATUS else _REGIMES.items()
    colours = {int(code): colour for code, colour in known}
    if name != STATUS:
        flags = dict(enumerate(cf.variable_named(name).flags))
    steps = [
        (float(code), colours.get(code, _MISSING), told.replace("_", " ")) for code, told in flags.items()
    ]
    return Style(tuple(steps), coded=True)


def style_file(style: Style, band: int) -> str:
    """Return the text of a ``.qml`` that QGIS applies by itself to the file of the same name."""
    root = ET.Element("qgis", {"version": "3.22.0", "styleCategories": "Symbology"})
    root.append(style.pipe(band))
    ET.SubElement(root, "blendMode").text = "0"
    ET.indent(root, " ")
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, "unicode") + "\n"
    )
