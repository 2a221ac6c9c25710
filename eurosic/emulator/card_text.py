"""Cards as YAML: rows of tables on one line each, numbers of four digits, the same text for the same values.

*Enters:* plain values, or the bytes of a card. *Leaves:* the text, or the values as the dataclasses that their
annotations name. It must not know what a card says. *Source:* YAML 1.1 as PyYAML's safe loader and dumper have it:
what either writes, the other reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import yaml

from eurosic.base.errors import CardError

_DIGITS = 4
# The parser in C where PyYAML was built with it: tables of hundreds of rows in milliseconds.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Row(dict[str, Any]):
    """A mapping that stands on one line."""


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, which writes a `_Row` on one line and says everything where it stands."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's name
        return True


_Dumper.add_representer(
    _Row, lambda dumper, row: dumper.represent_mapping("tag:yaml.org,2002:map", row, flow_style=True)
)


def rounded(value: Any) -> Any:  # noqa: ANN401 - whatever a card holds
    """Return a value with its floats to four significant digits, tuples as lists; None for what is no number.

    Examples
    --------
    >>> rounded({"bias": -0.000123456, "r2": float("nan"), "n": (1, 2)})
    {'bias': -0.0001235, 'r2': None, 'n': [1, 2]}
    """
    if isinstance(value, Mapping):
        return {str(name): rounded(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value


def to_yaml(content: Mapping[str, Any]) -> str:
    """Return the YAML of names and values, in their order; a list of mappings has one a line."""
    text: str = yaml.dump(
        {name: _laid_out(value) for name, value in content.items()},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=1000,
    )
    return text


def from_yaml(text: bytes, where: str) -> dict[str, Any]:
    """Return the names and values of a card's text.

    Raises
    ------
    CardError
        If it is not YAML, or no names and values.
    """
    again = "Take it from where it came, or train again."
    try:
        content = yaml.load(text.decode("utf-8"), _LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CardError(where, "is not YAML", do=again) from error
    if not isinstance(content, dict):
        raise CardError(where, "is no card", wanted="names and values", do=again)
    return content


def made(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401 - the type that an annotation names
    """Return a plain value as the dataclass or tuple that an annotation names; other values as they are.

    Raises
    ------
    CardError
        If the names of a dataclass are not those of its fields.
    """
    if is_dataclass(kind) and isinstance(kind, type):
        names = [field.name for field in fields(kind)]
        if not isinstance(value, dict) or set(value) != set(names):
            found = ", ".join(map(str, value)) if isinstance(value, dict) else repr(value)
            raise CardError(where, f"has {found}", wanted=", ".join(names), do="Train the emulator again.")
        # Annotations are texts until they are asked for.
        hints = get_type_hints(kind)
        return kind(**{name: made(hints[name], value[name], f"{where}, {name}") for name in names})
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(made(get_args(kind)[0], part, where) for part in value)
    return value


def _laid_out(value: Any) -> Any:  # noqa: ANN401 - whatever a card holds
    if isinstance(value, dict):
        return {name: _laid_out(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_Row(part) if isinstance(part, dict) else part for part in value]
    return value
