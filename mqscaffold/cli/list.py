"""`mqscaffold list`: what can be generated, or the whole matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from mqscaffold.cli import words
from mqscaffold.cli.shell import json_option

if TYPE_CHECKING:
    from mqscaffold.cli.bodies import CellBody, WordsPage

__all__ = ["command"]

_LEGEND = "N native  C composed from other resources  n, c the same, planned  - refused"
_MARKS = {"native": "N", "composed": "C", "refused": "-"}


@click.command("list")
@click.option("--all", "everything", is_flag=True, help="Every pattern on every service.")
@click.option("--pattern", "-p", help="Only this one, with reasons.", shell_complete=words.patterns)
@click.option("--service", "-s", help="Only this one, with reasons.", shell_complete=words.services)
@json_option
def command(everything: bool, pattern: str | None, service: str | None, as_json: bool) -> None:
    """Print what can be generated now, or with --all the state of every pattern on every service.

    JSON has every cell in any case, variants of services too.
    """
    from mqscaffold.cli.output import print_json, width
    from mqscaffold.cli.pages import list_page, words_page

    names = words_page()
    words.check_pattern(pattern, names, "--pattern")
    words.check_service(service, names, "--service")
    page = list_page()
    cells = page["cells"]
    found = [
        cell
        for cell in (cells if as_json else [cells[number] for number in page["plain"].values()])
        if pattern in {None, cell["pattern"]} and service in {None, cell["service"]}
    ]
    if as_json:
        print_json(found)
    elif everything:
        click.echo("\n".join(_matrix(found, width())))
    elif pattern or service:
        click.echo("\n".join(_table(found, names, width())))
    else:
        working = [cell for cell in found if cell["generates"]]
        click.echo("\n".join(_table(working, names, width())))
        click.echo("\nmqscaffold new --pattern PATTERN --service SERVICE    write one")
        click.echo("mqscaffold list --all                                 the whole matrix")


def _table(cells: Sequence[CellBody], names: WordsPage, limit: int | None) -> Iterator[str]:
    """A line a cell: what it does, what it lacks, or why it is refused."""
    from mqscaffold.cli.output import table

    lines = [("PATTERN", "SERVICE", "STATE", "")]
    for cell in cells:
        variant = f" ({cell['variant']})" if cell["variant"] else ""
        planned = not cell["generates"] and cell["state"] != "refused"
        state = "planned" if planned else cell["state"]
        note = cell["reason"] or names["says"][cell["pattern"]]
        lines.append((cell["pattern"], cell["service"] + variant, state, note))
    yield from table(lines, limit=limit)


def _matrix(cells: Sequence[CellBody], limit: int | None) -> Iterator[str]:
    """The matrix in as many blocks of services as the width asks for."""
    marks = {(cell["pattern"], cell["service"]): _mark(cell) for cell in cells}
    patterns = list(dict.fromkeys(pattern for pattern, _ in marks))
    first = max(map(len, patterns))
    for block in _blocks(list(dict.fromkeys(service for _, service in marks)), first, limit):
        yield f"{'':{first}}  {'  '.join(block)}".rstrip()
        for pattern in patterns:
            line = "  ".join(marks[pattern, service].center(len(service)) for service in block)
            yield f"{pattern:{first}}  {line}".rstrip()
        yield ""
    yield _LEGEND


def _mark(cell: CellBody) -> str:
    mark = _MARKS[cell["state"]]
    return mark if cell["generates"] else mark.lower()


def _blocks(services: Sequence[str], first: int, limit: int | None) -> Iterator[list[str]]:
    block: list[str] = []
    used = first
    for service in services:
        if block and limit is not None and used + 2 + len(service) > limit:
            yield block
            block, used = [], first
        block.append(service)
        used += 2 + len(service)
    yield block
