"""`mqscaffold try`: prove a project on this machine."""

from __future__ import annotations

import click

from mqscaffold.cli.shell import json_option
from mqscaffold.errors import UserError

__all__ = ["command"]

_OURS = "mqscaffold"


@click.command("try")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False))
@click.option(
    "--count",
    default=50,
    type=click.IntRange(3, 10_000),
    metavar="N",
    help="Messages to send on each flow, one poison and one rejected among them; 50 by default.",
)
@click.option(
    "--keep",
    is_flag=True,
    help="Leave it running until Ctrl-C, and write .env.local for an IDE.",
)
@json_option
def command(folder: str, count: int, keep: bool, as_json: bool) -> int:
    """Deploy the project in DIR on this machine, send messages through it and count them.

    No cloud, no account, no Docker. The exit code is 1 when anything is lost or not as it should
    be. The first run downloads an emulator, and says how much before it does.
    """
    from pathlib import Path

    from mqscaffold.cli.output import print_json

    try:
        from mqscaffold.project.trial import trial
        from mqscaffold.sandbox.run import Report, try_project
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == _OURS:
            raise
        raise UserError(
            f"the sandbox needs the package {error.name}",
            where="mqscaffold try",
            command="pip install 'mqscaffold[sandbox]'",
        ) from None

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    def show(report: Report) -> None:
        if as_json:
            print_json(report.as_json())
        else:
            click.echo("\n".join(report.lines()))

    return try_project(trial(Path(folder), count=count, keep=keep), say, show).exit_code
