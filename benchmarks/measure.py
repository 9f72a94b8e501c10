"""Processes timed from outside, in interleaved pairs on one processor.

A machine is rarely alone, so ratios are what counts: each run of a program stands beside a run of
its reference, and the median of the pairs' ratios is reported, of processor time as well, which
others disturb less than the clock.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

# A process counts the memory of the one that started it as its own peak until it has more, so it
# is started by one that is smaller than any it measures.
_SPAWNER = """
import json, os, sys, time
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
null = os.open(os.devnull, os.O_RDWR)
quiet = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)]
for line in sys.stdin:
    folder, clear, command, environment = json.loads(line)
    os.chdir(folder)
    for root, folders, files in os.walk(clear, topdown=False) if clear else ():
        for name in files:
            os.unlink(os.path.join(root, name))
        os.rmdir(root)
    started = time.perf_counter()
    child = os.posix_spawn(command[0], command, environment, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - started
    cpu = used.ru_utime + used.ru_stime
    print(json.dumps([wall, cpu, used.ru_maxrss, os.waitstatus_to_exitcode(status)]), flush=True)
"""


@dataclass(frozen=True)
class Program:
    """Something to run.

    Attributes:
        arguments: what follows the interpreter.
        environment: on top of the one we have.
        folder: where it runs.
        clears: a folder that is removed before each run, outside the time that is measured.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    clears: Path | None = None


@dataclass(frozen=True)
class Run:
    """One run: seconds by the clock, seconds of processor time, peak MiB."""

    seconds: float
    cpu: float
    mib: float


@dataclass(frozen=True)
class Compared:
    """One program beside its reference: medians, and the median ratios of the pairs."""

    program: str
    median: Run
    ratio: float
    spread: tuple[float, float]
    cpu_ratio: float
    reference: str
    reference_seconds: float


class Runner:
    """Starts programs one after another, from a process that is as small as Python can be."""

    def __init__(self) -> None:
        self._spawner = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _SPAWNER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._spawner.stdin
        assert self._spawner.stdout
        self._spawner.stdin.close()
        self._spawner.stdout.close()
        self._spawner.wait()

    def run(self, program: Program) -> Run:
        """One run of a program.

        Raises:
            RuntimeError: it did not end with 0.
        """
        command = [sys.executable, *program.arguments]
        environment = {**os.environ, **program.environment}
        clears = str(program.clears) if program.clears else ""
        job = [str(program.folder), clears, command, environment]
        assert self._spawner.stdin
        assert self._spawner.stdout
        self._spawner.stdin.write(json.dumps(job) + "\n")
        self._spawner.stdin.flush()
        seconds, cpu, peak, code = json.loads(self._spawner.stdout.readline())
        if code:
            raise RuntimeError(f"{program.name} ended with {code}: {' '.join(program.arguments)}")
        unit = 1024 * 1024 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
        return Run(seconds, cpu, peak / unit)

    def compare(
        self, programs: Sequence[Program], reference: Program, *, pairs: int, warm: int = 3
    ) -> list[Compared]:
        """Each program against the reference, one of each in every round."""
        for _ in range(warm):
            for program in (reference, *programs):
                self.run(program)
        rounds = [[self.run(program) for program in (reference, *programs)] for _ in range(pairs)]
        references = [one[0] for one in rounds]
        return [
            _compared(program, [one[number] for one in rounds], reference, references)
            for number, program in enumerate(programs, 1)
        ]


def _compared(
    program: Program, runs: Sequence[Run], reference: Program, references: Sequence[Run]
) -> Compared:
    pairs = list(zip(runs, references, strict=True))
    low, middle, high = statistics.quantiles([a.seconds / b.seconds for a, b in pairs], n=4)
    return Compared(
        program=program.name,
        median=Run(
            statistics.median(run.seconds for run in runs),
            statistics.median(run.cpu for run in runs),
            statistics.median(run.mib for run in runs),
        ),
        ratio=middle,
        spread=(low, high),
        cpu_ratio=statistics.median(a.cpu / b.cpu for a, b in pairs),
        reference=reference.name,
        reference_seconds=statistics.median(run.seconds for run in references),
    )
