"""`mqscaffold explain`: one setting, whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mqscaffold.cli import words
from mqscaffold.cli.shell import json_option
from mqscaffold.errors import UserError
from mqscaffold.names import unknown

if TYPE_CHECKING:
    from mqscaffold.cli.bodies import SettingBody

__all__ = ["command"]


@click.command("explain")
@click.argument("address", metavar="SERVICE.SETTING", shell_complete=words.setting_addresses)
@json_option
def command(address: str, as_json: bool) -> None:
    """Print a setting's type, range, default, reason, source and the rules it takes part in."""
    from mqscaffold.cli.output import print_json, width

    body = _found(address)
    if as_json:
        print_json(body)
    else:
        click.echo("\n".join(_lines(body, width())))


def _found(address: str) -> SettingBody:
    from mqscaffold.cli.pages import explain_page, words_page

    service, dot, name = address.partition(".")
    words.check_service(service, words_page(), "SERVICE.SETTING")
    found = explain_page(service)
    if not found:
        raise UserError(
            f"{service} has no settings yet: it is planned",
            where=address,
            command=f"mqscaffold list --service {service}",
        )
    if name in found:
        return found[name]
    error = unknown("setting", name, found, where=address)
    near = [f"{service}.{option}" for option in error.near or list(found)[:5]]
    text = error.message if dot else f"{service} is a service, and a setting of it is needed"
    raise UserError(text, where=address, near=near, command=f"mqscaffold explain {near[0]}")


def _facts(body: SettingBody) -> Iterator[tuple[str, str | None]]:
    yield "type", body["type"]
    yield "allowed", body["allowed"]
    yield "default", body["default"]
    yield "works when", body["when"]
    yield "planned", body["planned"]
    yield "lands in", ", ".join(body["sets"])
    yield "vendor's", body["property"]
    yield "source", body["docs"]


def _lines(body: SettingBody, limit: int | None) -> Iterator[str]:
    from mqscaffold.cli.output import wrapped

    yield f"{body['service']}.{body['setting']}"
    yield ""
    yield from wrapped(body["why"], limit, "  ")
    yield ""
    for label, text in _facts(body):
        if text:
            yield f"  {label:<10}  {text}"
    for rule in body["rules"]:
        yield ""
        yield f"  rule {rule['name']}: {rule['needs']}"
        yield from wrapped(f"because {rule['why']}; {rule['fix']}", limit, "    ")
    yield ""
    yield f"  --set {body['setting']}={_example(body['example'])}"


def _example(text: str) -> str:
    return f"'{text}'" if set(text) & set(' {}[]"') else text
