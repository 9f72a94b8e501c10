"""The names that a command line may hold: completed, and checked with the nearest one shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from mqscaffold.names import unknown

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from mqscaffold.cli.bodies import SettingBody, WordsPage

    Items = list[CompletionItem[str]]

__all__ = [
    "check_pattern",
    "check_service",
    "features",
    "patterns",
    "services",
    "set_texts",
    "setting_addresses",
]


def check_pattern(name: str | None, names: WordsPage, where: str) -> None:
    """Raise a UserError for a pattern that does not exist."""
    if name is not None and name not in names["patterns"]:
        command = "mqscaffold list --all"
        raise unknown("pattern", name, names["patterns"], where=where, command=command)


def check_service(name: str | None, names: WordsPage, where: str) -> None:
    """Raise a UserError for a service that does not exist."""
    if name is not None and name not in names["services"]:
        command = "mqscaffold list --all"
        raise unknown("service", name, names["services"], where=where, command=command)


def patterns(context: click.Context, parameter: click.Parameter, word: str) -> Items:
    """The patterns that begin with `word`."""
    return _items(_words()["patterns"], word)


def services(context: click.Context, parameter: click.Parameter, word: str) -> Items:
    """The services that begin with `word`."""
    return _items(_words()["services"], word)


def features(context: click.Context, parameter: click.Parameter, word: str) -> Items:
    """The features for the last name of a list `A,B`, those before it left out."""
    before, comma, _ = word.rpartition(",")
    taken = before.split(",")
    found = {
        f"{before}{comma}{name}": text
        for name, text in _words()["features"].items()
        if name not in taken
    }
    return _items(found, word)


def set_texts(context: click.Context, parameter: click.Parameter, word: str) -> Items:
    """For --set: `KEY=` of the service's settings, or `KEY=VALUE` once there is a `=`."""
    key, equals, _ = word.partition("=")
    prefix = re.match(r"(?:[^/:]+/)?(?:[^:/.]+:)?(?:[^.]+\.[^.]+\.)?", key)
    start = prefix[0] if prefix else ""
    found = _settings(context.params.get("service"))
    if not equals:
        return _items({f"{start}{name}=": body["why"] for name, body in found.items()}, word)
    body = found.get(key.removeprefix(start))
    values = body["values"] if body else {}
    return _items({f"{key}={value}": text for value, text in values.items()}, word)


def setting_addresses(context: click.Context, parameter: click.Parameter, word: str) -> Items:
    """For explain: `SERVICE.`, then `SERVICE.SETTING`."""
    service, dot, _ = word.partition(".")
    if not dot:
        return _items({f"{name}.": text for name, text in _words()["services"].items()}, word)
    found = _settings(service) if service in _words()["services"] else {}
    return _items({f"{service}.{name}": body["why"] for name, body in found.items()}, word)


def _words() -> WordsPage:
    from mqscaffold.cli.pages import words_page

    return words_page()


def _settings(service: Any) -> dict[str, SettingBody]:
    """The settings of a service, or of all services when none is chosen yet."""
    from mqscaffold.cli.pages import explain_page

    known = _words()["services"]
    found: dict[str, SettingBody] = {}
    for name in [service] if service in known else known:
        found.update(explain_page(name))
    return {name: body for name, body in found.items() if not body["planned"]}


def _items(texts: dict[str, str], word: str) -> Items:
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(name, help=_short(text))
        for name, text in texts.items()
        if name.startswith(word)
    ]


def _short(text: str) -> str:
    first = re.split(r"(?<=[.;])\s", text, maxsplit=1)[0].rstrip(".;")
    return first if len(first) <= 60 else f"{first[:57]}..."
