"""MiniStack: the local AWS that the sandbox deploys to, as a child process.

It runs with `AUTH=true`, so that queue policies and IAM are enforced, on 127.0.0.1 and a free
port, and keeps nothing on disk.
"""

from __future__ import annotations

import json
import secrets
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mqscaffold.errors import UserError
from mqscaffold.sandbox.process import CHILDREN, Child, Family, require_loopback

VERSION = "1.5.33"
LOCK = Path(__file__).parent / "ministack.lock"
ROOT_KEY = "test"
"""Key and secret of MiniStack's root account."""

_ATTEMPTS = 3
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class MiniStack:
    """A MiniStack that answers, and the child that it is."""

    url: str
    child: Child
    seconds: float
    """From start to the first answer."""

    def check_alive(self) -> None:
        """Raises UserError if it has ended."""
        code = self.child.poll()
        if code is not None:
            raise UserError(f"MiniStack ended with exit code {code}: {_last_line(self.child)}")


def start(family: Family, python: str) -> MiniStack:
    """Starts MiniStack with the interpreter of its own environment, and waits until it answers.

    Raises:
        UserError: it did not start.
    """
    started = time.perf_counter()
    said = ""
    for _ in range(_ATTEMPTS):
        port = _free_port()
        # MiniStack shows this text in its health answer: so we know that we talk to our own
        # child and not to another program that took the port first.
        token = secrets.token_hex(16)
        child = family.start(
            "ministack",
            python,
            [str(CHILDREN / "ministack_launcher.py")],
            env=_settings(family, port, token),
        )
        url = require_loopback(f"http://127.0.0.1:{port}")
        if _answers(child, url, token):
            return MiniStack(url, child, time.perf_counter() - started)
        child.stop()
        said = _last_line(child)
    raise UserError(f"MiniStack did not start: {said}")


def _settings(family: Family, port: int, token: str) -> dict[str, str]:
    return {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "EDGE_PORT": str(port),
        "LOG_LEVEL": "WARNING",
        "MINISTACK_EDITION": token,
        "PERSIST_STATE": "0",
        "SERVICES": "",
        # Extra listeners of services that are not used here.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # It keeps a file with its process id in the temporary folder.
        "TMPDIR": str(family.folder),
        "TEMP": str(family.folder),
        "TMP": str(family.folder),
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _answers(child: Child, url: str, token: str) -> bool:
    """Whether our child serves this address; False once it is clear that it never will."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with opener.open(f"{url}/_ministack/health", timeout=2) as answer:
                health: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError:
            return False
        except (OSError, ValueError):
            time.sleep(0.03)
            continue
        return health.get("edition") == token and health.get("auth") == "enabled"
    return False


def _last_line(child: Child) -> str:
    lines = child.output().strip().splitlines()
    return lines[-1] if lines else "it said nothing"
