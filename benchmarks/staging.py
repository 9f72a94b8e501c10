"""The package as a wheel installs it, laid out in a folder without a network."""

from __future__ import annotations

import compileall
import shutil
from pathlib import Path

import hatch_build

ROOT = Path(__file__).resolve().parents[1]


def stage(folder: Path) -> Path:
    """Lay out the installed package below `folder`, byte-compiled; returns `folder`.

    It is what `pip install` gives, so what is measured or tested is what users run: a checkout
    parses TOML and computes the matrix at every start.
    """
    package = folder / "mqscaffold"
    ignored = shutil.ignore_patterns("__pycache__", "_data")
    shutil.copytree(ROOT / "mqscaffold", package, ignore=ignored)
    data = folder / hatch_build.DATA
    for path, text in hatch_build.compiled(ROOT).items():
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        (data / path).write_text(text, encoding="utf-8", newline="\n")
    for path in hatch_build.data_files(ROOT):
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, data / path)
    compileall.compile_dir(package, quiet=1, rx=None)
    return folder
