"""Small parts of HTML, escaped where they are made: nothing that a recipe says can become markup.

*Enters:* texts. *Leaves:* HTML. Must not know what it shows.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


def element(name: str, content: str = "", **attributes: object) -> str:
    """Return an element around HTML; attributes are escaped, `class_` and `data_x` are spelled for Python.

    Examples
    --------
    >>> element("td", "4 &lt; 5", class_="text", data_value=4)
    '<td class="text" data-value="4">4 &lt; 5</td>'
    """
    spelled = {
        key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None
    }
    told = "".join(f' {key}="{escape(str(value))}"' for key, value in spelled.items())
    return f"<{name}{told}>{content}</{name}>"


def text(name: str, content: object, **attributes: object) -> str:
    """Return an element around plain text, escaped."""
    return element(name, escape(str(content)), **attributes)


def paragraphs(sentences: Iterable[str], **attributes: object) -> str:
    """Return each text as a paragraph."""
    return "\n".join(text("p", sentence, **attributes) for sentence in sentences)


@dataclass(frozen=True)
class Entry:
    """One entry of a table: HTML, the number it is sorted by, and its classes."""

    content: str
    value: float | None = None
    classes: str | None = None


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Entry]],
    *,
    caption: str,
    sortable: bool = False,
    whole: int = 0,
    labels: Sequence[str] = (),
) -> str:
    """Return a table whose first column heads its rows; `heads` are HTML, the first `whole` rows stand apart.

    With `labels`, one a column, narrow screens show each row as a card whose values are named by them.
    """
    texts = [all(row[i].classes == "text" for row in rows) for i in range(len(heads))]
    head = "".join(
        element("th", content, scope="col", class_="text" if text_ else None)
        for content, text_ in zip(heads, texts, strict=True)
    )
    body = [_row(row, "whole" if i < whole else None, labels) for i, row in enumerate(rows)]
    classes = [word for word, given in (("sortable", sortable), ("cards", labels)) if given]
    return element(
        "table",
        f"{text('caption', caption)}<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>",
        class_=" ".join(classes) or None,
    )


def _row(entries: Sequence[Entry], classes: str | None, labels: Sequence[str]) -> str:
    first, *others = entries
    cells = [element("th", first.content, scope="row", data_value=first.value)]
    named: Sequence[str | None] = labels[1:] or [None] * len(others)
    cells += [
        element("td", entry.content, class_=entry.classes, data_value=entry.value, data_label=label)
        for entry, label in zip(others, named, strict=True)
    ]
    return element("tr", "".join(cells), class_=classes)


def section(name: str, title: str, content: str) -> str:
    """Return a section of the page with its heading."""
    heading = text("h2", title, id=f"{name}-title")
    return element("section", f"{heading}\n{content}", id=name, aria_labelledby=f"{name}-title")


def details(summary: str, content: str) -> str:
    """Return content that is folded until it is asked for."""
    return element("details", text("summary", summary) + content)


def picture(words: str, png: bytes) -> str:
    """Return a figure that holds its own PNG, named below and for those who do not see it."""
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return element("figure", f'<img src="{source}" alt="{escape(words)}">' + text("figcaption", words))
