"""The group of commands: what each is, said without importing it, and how a run ends.

Exit codes: 0 done; 1 a mistake of ours, or what `try` found is not right; 2 a mistake of the
user; 130 interrupted; 141 nobody read the output any more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from mqscaffold import __version__
from mqscaffold.errors import UserError, clean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["COMPLETE_VARIABLE", "Shell", "json_option", "shell"]

COMPLETE_VARIABLE = "_MQSCAFFOLD_COMPLETE"

# In the order of a first visit. Help shows these lines and imports no command for them.
COMMANDS = {
    "list": "What can be generated; --all: the whole matrix.",
    "show": "One pattern on one service: topology, settings, resources and idle cost.",
    "explain": "One setting: type, range, default, why, and the vendor's page.",
    "new": "Write a project.",
    "try": "Run a project on this machine and count its messages.",
    "completion": "The script that completes names and values in bash, zsh or fish.",
}

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


class Shell(click.Group):
    """A group that imports a command when it runs, and says every mistake in one style."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        module = "try_" if cmd_name == "try" else cmd_name  # `try` is no module name
        command = import_module(f"mqscaffold.cli.{module}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from mqscaffold.names import unknown

            raise unknown("command", args[0], COMMANDS, command="mqscaffold --help")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=text)
            for name, text in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run with the arguments and end the process; all ends are in this one place."""
        given = list(sys.argv[1:] if args is None else args)
        # Said last, as the message about a mistake of ours asks, it works for every command.
        arguments = [argument for argument in given if argument != "--debug"]
        debug = len(arguments) < len(given)
        sys.exit(_ended(lambda: self._run(arguments, extra), arguments, debug))

    def _run(self, arguments: list[str], extra: dict[str, Any]) -> int:
        if os.environ.get(COMPLETE_VARIABLE):
            from mqscaffold.cli.complete import answer

            answer(self)
            return 0
        _open_closed_streams()
        # Values of users may hold what this terminal's encoding lacks: escaped, not a crash.
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
        with self.make_context("mqscaffold", arguments, **extra) as context:
            result = self.invoke(context)
        return result if isinstance(result, int) else 0


def _ended(run: Callable[[], int], arguments: Sequence[str], debug: bool) -> int:
    """The exit code of a run, its mistake told."""
    as_json = "--json" in arguments
    try:
        code = run()
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except UserError as error:
        return _told(_led(error, arguments), as_json)
    except click.ClickException as error:
        return _told(_translated(error, arguments), as_json)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nInterrupted.", err=True)
        return 130
    except EOFError:
        return _told(
            UserError(
                "the input ended before an answer came; nothing was written",
                where="a question on the terminal",
                command="give the answers as options, or --yes for the defaults",
            ),
            as_json,
        )
    except BrokenPipeError:
        # The reader has what it wanted. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if isinstance(error, OSError) and not _output_works():
            return _told(
                UserError(
                    f"the output could not be written: {error.strerror}; what the command does"
                    " besides is done",
                    where="standard output",
                ),
                as_json=False,
            )
        if debug:
            raise
        name = type(error).__name__
        mistake = UserError(
            f"a mistake in mqscaffold itself: {name}: {clean(str(error), 200)}",
            command="the same command with --debug shows where",
        )
        _told(mistake, as_json)
        return 1
    return code


def _told(error: UserError, as_json: bool) -> int:
    # A terminal that was closed cannot be told; the exit code still says it.
    with suppress(OSError):
        if as_json:
            import json

            click.echo(json.dumps(error.as_json(), indent=2, ensure_ascii=False))
        else:
            click.echo("\n".join(error.lines()), err=True)
    return error.exit_code


def _led(error: UserError, arguments: Sequence[str]) -> UserError:
    """The error with a place and a next command, where it has none of its own."""
    name = next((argument for argument in arguments if argument in COMMANDS), "")
    if not name or error.exit_code != UserError.exit_code:
        return error
    path = f"mqscaffold {name}"
    return error.located(path).leading_to(f"{path} --help")


def _open_closed_streams() -> None:
    """Give a process whose standard streams were closed empty ones, as `>&-` in a shell means.

    Otherwise the first file that it opens would become its standard output.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _output_works() -> bool:
    """Whether standard output takes anything at all; if not, it is given up."""
    try:
        print(flush=True)  # what failed is dropped, so that flush alone would succeed now
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _translated(error: click.ClickException, arguments: Sequence[str]) -> UserError:
    """A mistake that click found, in our style."""
    context: click.Context | None = getattr(error, "ctx", None)
    # The parser itself does not know for which command it works.
    name = next((argument for argument in arguments if argument in COMMANDS), "")
    path = f"mqscaffold {name}".rstrip()
    help_command = f"{path} --help"
    if isinstance(error, click.NoSuchOption):
        from mqscaffold.names import unknown

        names = [
            name
            for parameter in (context.command.get_params(context) if context else ())
            for name in parameter.opts
            if name.startswith("--")
        ]
        return unknown("option", error.option_name, names, where=path, command=help_command)
    if isinstance(error, click.MissingParameter) and error.param:
        missing = error.param.make_metavar(context) if context else error.param.name
        return UserError(f"{missing} is missing", where=path, command=help_command)
    if isinstance(error, click.BadParameter) and error.param:
        near: tuple[str, ...] = ()
        if isinstance(error.param.type, click.Choice):
            near = tuple(str(choice) for choice in error.param.type.choices)
        return UserError(
            error.message.rstrip("."),
            where=f"{path} {error.param.opts[-1]}",
            near=near,
            command=help_command,
        )
    return UserError(error.format_message().rstrip("."), where=path, command=help_command)


def json_option(function: _Decorated) -> _Decorated:
    """`--json`, the same on every command."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON, errors too, on standard output."
    )(function)


@click.command(
    "mqscaffold",
    cls=Shell,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="mqscaffold %(version)s")
@click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    help="Show a traceback when mqscaffold itself fails; may stand anywhere.",
)
@click.pass_context
def shell(context: click.Context) -> None:
    """Messaging as a repository: one pattern on one service, generated, deployable and tested.

    \b
    mqscaffold list
    mqscaffold new orders --pattern fanout --service sns-sqs
    cd orders && mqscaffold try
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
