"""`python -m benchmarks`: start-up, one project, a thousand projects, each beside its reference.

Nothing is asserted: the budgets stand beside the figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from benchmarks import peers
from benchmarks.measure import Compared, Program, Runner
from benchmarks.staging import stage
from mqscaffold.render.files import File

MAIN = "from mqscaffold.cli import main; main()"
NEW = ["new", "orders", "--pattern", "fanout", "--service", "sns-sqs", "--yes"]


@click.command()
@click.option("--pairs", default=31, show_default=True, help="Interleaved pairs of each row.")
@click.option("--count", default=1000, show_default=True, help="Projects in one process.")
def main(pairs: int, count: int) -> None:
    """Measure mqscaffold as it is installed, against click alone, a floor program and peers."""
    if os.name == "nt":
        raise click.ClickException("the peak of a child's memory is only measured on POSIX")
    click.echo(", ".join(f"{name} {version}" for name, version in peers.versions().items()))
    with tempfile.TemporaryDirectory() as name, Runner() as runner:
        folder = Path(name)
        site = {"PYTHONPATH": str(stage(folder / "site"))}
        click.echo(f"\nStart-up, {pairs} pairs against `import click`; budget 1.25 and 16 MiB")
        _print(startup(runner, site, folder, pairs))
        click.echo(f"\nOne project, {pairs} pairs; budget 1.2 of the floor, 0.45 of cookiecutter")
        click.echo("(2.2 times as fast) and 0.25 of copier (4 times as fast)")
        _print(generate(runner, site, folder, pairs))
        click.echo(f"\n{count} projects in one process; budget 10 ms each, memory flat")
        for line in bulk(site, count):
            click.echo(f"  {line}")


def startup(runner: Runner, site: dict[str, str], folder: Path, pairs: int) -> list[Compared]:
    """The commands that only look things up."""
    line = "mqscaffold new -s sns-sqs --set re"
    asked = {"_MQSCAFFOLD_COMPLETE": "bash", "_MQSCAFFOLD_LINE": line}
    commands = ["--help", "list", "list --all", "show fanout sns-sqs", "explain sns-sqs.retry_for"]
    programs = [
        Program(command, ["-c", MAIN, *command.split()], site, folder) for command in commands
    ]
    programs.append(Program("completion of --set", ["-c", MAIN], {**site, **asked}, folder))
    reference = Program("import click", ["-c", "import click"], {}, folder)
    return runner.compare(programs, reference, pairs=pairs)


def generate(runner: Runner, site: dict[str, str], folder: Path, pairs: int) -> Iterator[Compared]:
    """One project, by us and by others; only programs that give the same bytes are compared."""
    from mqscaffold import Request, new

    files = new(Request(name="orders", pattern="fanout", service="sns-sqs")).files
    expected = {file.path: file.data for file in files}
    click.echo(f"{len(expected)} files, {sum(map(len, expected.values())) / 1000:.0f} kB")
    ours = _writer("mqscaffold new", folder, ["-c", MAIN, *NEW, "--output", "{parent}"], site)
    _check(runner, ours, expected)
    home = {"HOME": str(_made(folder / "home"))}  # cookiecutter writes into it
    for name, arguments in _others(folder, files):
        reference = _writer(name, folder, arguments, home)
        _check(runner, reference, expected)
        yield from runner.compare([ours], reference, pairs=pairs)


def _others(folder: Path, files: Sequence[File]) -> Iterator[tuple[str, Sequence[str]]]:
    """The name and arguments of the floor program and of each peer that is installed."""
    yield "floor", [*peers.write_floor(_made(folder / "floor-source"), files), "{target}"]
    missing = peers.missing_peers()
    for name in missing:
        click.echo(f"MISSING: {name} is not installed: pip install 'mqscaffold[bench]'")
    if "cookiecutter" not in missing:
        source = _made(folder / "cookiecutter-source")
        yield "cookiecutter", [*peers.write_cookiecutter(source, files, "orders"), "{parent}"]
    if "copier" not in missing:
        yield "copier", [*peers.write_copier(_made(folder / "copier-source"), files), "{target}"]


def _writer(
    name: str, folder: Path, arguments: Sequence[str], environment: Mapping[str, str]
) -> Program:
    """A program that writes the project `orders` below a folder of its own."""
    parent = _made(folder / f"{name} output".replace(" ", "-"))
    target = parent / "orders"
    filled = [
        text.format(parent=parent, target=target) if "{" in text else text for text in arguments
    ]
    return Program(name, filled, environment, folder, clears=target)


def _check(runner: Runner, program: Program, expected: Mapping[str, bytes]) -> None:
    """End the run when a program does not give the same bytes, for then its time means nothing."""
    runner.run(program)
    assert program.clears
    found = peers.read_tree(program.clears)
    wrong = [path for path in {**expected, **found} if expected.get(path) != found.get(path)]
    if wrong:
        raise SystemExit(f"{program.name} does not give the same bytes: {', '.join(wrong[:5])}")


def bulk(site: Mapping[str, str], count: int) -> Iterator[str]:
    """A thousand projects in one process, in words."""
    program = Path(__file__).with_name("bulk.py")
    result = subprocess.run(
        [sys.executable, str(program), str(count)],
        env={**os.environ, **site},
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(result.stdout)
    total = found["render_ms"] + found["write_ms"]
    parts = f"{found['render_ms']:.1f} in memory, {found['write_ms']:.1f} writing"
    yield f"{total:.1f} ms each: {parts}; the first {found['first_ms']:.0f} ms"
    yield (
        f"{found['mib_at_a_tenth']:.1f} MiB after a tenth of them,"
        f" {found['mib_at_the_end']:.1f} MiB after all"
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _print(rows: Iterable[Compared]) -> None:
    head = f"{'s':>8}{'MiB':>7}{'ratio':>7}{'quartiles':>12}{'cpu':>7}"
    click.echo(f"  {'program':<26}{head}  of")
    for row in rows:
        low, high = row.spread
        click.echo(
            f"  {row.program:<26}{row.median.seconds:8.3f}{row.median.mib:7.1f}{row.ratio:7.2f}"
            f"{f'{low:.2f}-{high:.2f}':>12}{row.cpu_ratio:7.2f}"
            f"  {row.reference} ({row.reference_seconds:.3f} s)"
        )


if __name__ == "__main__":
    main()
