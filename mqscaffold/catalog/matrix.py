"""The support matrix: what each pattern is on each service, computed from the catalog's tables.

Everything here is a pure function of tables as ``tomllib`` returns them, in the order they are
given. Three rules make the matrix:

- a part has the state that the service's variant says, else the service, else the service it is
  ``like``, else the part's own ``usual`` state;
- a pattern's state is the worst of the parts it names. What carries a pattern of features only
  (the service's ``carrier``) does not count;
- choosing a pattern fixes the settings that the service gives for its parts, and these may select
  a variant.

The tables are assumed valid, which is the loader's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from mqscaffold.catalog import expression
from mqscaffold.catalog.model import State
from mqscaffold.records import dataclass, field

__all__ = ["Cell", "Suggestion", "Table", "Tables", "best", "cell", "cells", "suggestion"]

Table: TypeAlias = Mapping[str, Any]
Tables: TypeAlias = Mapping[str, Table]

_RANK: Final[Mapping[State, int]] = {"native": 0, "composed": 1, "refused": 2}
_NONE: Final[Table] = {}


@dataclass(frozen=True, slots=True)
class Cell:
    """One pattern on one service, or on one variant of it.

    ``reason`` and ``instead`` say why it is refused and what to take, nearest first; they are
    None and empty where it is not refused. ``settings`` is what choosing the pattern fixes.
    """

    pattern: str
    service: str
    variant: str | None
    state: State
    reason: str | None
    instead: tuple[str, ...]
    settings: Mapping[str, object] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The cell that an entry of ``instead`` names."""

    pattern: str
    service: str
    variant: str | None


@dataclass(frozen=True, slots=True)
class _Column:
    """What one service, or one variant of it, says of every part."""

    service: str
    variant: str | None
    states: Mapping[str, State]
    words: Tables
    settings: Tables


@dataclass(frozen=True, slots=True)
class _Home:
    """Where a service is at home, with "own" for a cluster of the user's, and its variants."""

    cloud: str
    variants: Table


def cells(
    patterns: Tables, topologies: Tables, features: Tables, services: Tables
) -> tuple[Cell, ...]:
    """Every pattern on every service and each of its variants, in the order of the tables."""
    parts = {**topologies, **features}
    columns = [
        _column(parts, services, service, variant)
        for service, table in services.items()
        for variant in (None, *_columns(table))
    ]
    homes = _homes(services)
    return tuple(
        _cell(pattern, _names(table), column, homes)
        for pattern, table in patterns.items()
        for column in columns
    )


def cell(
    patterns: Tables,
    topologies: Tables,
    features: Tables,
    services: Tables,
    pattern: str,
    service: str,
    variant: str | None = None,
) -> Cell:
    """One cell; KeyError for a name that the tables do not have."""
    column = _column({**topologies, **features}, services, service, variant)
    return _cell(pattern, _names(patterns[pattern]), column, _homes(services))


def best(
    patterns: Tables,
    topologies: Tables,
    features: Tables,
    services: Tables,
    pattern: str,
    service: str,
) -> Cell:
    """The cell of a pattern on a service for which the user has chosen no variant.

    It is the service's own cell, unless the settings that the pattern fixes there select a
    variant: ``ordered`` on ``sqs`` is a FIFO queue. KeyError for an unknown name.
    """
    tables = (patterns, topologies, features, services)
    plain = cell(*tables, pattern, service)
    for variant, table in _columns(services[service]).items():
        if _selected(table["if"], plain.settings):
            return cell(*tables, pattern, service, variant)
    return plain


def suggestion(entry: str, pattern: str, service: str) -> Suggestion:
    """What ``entry``, found in the ``instead`` of a cell of ``pattern`` and ``service``, names.

    ``sqs`` and ``sqs+fifo`` are the same pattern elsewhere, ``pattern:outbox`` is another pattern
    on the same service, and ``replay on sns+fifo`` is another pattern elsewhere.
    """
    if entry.startswith("pattern:"):
        return Suggestion(entry.removeprefix("pattern:"), service, None)
    other, on, place = entry.rpartition(" on ")
    name, _, variant = place.partition("+")
    return Suggestion(other if on else pattern, name, variant or None)


def _names(table: Table) -> tuple[str, ...]:
    """The parts that a pattern names, its topology first."""
    topology: tuple[str, ...] = (table["topology"],) if "topology" in table else ()
    return (*topology, *table.get("features", ()))


def _layers(services: Tables, service: str, variant: str | None) -> Iterator[Table]:
    """The tables that speak for a service or a variant, the weakest first."""
    table = services[service]
    if "like" in table:
        name, _, its_variant = table["like"].partition("+")
        yield from _layers(services, name, its_variant or None)
    yield table
    if variant is not None:
        yield table["variants"][variant]


def _column(parts: Tables, services: Tables, service: str, variant: str | None) -> _Column:
    states: dict[str, State] = {name: part["usual"] for name, part in parts.items()}
    words = dict(parts)
    for layer in _layers(services, service, variant):
        states.update(layer.get("states", _NONE))
        words.update(layer.get("refusals", _NONE))
    return _Column(service, variant, states, words, services[service].get("settings", _NONE))


def _cell(pattern: str, names: Sequence[str], column: _Column, homes: Mapping[str, _Home]) -> Cell:
    state: State = "native"
    refused = ""
    settings: Mapping[str, object] = _NONE
    for name in names:
        its_state = column.states[name]
        if _RANK[its_state] > _RANK[state]:
            state = its_state
        if its_state == "refused":
            refused = name  # The last one: a feature's words say more than its topology's.
        if name in column.settings:
            settings = {**settings, **column.settings[name]}
    if not refused:
        return Cell(pattern, column.service, column.variant, state, None, (), settings)
    words = column.words[refused]
    instead = _nearest_first(words.get("instead", ()), pattern, column, homes)
    return Cell(pattern, column.service, column.variant, state, words["reason"], instead, settings)


def _nearest_first(
    entries: Sequence[str], pattern: str, column: _Column, homes: Mapping[str, _Home]
) -> tuple[str, ...]:
    """``entries`` with the services of the same cloud first.

    Someone who has chosen FIFO wants to keep it, so an entry that leaves the variant open takes
    this cell's variant where the other service has one of that name.
    """
    near: dict[str, None] = {}
    far: dict[str, None] = {}
    for entry in entries:
        said = suggestion(entry, pattern, column.service)
        home = homes[said.service]
        if not said.variant and said.service != column.service and column.variant in home.variants:
            entry = f"{entry}+{column.variant}"
        (near if home.cloud == homes[column.service].cloud else far)[entry] = None
    return (*near, *far)


def _columns(service: Table) -> Tables:
    """The variants that are columns of the matrix, not only a choice of what fills a place."""
    variants: Tables = service.get("variants", _NONE)
    return {name: table for name, table in variants.items() if table.get("column", True)}


def _homes(services: Tables) -> dict[str, _Home]:
    return {
        name: _Home(
            "own" if table["cloud"] in ("existing", "kubernetes") else table["cloud"],
            _columns(table),
        )
        for name, table in services.items()
    }


def _selected(condition: str, settings: Mapping[str, object]) -> bool:
    """Whether the settings that a pattern fixes are enough to tell, and select the variant."""
    if not settings:
        return False
    parsed = expression.parse(condition)
    return parsed.names <= settings.keys() and bool(parsed.value(settings))
