"""A recipe from its file: all problems at once, each with line, column and what to do.

*Enters:* a YAML file. *Leaves:* a checked `Recipe`, or one `RecipeError` whose every line reads
``file:line:column: where: what``. *Must not:* open the data that it names. *Source:* DESIGN.md sections 6 and 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from eurosic.base.errors import RecipeError
from eurosic.recipe.check import Problem, check_recipe
from eurosic.recipe.document import Document, Mark, Path, read_document
from eurosic.recipe.schema import Recipe
from eurosic.recipe.section import Section, near_words, nearest

Kind = TypeVar("Kind", bound=Section)

# What pydantic calls types, in words of people.
_WANTED = {
    "model_type": "a mapping of keys",
    "dict_type": "a mapping of keys",
    "mapping_type": "a mapping of keys",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_type": "a text",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
}


def load_recipe(path: FilePath) -> Recipe:
    """Return the recipe of a file.

    Raises
    ------
    RecipeError
        With every problem of the file, each with its line and column.
    """
    return read_recipe(_text_of(path), str(path))


def read_recipe(text: str, where: str = "recipe") -> Recipe:
    """Return the recipe that a text says; `where` names it in messages.

    Raises
    ------
    RecipeError
        With every problem of the text, each with its line and column.
    """
    return read_as(Recipe, text, where, check=check_recipe)


def load_as(kind: type[Kind], path: FilePath) -> Kind:
    """Return another kind of recipe, such as that of an ensemble, from its file.

    Raises
    ------
    RecipeError
        With every problem of the file, each with its line and column.
    """
    return read_as(kind, _text_of(path), str(path))


def read_as(
    kind: type[Kind], text: str, where: str, *, check: Callable[[Kind], list[Problem]] | None = None
) -> Kind:
    """Return a recipe of some kind from its text; `check` finds what one section cannot know of another.

    Raises
    ------
    RecipeError
        With every problem of the text, each with its line and column.
    """
    document = read_document(text, where)
    if not isinstance(document.content, Mapping):
        came = "is empty" if document.content is None else "is not a mapping of sections"
        raise RecipeError(where, came, wanted=f"sections {', '.join(_required(kind))}")
    # What YAML allows and recipes do not is told together with what the schema refuses.
    found = list(document.faults)
    recipe: Kind | None = None
    try:
        recipe = kind.model_validate(document.content)
    except ValidationError as error:
        found += [_placed(problem, document) for problem in _problems(error, kind)]
    if recipe is not None and check is not None:
        found += [_placed(problem, document) for problem in check(recipe)]
    if recipe is None or found:
        # In the order of the file, and each once: a break can be seen by two rules.
        told = [f"{where}:{mark.line}:{mark.column}: {message}" for mark, message in sorted(set(found))]
        raise RecipeError(where, f"{len(told)} problem{'s' * (len(told) > 1)}", problems=told)
    return recipe


def _text_of(path: FilePath) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise RecipeError(str(path), "there is no such file", do="Correct the path of the recipe.") from error
    except UnicodeDecodeError as error:
        raise RecipeError(str(path), "is not UTF-8 text", wanted="a recipe in YAML") from error
    except OSError as error:
        raise RecipeError(
            str(path), f"cannot be read ({error.strerror})", wanted="a recipe in YAML"
        ) from error


def _required(kind: type[Section]) -> list[str]:
    return [name for name, field in kind.model_fields.items() if field.is_required()]


def _problems(error: ValidationError, kind: type[Section]) -> Iterator[Problem]:
    details = error.errors(include_url=False)
    misspelt = {_meant(detail, kind) for detail in details if detail["type"] == "extra_forbidden"}
    for detail in details:
        # A key that is misspelt is not missing as well.
        if detail["type"] != "missing" or detail["loc"] not in misspelt:
            yield Problem(tuple(step for step in detail["loc"] if step != "[key]"), _told(detail, kind))


def _meant(detail: ErrorDetails, kind: type[Section]) -> Path:
    *section, key = detail["loc"]
    return (*section, *near_words(str(key), _keys_at(tuple(section), kind)))


def _placed(problem: Problem, document: Document) -> tuple[Mark, str]:
    # What is wrong with a key, or absent under it, is shown at the key; the rest at the value.
    of_key = problem.told.startswith(("unknown key", "is missing", "there is no"))
    where = ".".join(str(step) for step in problem.path) or "recipe"
    return document.mark(problem.path, of_key=of_key), f"{where}: {problem.told}"


def _told(detail: ErrorDetails, recipe: type[Section]) -> str:
    kind, came, loc = detail["type"], detail["input"], detail["loc"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    if kind == "recipe":
        return str(context["told"])
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"unknown key{nearest(str(loc[-1]), _keys_at(tuple(loc[:-1]), recipe))}"
    if kind == "literal_error":
        return _not_among(came, str(context["expected"]))
    if kind in _WANTED:
        return f"{_shown(came)} where {_WANTED[kind]} is wanted"
    return detail["msg"][0].lower() + detail["msg"][1:]


def _not_among(came: object, expected: str) -> str:
    known = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    return f"{came!r} is not known; wanted {' or '.join(known)}"


def _shown(came: object) -> str:
    if came is None:
        return "nothing"
    if isinstance(came, Mapping):
        return "a mapping"
    return "a list" if isinstance(came, list) else repr(came)


def _keys_at(path: Path, section: type[Section]) -> list[str]:
    """Return the keys that the section at a path knows, seen from the whole recipe."""
    # Steps that are no field (names of layers or pathways, places in a list) stay in the same section.
    for step in path:
        fields = {field.alias or name: field for name, field in section.model_fields.items()}
        if step in fields:
            section = _section_in(fields[str(step)].annotation) or section
    names = [field.alias or name for name, field in section.model_fields.items()]
    # What a layer is told by its own key cannot be written, and is not proposed.
    return [name for name in names if not name.startswith("\0")]


def _section_in(annotation: object) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    for part in get_args(annotation):
        found = _section_in(part)
        if found is not None:
            return found
    return None


__all__ = ["load_as", "load_recipe", "read_as", "read_recipe"]
