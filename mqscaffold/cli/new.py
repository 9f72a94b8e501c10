"""`mqscaffold new`: choices in, a project out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from mqscaffold.cli import words
from mqscaffold.cli.shell import json_option
from mqscaffold.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from mqscaffold.catalog.load import Catalog
    from mqscaffold.render import Rendered, Request

__all__ = ["command"]


@click.command("new")
@click.argument("name", required=False)
@click.option("--pattern", "-p", help="What the messages do.", shell_complete=words.patterns)
@click.option("--service", "-s", help="What carries them.", shell_complete=words.services)
@click.option(
    "--with",
    "features",
    multiple=True,
    metavar="A,B",
    help="Features on top of the pattern's own.",
    shell_complete=words.features,
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting: [STACK/][FLOW:][LIST.NAME.]setting=VALUE. May be repeated.",
    shell_complete=words.set_texts,
)
@click.option(
    "--answers",
    type=click.Path(),
    metavar="FILE",
    help="Settings in TOML; --set wins over them.",
)
@click.option(
    "--output",
    default=".",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="The folder in which the folder NAME is made; here by default.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written and write nothing.")
@click.option("--diff", "as_diff", is_flag=True, help="Show it as a diff and write nothing.")
@click.option(
    "--force",
    is_flag=True,
    help="Write into a folder that holds files: same paths are replaced, nothing is deleted.",
)
@click.option("--yes", "-y", is_flag=True, help="Ask nothing, take the defaults.")
@json_option
def command(
    name: str | None,
    pattern: str | None,
    service: str | None,
    features: tuple[str, ...],
    sets: tuple[str, ...],
    answers: str | None,
    output: str,
    dry_run: bool,
    as_diff: bool,
    force: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Write a project: NAME is its folder, by default <pattern>-<service>.

    --set wins over --answers, that over MQSCAFFOLD_SET_<SETTING> in the environment, that over
    what is answered on the terminal, that over the defaults. Nothing is asked with --yes, with
    --json, or without a terminal. All of the project is written, or nothing.
    """
    from pathlib import Path

    from mqscaffold.catalog.load import load
    from mqscaffold.project.tomlfile import check_text
    from mqscaffold.render import new

    check_text(output, "--output")
    catalog = load()
    try:
        request = _request(
            name, pattern, service, features, sets, answers, asks=not (yes or as_json)
        )
        rendered = new(request, catalog)
    except KeyboardInterrupt:
        raise _InterruptedError("interrupted; nothing was written") from None
    except UserError as error:
        raise error.leading_to(_next(error, pattern, service, catalog)) from None
    # Most shells leave the ~ of --output=~/x as it is, and a folder of that name invites rm -rf.
    target = Path(output).expanduser() / rendered.name
    if as_diff:
        _show_diff(rendered, target, as_json)
        return
    if dry_run:
        from mqscaffold.project.write import check_target

        check_target(target, rendered.files, force=force)
    else:
        from mqscaffold.project.write import write_tree

        try:
            write_tree(target, rendered.files, force=force)
        except KeyboardInterrupt:
            raise _InterruptedError("interrupted; nothing was changed", where=str(target)) from None
    _report(rendered, catalog, target, written=not dry_run, as_json=as_json)


class _InterruptedError(UserError):
    exit_code = 130


def _request(
    name: str | None,
    pattern: str | None,
    service: str | None,
    features: tuple[str, ...],
    sets: tuple[str, ...],
    answers: str | None,
    *,
    asks: bool,
) -> Request:
    from mqscaffold.cli import prompt
    from mqscaffold.cli.answers import parse_features, parse_sets, read_answers, read_environment
    from mqscaffold.names import check_name
    from mqscaffold.render import Request

    if name is not None:  # before anything is asked in vain
        check_name(name, what="project", where="NAME", stands_alone=False)
    return Request(
        name=name,
        pattern=pattern,
        service=service,
        features=parse_features(features),
        sets=parse_sets(sets),
        answers=read_answers(answers) if answers is not None else {},
        environment=read_environment(os.environ),
        ask=prompt.ask if asks and prompt.is_terminal() else None,
    )


def _next(error: UserError, pattern: str | None, service: str | None, catalog: Catalog) -> str:
    """What to run after a mistake that does not say so itself: what tells most about it."""
    import re

    if error.where == "NAME" and error.near:
        chosen = (("--pattern", pattern), ("--service", service))
        options = [f" {option} {text}" for option, text in chosen if text]
        return f"mqscaffold new {error.near[0]}{''.join(options)}"
    name = re.split(r"[ /:.]", error.where or "")[-1]
    known = catalog.services.get(service or "")
    if known and any(
        setting.name == name and setting.family in (*known.families, known.cloud)
        for setting in catalog.settings
    ):
        return f"mqscaffold explain {service}.{name}"
    if known and pattern in catalog.patterns:
        return f"mqscaffold show {pattern} {service}"
    return "mqscaffold new --help"


def _show_diff(rendered: Rendered, target: Path, as_json: bool) -> None:
    from mqscaffold.cli.output import print_json
    from mqscaffold.project.diff import diff

    text = diff(rendered.files, target)
    if as_json:
        print_json({"name": rendered.name, "path": str(target), "written": False, "diff": text})
    else:
        click.echo(text, nl=False)


def _report(
    rendered: Rendered, catalog: Catalog, target: Path, *, written: bool, as_json: bool
) -> None:
    from mqscaffold.cli.bodies import stacks
    from mqscaffold.cli.output import idle, print_json, tree

    costs = stacks(rendered.plan, catalog)
    commands = [f"cd {_quoted(str(target))}", "mqscaffold try"] if written else []
    if as_json:
        body: dict[str, Any] = {
            "name": rendered.name,
            "path": str(target),
            "written": written,
            "files": [{"path": file.path, "class": file.kind} for file in rendered.files],
            "stacks": costs,
            "next": commands,
        }
        print_json(body)
        return
    click.echo(f"{target}{os.sep}")
    click.echo("\n".join(tree([file.path for file in rendered.files])))
    click.echo(f"\n{len(rendered.files)} files, {'' if written else 'not '}written")
    for stack, cost in costs.items():
        click.echo(f"{stack}: {cost['resources']} resources, {idle(cost['idle_usd_a_month'])}")
    if commands:
        click.echo("\nNext:")
        for line in commands:
            click.echo(f"  {line}")


def _quoted(path: str) -> str:
    """The path as one word of a shell."""
    if os.name == "nt":
        return f'"{path}"' if " " in path else path
    import shlex

    return shlex.quote(path)
