"""`mqscaffold show`: one pattern on one service, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from mqscaffold.cli import words
from mqscaffold.cli.shell import json_option

if TYPE_CHECKING:
    from mqscaffold.cli.bodies import CellBody, ListPage, WordsPage

__all__ = ["command"]


@click.command("show")
@click.argument("pattern", shell_complete=words.patterns)
@click.argument("service", shell_complete=words.services)
@json_option
def command(pattern: str, service: str, as_json: bool) -> None:
    """Print what PATTERN on SERVICE is: its components, settings, resources and idle cost.

    For a pair that is refused or planned: why, and what works instead.
    """
    from mqscaffold.cli.output import print_json, width
    from mqscaffold.cli.pages import list_page, show_page, words_page

    names = words_page()
    words.check_pattern(pattern, names, "PATTERN")
    words.check_service(service, names, "SERVICE")
    page = list_page()
    key = f"{pattern} {service}"
    cell = page["cells"][page["plain"][key]]
    body = show_page(pattern, service) if cell["generates"] else {}
    if as_json:
        print_json({**cell, "says": names["says"][pattern], **body})
        return
    lines = list(_head(cell, names, width()))
    if body:
        lines += _parts(cell, body, width())
    else:
        lines += _instead(cell, page, width())
    click.echo("\n".join(lines))


def _head(cell: CellBody, names: WordsPage, limit: int | None) -> Iterator[str]:
    from mqscaffold.cli.output import wrapped

    planned = not cell["generates"] and cell["state"] != "refused"
    variant = f" ({cell['variant']})" if cell["variant"] else ""
    title = f"{names['patterns'][cell['pattern']]} on {names['services'][cell['service']]}"
    yield f"{title}{variant}: {'planned' if planned else cell['state']}"
    yield from wrapped(names["says"][cell["pattern"]], limit, "  ")


def _instead(cell: CellBody, page: ListPage, limit: int | None) -> Iterator[str]:
    from mqscaffold.cli.output import wrapped

    yield ""
    yield from wrapped(cell["reason"] or "", limit, "  ")
    yield ""
    works = {key for key, number in page["plain"].items() if page["cells"][number]["generates"]}
    key = f"{cell['pattern']} {cell['service']}"
    named = [f"{pattern} {service}" for pattern, service in page["instead"].get(key, [])]
    # The catalog names what fits best, planned or not: something that works now is always said.
    found = sorted(named, key=lambda pair: pair not in works)
    if not works.intersection(found):
        same = [pair for pair in page["plain"] if pair.split()[0] == cell["pattern"]]
        here = [pair for pair in page["plain"] if pair.split()[1] == cell["service"]]
        near = [pair for pair in same if pair in works] or [pair for pair in here if pair in works]
        found = [*near[:3], *found]
    if found:
        yield "Instead"
        for pair in found:
            yield f"  mqscaffold show {pair}{'' if pair in works else '    (planned)'}"
    else:
        yield "mqscaffold list    what works now"


def _parts(cell: CellBody, body: dict[str, Any], limit: int | None) -> Iterator[str]:
    from mqscaffold.cli.output import idle, wrapped

    yield from _section("Components", limit, body["components"], "name", "component", "says")
    yield from _section("Processes", limit, [{"name": name} for name in body["processes"]], "name")
    yield ""
    yield "Stacks"
    for stack, found in body["stacks"].items():
        yield f"  {stack:<4}  {found['resources']} resources, {idle(found['idle_usd_a_month'])}"
    title = f"Settings    (mqscaffold explain {cell['service']}.SETTING)"
    yield from _section(title, limit, body["settings"], "setting", "value", "why")
    if body["planned_settings"]:
        yield from _section("Planned settings", limit, body["planned_settings"], "setting", "why")
    yield ""
    yield "Not guaranteed"
    for text in body["not_guaranteed"]:
        yield from wrapped(text, limit, "  - ")
    yield ""
    yield "mqscaffold try proves it on this machine, except:"
    for text in body["not_proven"]:
        yield from wrapped(text, limit, "  - ")
    yield ""
    yield f"mqscaffold new --pattern {cell['pattern']} --service {cell['service']}"


def _section(
    title: str, limit: int | None, rows: Sequence[dict[str, str]], *columns: str
) -> Iterator[str]:
    from mqscaffold.cli.output import table

    yield ""
    yield title
    cells = [[row[column] for column in columns] for row in rows]
    for line in table(cells, limit=limit and limit - 2):
        yield f"  {line}"
