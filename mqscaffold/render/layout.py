"""Python text laid out as the formatter would lay it out, so that no formatter has to run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

WIDTH: Final = 100


class Call:
    """``name(arguments)``."""

    def __init__(self, name: str, arguments: list[Any]) -> None:
        self.name, self.arguments = name, arguments


class Pair:
    """``name=value`` in a call."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value


class Sequence:
    """``[items]``."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items


class Entry:
    """``"key": value`` in a dict."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value


class Table:
    """``{entries}``."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries


def literal(value: Any) -> Any:
    """A value of TOML as an expression to lay out."""
    match value:
        case bool():
            return str(value)
        case int() if value >= 10_000:
            return f"{value:_}"
        case str():
            return string(value)
        case list() | tuple():
            return Sequence([literal(item) for item in cast("list[Any]", value)])
        case dict():
            table = cast("dict[str, Any]", value)
            return Table([Entry(string(k), literal(v)) for k, v in table.items()])
        case _:
            return repr(value)


def string(text: str) -> str:
    """``text`` as the formatter quotes it: double quotes unless that needs more escapes."""
    # repr escapes all but the quotes; a double quote added to the text makes it choose single ones.
    body = repr(text + '"')[1:-2].replace("\\'", "'")
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + body.replace(quote, "\\" + quote) + quote


def _brackets(item: Any) -> tuple[str, str, list[Any]] | None:
    match item:
        case Call():
            return f"{item.name}(", ")", item.arguments
        case Sequence():
            return "[", "]", item.items
        case Table():
            return "{", "}", list(item.entries)
        case _:
            return None


def _flat(item: Any) -> str:
    match item:
        case str():
            return item
        case Pair():
            return f"{item.name}={_flat(item.value)}"
        case Entry():
            return f"{item.name}: {_flat(item.value)}"
        case _:
            opening, closing, items = cast("tuple[str, str, list[Any]]", _brackets(item))
            return opening + ", ".join(_flat(x) for x in items) + closing


def _width(line: str) -> int:
    """Columns that ``line`` takes: the formatter counts two for a wide character."""
    if line.isascii():
        return len(line)
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(char) in "WF" else 1 for char in line)


def layout(item: Any, start: str, end: str, indent: str) -> Iterator[str]:
    """``item`` after ``start``: on one line if it fits, else broken at its own brackets.

    Broken, its items go on one line of their own if that fits, else on one line each, the last
    with a comma too: the formatter's rule.
    """
    line = f"{indent}{start}{_flat(item)}{end}"
    fits = _width(line) <= WIDTH
    if isinstance(item, Pair):
        yield from layout(item.value, f"{start}{item.name}=", end, indent)
        return
    if isinstance(item, Entry):
        yield from layout(item.value, f"{start}{item.name}: ", end, indent)
        return
    brackets = _brackets(item)
    if fits or brackets is None or not brackets[2]:
        yield line
        return
    opening, closing, items = brackets
    deeper = indent + "    "
    yield f"{indent}{start}{opening}"
    together = deeper + ", ".join(_flat(x) for x in items)
    # A call's arguments may share a line; a list's or a dict's items never do.
    if isinstance(item, Call) and _width(together) <= WIDTH:
        yield together
    else:
        for entry in items:
            yield from layout(entry, "", ",", deeper)
    yield f"{indent}{closing}{end}"
