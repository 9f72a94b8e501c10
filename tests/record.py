"""What is checked in beside the tests and recorded again by one command.

    python -m tests.record examples      examples/*, from each one's mqscaffold.toml
    python -m tests.record urns          tests/urns/*.txt: the URNs of each example's two stacks
    python -m tests.record footprints    tests/footprints/*.txt: what each setting changes

The diff of what is recorded is the review of a change: a URN that goes away is a queue that is
replaced, and a line in a footprint that nobody meant is a side effect.
"""

from __future__ import annotations

import json
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mqscaffold.catalog.expression import Expression
from mqscaffold.catalog.load import Catalog, load
from mqscaffold.catalog.model import STACKS, Setting
from mqscaffold.catalog.values import toml_value
from mqscaffold.render import Request, pipeline
from mqscaffold.render.files import File
from mqscaffold.render.request import spec_of
from mqscaffold.render.spec import read

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
URNS = ROOT / "tests" / "urns"
FOOTPRINTS = ROOT / "tests" / "footprints"
BASES = {"sns-sqs": "fanout", "sqs": "work-queue"}
"""The pattern whose settings are recorded for a service: the one that has most of them."""

sys.path.append(str(ROOT / "templates" / "project" / "tests"))


@cache
def catalog() -> Catalog:
    return load()


def example_names() -> list[str]:
    return sorted(path.parent.name for path in EXAMPLES.glob("*/mqscaffold.toml"))


def example(name: str) -> tuple[File, ...]:
    """The files that the generator makes today of an example's mqscaffold.toml."""
    data = tomllib.loads((EXAMPLES / name / "mqscaffold.toml").read_text("utf-8"))
    return pipeline.render(read(data, catalog().lists), catalog()).files


def urns(files: Sequence[File]) -> list[str]:
    """The URNs of both stacks of a project, components too, sorted."""
    found: set[str] = set()
    for _, stack in graphs(files):
        found |= {resource.urn for resource in stack.resources}
    return sorted(found)


def graphs(files: Sequence[File]) -> Iterator[tuple[str, Any]]:
    """(stack, what it asks for) of a project's program, run against stand-ins."""
    from recorded_stack import recorded

    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            if file.path.startswith("infra/"):
                path = Path(folder, file.path)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(file.text, encoding="utf-8")
        forget_components()
        for stack in STACKS:
            recorded.cache_clear()
            yield stack, recorded(stack, Path(folder, "infra"))
        forget_components()


def forget_components() -> None:
    """Each project has its own `components`; Python would keep the first."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "components"]:
        del sys.modules[name]


def settings_of(service: str) -> list[Setting]:
    request = Request(name="orders", pattern=BASES[service], service=service)
    planned = pipeline.plan(spec_of(request, catalog()), catalog())
    return [value.setting for value in planned.project.flows[0].values.values()]


def footprint(service: str, setting: Setting) -> list[str]:
    """The lines that say what setting ``setting`` to its example changes in a project."""
    base = _base(service, setting)
    changed = {**base, setting.name: toml_value(setting, setting.example)}
    return sorted(_difference(_project(service, base), _project(service, changed)))


def _base(service: str, setting: Setting) -> dict[str, Any]:
    """Answers under which the setting does something: what its `when` reads is set."""
    answers: dict[str, Any] = {}
    others = {other.name: other for other in settings_of(service)}
    for name in sorted(setting.when.names if setting.when else ()):
        other = others[name]
        if other.default_for("prod") in (False, "", {}) or isinstance(other.default, Expression):
            answers[name] = toml_value(other, other.example)
    if setting.when and setting.when.text.startswith("not "):
        answers.pop(next(iter(setting.when.names)), None)
    return answers


@cache
def _cached(service: str, answers: str) -> tuple[File, ...]:
    request = Request(
        name="orders", pattern=BASES[service], service=service, answers=json.loads(answers)
    )
    return pipeline.new(request, catalog()).files


@cache
def _cached_graphs(service: str, answers: str) -> Mapping[str, Any]:
    return dict(graphs(_cached(service, answers)))


def _project(
    service: str, answers: Mapping[str, Any]
) -> tuple[tuple[File, ...], Mapping[str, Any]]:
    key = json.dumps(answers, sort_keys=True)
    return _cached(service, key), _cached_graphs(service, key)


def _difference(before: Any, after: Any) -> Iterator[str]:
    """Resources that come and go, properties that change, outputs, configuration and files."""
    for stack in STACKS:
        yield from (f"{stack} {line}" for line in _graph_lines(before[1][stack], after[1][stack]))
    yield from _file_lines(before[0], after[0])


def _graph_lines(before: Any, after: Any) -> Iterator[str]:
    old = {resource.urn: resource for resource in before.resources}
    new = {resource.urn: resource for resource in after.resources}
    for word, urns_ in (("+", new.keys() - old.keys()), ("-", old.keys() - new.keys())):
        counts = Counter((new.get(urn) or old[urn]).type for urn in urns_)
        yield from (f"{word} {kind} x{number}" for kind, number in counts.items())
    changed: Counter[str] = Counter()
    for urn in old.keys() & new.keys():
        a, b = old[urn], new[urn]
        for name in sorted(a.state.keys() | b.state.keys()):
            if a.state.get(name) != b.state.get(name):
                changed[f"{a.type}.{name}"] += 1
        if (a.protected, a.retained) != (b.protected, b.retained):
            changed[f"{a.type} protect"] += 1
    yield from (f"~ {name} x{number}" for name, number in changed.items())
    yield from (f"~ config {key}" for key in _keys(before.config, after.config))
    for word, names in (
        ("+", after.secret_outputs.keys() - before.secret_outputs.keys()),
        ("-", before.secret_outputs.keys() - after.secret_outputs.keys()),
    ):
        yield from (f"{word} output {name}" for name in sorted(names))


def _keys(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))


_TEXTS = ("README.md", "mqscaffold.toml", ".mqscaffold/", "infra/", "asyncapi.yaml")


def _file_lines(before: Sequence[File], after: Sequence[File]) -> Iterator[str]:
    old = {file.path: file.text for file in before if not file.path.startswith(_TEXTS)}
    new = {file.path: file.text for file in after if not file.path.startswith(_TEXTS)}
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            word = "~" if path in old and path in new else "+" if path in new else "-"
            yield f"{word} {path}"


def footprint_text(service: str) -> str:
    """The recorded footprints of every setting of ``service``."""
    blocks: list[str] = []
    for setting in settings_of(service):
        lines = footprint(service, setting)
        blocks.append("\n".join([f"[{setting.name}]", *lines]))
    return "\n\n".join(blocks) + "\n"


def record_examples() -> None:
    from mqscaffold.project.write import write_tree

    for name in example_names():
        files = example(name)
        target = EXAMPLES / name
        kept = {file.path for file in files}
        for path in sorted(target.rglob("*"), reverse=True):
            if path.is_file() and path.relative_to(target).as_posix() not in kept:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        write_tree(target, files, force=True)


def record_urns() -> None:
    for name in example_names():
        text = "\n".join(urns(example(name))) + "\n"
        (URNS / f"{name}.txt").write_text(text, encoding="utf-8")


def record_footprints() -> None:
    for service in BASES:
        (FOOTPRINTS / f"{service}.txt").write_text(footprint_text(service), encoding="utf-8")


if __name__ == "__main__":
    commands = {
        "examples": record_examples,
        "urns": record_urns,
        "footprints": record_footprints,
    }
    for word in sys.argv[1:] or commands:
        commands[word]()
