"""The kinds of MIN3P output: extension -> what it holds, how it is laid out, and in which unit.

Station: data under the readers. *Enters:* extensions, column names and unit texts as MIN3P writes them.
*Leaves:* `Kind`, names fit for a Dataset, CF units. A unit comes from ``_o.fls`` first, then from the brackets
of a column's name, and only then from this table. *Source:* SCIENCE.md section 3, and the ``_o.fls`` listings
of MIN3P 2.6.2.880.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Kind:
    """One kind of output file.

    Parameters
    ----------
    prefix
        Put before a column's name, since the same column stands in several kinds (``ca+2`` in five).
    layout
        ``profile`` (x, y, z rows at a time), ``faces`` (the same between volumes), ``location`` (one volume
        against time), ``system`` (the whole column against time), or the entity whose number is in the file's
        name, against time: ``component``, ``mineral``, ``gas``, ``reaction``.
    content
        What it holds, in words.
    unit
        MIN3P's unit of columns that name none.
    """

    prefix: str
    layout: str
    content: str
    unit: str = ""


_PROFILES = {
    "t": Kind("total", "", "total aqueous component concentration", "mol/l water"),
    "c": Kind("species", "", "concentration of free or secondary species", "mol/l water"),
    "m": Kind("", "", "master variable"),
    "g": Kind("pressure", "", "partial gas pressure", "atm"),
    "v": Kind("volume_fraction", "", "mineral volume per bulk volume", "-"),
    "d": Kind("rate", "", "dissolution-precipitation rate", "moles/l bulk/day"),
    "s": Kind("saturation", "", "saturation index of a mineral in the system", "-"),
    "x": Kind("excluded_saturation", "", "saturation index of a mineral not in the system", "-"),
    "b": Kind("sorbed", "", "sorbed species"),
    "i": Kind("reaction_rate", "", "rate of an intra-aqueous kinetic reaction", "moles/l h2o/day"),
    "p": Kind("", "", "flow variable"),
}


# The letter after "gs" or "gb" is the same for profiles and for breakthrough files.
def _of_profiles() -> dict[str, Kind]:
    kinds = {}
    for letter, kind in _PROFILES.items():
        kinds[f"gs{letter}"] = Kind(kind.prefix, "profile", kind.content, kind.unit)
        at = f"at_{kind.prefix}" if kind.prefix else "at"
        kinds[f"gb{letter}"] = Kind(at, "location", f"{kind.content}, against time", kind.unit)
    return kinds


KINDS = MappingProxyType(
    _of_profiles()
    | {
        "vel": Kind("", "faces", "velocity between volumes", "m/day"),
        "hyc": Kind("conductivity", "profile", "initial hydraulic conductivity", "m/s"),
        "mas": Kind("mass_aqueous", "system", "amount in solution", "moles"),
        "mms": Kind("mass_mineral", "system", "amount in minerals", "moles"),
        "mgs": Kind("mass_gas", "system", "amount in the gas phase", "moles"),
        "mss": Kind("mass_sorbed", "system", "amount sorbed", "moles"),
        "mvs": Kind("", "system", "water in the column"),
        "mvc": Kind("water_balance", "system", "water balance", "m^3/day"),
        "mve": Kind("water_error", "system", "error of the water balance"),
        "dt": Kind("step", "system", "time steps"),
        "mac": Kind("balance", "component", "balance of a component"),
        "mae": Kind("error", "component", "error of a component's balance"),
        "mmc": Kind("mineral_balance", "mineral", "balance of a mineral"),
        "mgc": Kind("gas_balance", "gas", "balance of a gas"),
        "mic": Kind("reaction_balance", "reaction", "balance of an intra-aqueous reaction"),
    }
)

_RATES = (
    "mass influx", "mass outflux", "change in storage", "source/sink from oxidation/reduction reactns",
    "source/sink from intra-aqueous reactns", "source/sink from mineral phase", "source/sink from gas phase",
    "mass influx (gas phase)", "mass outflux (gas phase)", "change in storage (gas phase)",
    "mass loss - degassing", "source/sink from sorbed phase", "source/sink from root uptake",
    "source/sink from noble gas ingrowth",
)  # fmt: skip
# Names of a .mac that has neither header nor listing: time, 14 rates, 14 cumulative amounts.
MAC_NAMES = ("time", *(f"{r} [mol/d]" for r in _RATES), *(f"total {r} [mol/elapsed time]" for r in _RATES))

# Columns whose unit the file's kind does not tell.
_COLUMN_UNITS = {
    "ph": "-", "pe": "-", "eh": "V", "ionic_strength": "mol/l water", "temperature": "C", "charge_bal": "%",
    "h_w": "m", "ph_w": "m", "p_w": "m", "s_a": "-", "s_w": "-", "s_g": "-", "theta": "-", "theta_a": "-",
    "theta_g": "-", "q_root": "m^3/d", "rootwat": "m^3/d", "evapo": "m^3/d", "porosity": "-",
    "water_mass": "kg", "water_filled_volume": "m^3", "gas_filled_volume": "m^3",
    "absolute_mass_balance_error": "m^3", "absolute_cumulative_mass_balance_error": "m^3",
    "relative_mass_balance_error": "%", "relative_cumulative_mass_balance_error": "%",
}  # fmt: skip

# Names that say enough without the prefix of their kind.
_PLAIN = frozenset({"porosity"})

_BRACKET = re.compile(r"\s*\[([^\]]*)\]\s*\Z")

_CF_UNITS = {
    "": "", "-": "1", "c": "degC", "years": "year", "moles": "mol", "mol/elapsed time": "mol", "mol": "mol",
    "moles/l h2o": "mol L-1", "mol/l water": "mol L-1", "eq/l": "mol L-1", "mg/l caco3": "mg L-1",
    "mg/l caco_3": "mg L-1", "moles/l h2o/day": "mol L-1 d-1", "moles/l bulk/day": "mol L-1 d-1",
    "moles/day": "mol d-1", "mol/day": "mol d-1", "mol/d": "mol d-1", "m^3/day": "m3 d-1", "m^3/d": "m3 d-1",
    "m^3": "m3", "m/day": "m d-1", "m/d": "m d-1", "m/s": "m s-1", "kg": "kg", "m": "m",
    "atm": "atm", "v": "V", "%": "%",
    # 1 meq/100 g is 1 cmol of charge per kg; a unit never names the substance or the charge
    "meq/100g": "cmol kg-1", "% of system mass": "%",
}  # fmt: skip


def split_unit(name: str) -> tuple[str, str]:
    """Return a column's name without its bracketed unit, and the unit (empty where there is none).

    Examples
    --------
    >>> split_unit("mass influx [mol/d]")
    ('mass influx', 'mol/d')
    """
    found = _BRACKET.search(name)
    return (name[: found.start()].strip(), found.group(1).strip()) if found else (name.strip(), "")


def distinct_names(split: list[tuple[str, str]]) -> tuple[str, ...]:
    """Return names of which no two are alike, from pairs of name and unit.

    Examples
    --------
    >>> distinct_names([("Alk", "eq/L"), ("Alk", "mg/L"), ("Alk", "mg/L")])
    ('Alk', 'Alk mg/L', 'Alk mg/L 3')
    """
    # .gsm gives alkalinity twice, in eq/L and in mg/L: the second keeps its unit in the name.
    names: list[str] = []
    for name, unit in split:
        taken = name.lower() in (known.lower() for known in names)
        named = f"{name} {unit}".strip() if taken else name
        repeated = sum(known.lower() == named.lower() for known in names)
        names.append(f"{named} {len(names) + 1}" if repeated else named)
    return tuple(names)


def clean_name(text: str) -> str:
    """Return a column's name in lower case, digits and underscores; a charge keeps its sign as ``p`` or ``m``.

    Examples
    --------
    >>> [clean_name(name) for name in ("ca+2", "co3-2", "hco3-", "al(oh)3-soil", "na-x(na)", "C-Alk")]
    ['ca_2p', 'co3_2m', 'hco3_m', 'al_oh_3_soil', 'na_x_na', 'c_alk']
    """
    name = text.strip().lower()
    # A sign at the end is a charge; elsewhere it is a hyphen.
    name = re.sub(r"([+-])(\d*)$", lambda sign: f"_{sign[2]}{'p' if sign[1] == '+' else 'm'}", name)
    return re.sub(r"[^a-z0-9]+", "_", name).strip("_") or "column"


def variable_name(kind: Kind, column: str) -> str:
    """Return the Dataset's name of a column: the kind's prefix and the clean name.

    Examples
    --------
    >>> variable_name(KINDS["gst"], "ca+2"), variable_name(KINDS["gsv"], "porosity")
    ('total_ca_2p', 'porosity')
    """
    clean = clean_name(column)
    if clean in _PLAIN:
        return f"at_{clean}" if kind.layout == "location" else clean
    if not kind.prefix:
        return clean
    return f"{kind.prefix}_{clean}"


def default_unit(kind: Kind, column: str) -> str:
    """Return MIN3P's unit of a column that neither listing nor brackets give."""
    clean = clean_name(column)
    return "atm" if clean == "p_t_o_t" else _COLUMN_UNITS.get(clean, kind.unit)


def cf_unit(text: str) -> str:
    """Return the CF unit of a unit as MIN3P spells it, the text itself where it is none of ours.

    Examples
    --------
    >>> cf_unit("moles/l h2o"), cf_unit("meq/100g"), cf_unit("% = m^3/m^3 in system x 100")
    ('mol L-1', 'cmol kg-1', '%')
    """
    # Unknown units pass as they are: a reader must not fail on a version that spells one anew.
    spelled = " ".join(text.lower().split())
    return "%" if spelled.startswith("% =") else _CF_UNITS.get(spelled, text.strip())


def attributes_of(kind: str, name: str, unit: str) -> dict[str, str]:
    """Return the attributes of a variable: what it is, its name, file and unit as MIN3P has them, its CF unit."""
    attributes = {"long_name": f"{KINDS[kind].content}: {name}", "min3p_name": name, "min3p_file": f".{kind}"}
    return attributes | ({"units": cf_unit(unit), "min3p_unit": unit} if unit else {})
