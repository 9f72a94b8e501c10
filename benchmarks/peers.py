"""The same project made by others: the floor program, cookiecutter and copier.

Their templates are made from our own output: in every file that holds an answer, the answer is
put back as a variable; all other files they copy as they are. `.mqscaffold/` they copy too, for
no template of theirs would render it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mqscaffold.render.files import File

ANSWERS = {"first": "billing", "second": "shipping"}
_WORDS = re.compile("|".join(ANSWERS.values()))
_NAMES = {value: name for name, value in ANSWERS.items()}
_BRACED = re.compile(r"(\{?)(" + _WORDS.pattern + r")(\}?)")
_MARKS = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")

FLOOR = """
import os
import sys

import click


@click.command()
@click.option("--set", "sets", multiple=True)
@click.argument("templates")
@click.argument("target")
def main(sets, templates, target):
    import jinja2

    answers = dict(text.split("=", 1) for text in sets)
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    made = set()
    for folder, _, names in os.walk(templates):
        for name in names:
            source = os.path.join(folder, name)
            with open(source, encoding="utf-8") as stream:
                text = stream.read()
            path = os.path.relpath(source, templates)
            if "{{" in path:
                path = environment.from_string(path).render(answers)
            if path.endswith(".jinja"):
                path = path[: -len(".jinja")]
                text = environment.from_string(text).render(answers)
            path = os.path.join(target, path)
            parent = os.path.dirname(path)
            if parent not in made:
                os.makedirs(parent, exist_ok=True)
                made.add(parent)
            with open(path, "w", encoding="utf-8", newline="\\n") as stream:
                stream.write(text)


main()
"""


def write_floor(folder: Path, files: Sequence[File]) -> Sequence[str]:
    """The floor program and its templates; returns its arguments without the target."""
    _write_templates(folder / "templates", files, _variable(""), ".jinja")
    (folder / "floor.py").write_text(FLOOR, encoding="utf-8")
    sets = [text for name, value in ANSWERS.items() for text in ("--set", f"{name}={value}")]
    return [str(folder / "floor.py"), *sets, str(folder / "templates")]


def write_cookiecutter(folder: Path, files: Sequence[File], name: str) -> Sequence[str]:
    """A cookiecutter template; returns the arguments without the target's parent."""
    variable = _variable("cookiecutter.")
    verbatim = _write_templates(folder / variable("name"), files, variable, "")
    answers = {"name": name, **ANSWERS, "_copy_without_render": verbatim}
    (folder / "cookiecutter.json").write_text(json.dumps(answers), encoding="utf-8")
    program = "from cookiecutter.__main__ import main; main(prog_name='cookiecutter')"
    return ["-c", program, str(folder), "--no-input", "--default-config", "--output-dir"]


def write_copier(folder: Path, files: Sequence[File]) -> Sequence[str]:
    """A copier template; returns the arguments without the target."""
    _write_templates(folder / "template", files, _variable(""), ".jinja")
    questions = "".join(f"{name}: {{type: str, default: {v}}}\n" for name, v in ANSWERS.items())
    text = f"_subdirectory: template\n{questions}"
    (folder / "copier.yml").write_text(text, encoding="utf-8")
    program = "from copier.__main__ import CopierApp; CopierApp.run()"
    return ["-c", program, "copy", "--defaults", "--quiet", str(folder)]


def read_tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def missing_peers() -> list[str]:
    """The peers that are not installed."""
    from importlib.util import find_spec

    return [name for name in ("cookiecutter", "copier") if find_spec(name) is None]


def _variable(prefix: str) -> Callable[[str], str]:
    return lambda name: "{{ " + prefix + name + " }}"


def _write_templates(
    folder: Path, files: Sequence[File], variable: Callable[[str], str], suffix: str
) -> list[str]:
    """Write the templates; returns the paths of those that are copied as they are."""
    verbatim: list[str] = []
    for file in files:
        path = _WORDS.sub(lambda found: variable(_NAMES[found[0]]), file.path)
        text = file.text
        if _WORDS.search(text) and not file.path.startswith(".mqscaffold/"):
            text = _MARKS.sub("\0\\g<0>\0", text)
            text = _BRACED.sub(lambda found: _braced(found, variable), text)
            text = re.sub("\0(.*?)\0", r"{{ '\1' }}", text)
            path += suffix
        else:
            verbatim.append(file.path)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    return verbatim


def _braced(found: re.Match[str], variable: Callable[[str], str]) -> str:
    """A variable, with a brace that stands against it kept from joining its own."""
    before, word, after = found.groups()
    return (before and f"\0{before}\0") + variable(_NAMES[word]) + (after and f"\0{after}\0")


def versions() -> Mapping[str, str]:
    """What is compared, by name."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"Python": sys.version.split()[0]}
    for name in ("click", "jinja2", "cookiecutter", "copier"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
