"""Same answers, same bytes: whatever the folder, the locale, the time zone or the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

SCRIPT = """
import hashlib, locale, os, sys, time
from mqscaffold import Request, new
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
if hasattr(time, "tzset"):
    time.tzset()
subscribers = {"b": {"filter": {"ce_type": ["order.placed"]}}, "a": {}}
answers = {"subscribers": subscribers, "tags": {"z": "1", "a": "2"}}
rendered = new(Request(name="orders", pattern="fanout", service="sns-sqs", answers=answers))
digest = hashlib.sha256()
for file in rendered.files:
    digest.update(file.path.encode() + b"\\0" + file.data + b"\\0" + file.kind.encode())
text = "".join(file.text for file in rendered.files)
for secret in (os.getcwd(), os.environ["USER"], os.environ["HOME"]):
    assert secret not in text, secret
print(digest.hexdigest())
"""


def _digest(folder: Path, **environment: str) -> str:
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    person = {"USER": "quentin-unmistakable", "HOME": str(folder / "home-unmistakable")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        cwd=folder,
        env={**known, **person, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _digest(tmp_path_factory.mktemp("usual"), PYTHONHASHSEED="0")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "4294967295"},
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"TZ": "Pacific/Kiritimati"},
        {"COLUMNS": "20", "NO_COLOR": "1"},
    ],
    ids=lambda environment: ",".join(environment),
)
def test_the_bytes_are_the_same(environment: dict[str, str], usual: str, tmp_path: Path) -> None:
    folder = tmp_path / "ein ordner mit ümlaut"
    folder.mkdir()
    assert _digest(folder, **environment) == usual
