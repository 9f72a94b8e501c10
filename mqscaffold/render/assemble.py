"""Every file of a project, in memory: what is printed, what is rendered and what is copied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.source import home
from mqscaffold.render import context
from mqscaffold.render.code import flow_files
from mqscaffold.render.files import File, check_paths, read
from mqscaffold.render.graph import Graph
from mqscaffold.render.program import program
from mqscaffold.render.resolved import Project
from mqscaffold.render.spec import FILE, Spec, write
from mqscaffold.render.texts import project_files


def assemble(
    spec: Spec, project: Project, graph: Graph, described: context.Project, catalog: Catalog
) -> tuple[File, ...]:
    """The files of ``project`` with ``spec`` as its mqscaffold.toml, sorted by path."""
    from mqscaffold.project.snapshot import snapshot

    templates = home() / "templates"
    files = [
        File(FILE, write(spec), "seeded"),
        File("infra/__main__.py", program(project, graph), "merged"),
        *_components(graph, templates),
        *project_files(described, templates),
        *flow_files(project, graph, described, templates),
    ]
    files += snapshot(
        files, name=catalog.name, version=described.catalog.version, digest=catalog.digest
    )
    check_paths(files)
    return tuple(sorted(files, key=lambda file: file.path))


def _components(graph: Graph, templates: Path) -> Iterator[File]:
    """The components the program names, what they import, and the package that exports them."""
    names: dict[str, str] = {}
    for node in graph.nodes:
        names[node.component.name] = node.component.file
    providers = {node.component.provider for node in graph.nodes}
    folders = [templates / "infra" / provider for provider in sorted(providers)]
    modules = _closure(sorted(set(names.values())), folders)
    for module, path in modules.items():
        yield File(f"infra/components/{module}.py", read(path), "managed")
    yield File("infra/components/__init__.py", _package(names), "managed")


def _closure(modules: Sequence[str], folders: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module in found:
            continue
        found[module] = next(
            folder / f"{module}.py" for folder in folders if (folder / f"{module}.py").is_file()
        )
        todo += imports(found[module])
    return dict(sorted(found.items()))


@cache
def imports(path: Path) -> tuple[str, ...]:
    """The sibling modules that the file at ``path`` imports."""
    return tuple(re.findall(r"^from \.(\w+) import", read(path), re.MULTILINE))


def _package(names: dict[str, str]) -> str:
    lines = ['"""The components that the program in infra/ is made of."""', ""]
    exported: list[str] = []
    for name, module in sorted(names.items(), key=lambda pair: pair[1]):
        lines.append(f"from .{module} import {name}, {name}Args")
        exported += [name, f"{name}Args"]
    lines += ["", "__all__ = [", *(f'    "{name}",' for name in sorted(exported)), "]"]
    return "\n".join(lines) + "\n"
