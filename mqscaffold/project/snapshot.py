"""What a project remembers of its own birth, so that a later update can merge.

`.mqscaffold/state.json` has the catalog and the class and hash of every file;
`.mqscaffold/base.json` their texts. Neither holds a path outside the project, a time or a user.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from mqscaffold.render.files import File

__all__ = ["BASE", "STATE", "snapshot"]

STATE = ".mqscaffold/state.json"
BASE = ".mqscaffold/base.json"


def snapshot(files: Sequence[File], *, name: str, version: str, digest: str) -> tuple[File, File]:
    """The two files of `.mqscaffold/` for a project's other files.

    Args:
        files: all files of the project but these two.
        name: the catalog's name, with its `version` and `digest` (`sha256:…`).
    """
    ordered = sorted(files, key=lambda file: file.path)
    state = {
        "schema": 1,
        "catalog": {"name": name, "version": version, "digest": digest},
        "files": {
            file.path: {"class": file.kind, "sha256": hashlib.sha256(file.data).hexdigest()}
            for file in ordered
        },
    }
    base = {"schema": 1, "files": {file.path: file.text for file in ordered}}
    return File(STATE, _json(state), "managed"), File(BASE, _json(base), "managed")


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
