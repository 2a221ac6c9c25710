"""YAML as people mean it: plain values, and the line and column of each.

*Enters:* the text of a recipe. *Leaves:* a `Document`: nested dicts, lists and scalars, and the mark of every
key and value. Scalars follow YAML 1.2's core schema, so that `NO` is Norway, `1e-3` a number and `1:30:00` a
text; what hides meaning (duplicate keys, anchors, aliases, tags) is refused. *Must not:* know what a recipe is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from eurosic.base.errors import RecipeError

# Steps from the top of a document to a value: keys and list positions.
Path = tuple[str | int, ...]

# A recipe of a megabyte or of fifty levels is a mistake, and would only exhaust the reader.
_LARGEST = 1_000_000
_DEEPEST = 50

# Longer numbers are no years and no codes; as floats they are out of range instead of out of memory.
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, order=True)
class Mark:
    """Where something stands in a file, counted from 1."""

    line: int
    column: int


@dataclass
class Document:
    """What a file says, and where: `keys` marks keys, `values` marks values, `faults` what is not allowed."""

    content: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    faults: list[tuple[Mark, str]] = field(default_factory=list)

    def mark(self, path: Path, *, of_key: bool = False) -> Mark:
        """Return where a value (or its key) stands, or the nearest enclosing one that is written down."""
        while path:
            if of_key and path in self.keys:
                return self.keys[path]
            if path in self.values:
                return self.values[path]
            path, of_key = path[:-1], True
        return Mark(1, 1)


def read_document(text: str, where: str) -> Document:
    r"""Return what a YAML text says.

    Raises
    ------
    RecipeError
        If it is not YAML at all; what is YAML but not allowed is listed in the document's `faults`.

    Examples
    --------
    >>> read_document("country: NO\nrate: 1e-3\n", "example").content
    {'country': 'NO', 'rate': 0.001}
    """
    if len(text) > _LARGEST:
        raise RecipeError(where, f"has {len(text)} characters", wanted="a recipe, which is a page or two")
    try:
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        # A fault that is found late (an open bracket) has its cause where its context began.
        mark = error.problem_mark or error.context_mark
        at = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        raise RecipeError(at, _told(error), do="Correct the YAML.") from error
    except yaml.YAMLError as error:
        raise RecipeError(where, "holds characters that YAML does not allow", wanted="text") from error
    # Only the tree is taken from PyYAML: its constructor would read YAML 1.1, and lose the marks.
    document = Document()
    if node is not None:
        document.content = _plain(node, (), document)
    return document


def _told(error: yaml.MarkedYAMLError) -> str:
    problem = " ".join(part for part in (error.context, error.problem) if part)
    # PyYAML speaks of a token that cannot start; people look for an invisible tab.
    if "'\\t'" in problem:
        return "a tab stands where spaces are wanted"
    return problem or "is not YAML"


class _Loader(yaml.SafeLoader):
    """PyYAML's composer, which stops at aliases and at absurd depths; it constructs nothing."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases are not allowed: a recipe says everything where it stands",
                problem_mark=event.start_mark,
            )
        # Nesting is counted here, before Python's own stack is at its end.
        self.depth += 1
        if self.depth > _DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"more than {_DEEPEST} levels", problem_mark=event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _plain(node: yaml.Node, path: Path, document: Document) -> object:
    document.values[path] = mark = Mark(node.start_mark.line + 1, node.start_mark.column + 1)
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        document.faults.append((mark, f"tag {node.tag!r} is not allowed; write plain values"))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, i), document) for i, item in enumerate(node.value)]
    # A quoted scalar is a text whatever it looks like.
    return node.value if getattr(node, "style", None) else _scalar(node.value)


def _mapping(node: yaml.MappingNode, path: Path, document: Document) -> dict[str | int, Any]:
    found: dict[str | int, Any] = {}
    for key_node, value_node in node.value:
        mark = Mark(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            document.faults.append((mark, "a key must be a word"))
            continue
        # Years are the only keys that are numbers; any other plain scalar is the word that it spells.
        plain = not key_node.style and _INTEGER.fullmatch(key_node.value)
        key: str | int = int(key_node.value) if plain else key_node.value
        if key in found:
            first = document.keys[(*path, key)]
            document.faults.append((mark, f"key {key!r} stands twice; first at line {first.line}"))
            continue
        document.keys[(*path, key)] = mark
        found[key] = _plain(value_node, (*path, key), document)
    return found


def _scalar(text: str) -> str | int | float | bool | None:
    # `True` and `TRUE` are the truth; `tRUE` is a slip, and stays the text that it is.
    if text.lower() in _WORDS and text in (text.lower(), text.title(), text.upper()):
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
