"""Children: a clean environment, an orderly end, and none left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mqscaffold.errors import UserError
from mqscaffold.sandbox.process import Family, clean_environment, isolated, require_loopback

POSIX = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


def script(folder: Path, text: str) -> list[str]:
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    return [str(path)]


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_nothing_of_a_cloud_is_left_in_the_environment() -> None:
    env = clean_environment(
        {
            "AWS_ACCESS_KEY_ID": "AKIA",
            "aws_profile": "prod",
            "AWS_ENDPOINT_URL": "https://example.com",
            "PULUMI_ACCESS_TOKEN": "pul-1",
            "PYTHONPATH": "/elsewhere",
            "PATH": "/bin",
            "PIP_INDEX_URL": "https://index",
            "NO_PROXY": "corp.example,localhost",
        }
    )
    assert env == {
        "PATH": "/bin",
        "PIP_INDEX_URL": "https://index",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "corp.example,localhost,127.0.0.1,::1",
        "no_proxy": "127.0.0.1,localhost,::1",
    }


def test_isolation_ends_with_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    with isolated():
        assert "AWS_PROFILE" not in os.environ
    assert os.environ["AWS_PROFILE"] == "prod"


@pytest.mark.parametrize("url", ["https://sqs.eu-west-1.amazonaws.com", "http://10.0.0.1:1", "x"])
def test_only_this_machine_is_talked_to(url: str) -> None:
    with pytest.raises(UserError, match="only talks to this machine"):
        require_loopback(url)
    assert require_loopback("http://127.0.0.1:4566") == "http://127.0.0.1:4566"


def test_a_child_sees_its_arguments_and_an_empty_input(tmp_path: Path) -> None:
    command = script(tmp_path, "import sys; print(sys.argv[1:], sys.stdin.read() == '')")
    with Family() as family:
        child = family.start("echo", sys.executable, [*command, "a", "b"])
        assert child.wait(20) == 0
        assert child.output().strip() == "['a', 'b'] True"
    assert not family.folder.exists()


def test_leaving_the_block_ends_every_child(tmp_path: Path) -> None:
    command = script(tmp_path, "import time; time.sleep(60)")
    pids: list[int] = []

    def interrupted() -> None:
        with Family() as family:
            pids.extend(family.start(name, sys.executable, command).pid for name in "ab")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(pids) == 2
    assert all(gone(pid, 0.5) for pid in pids)


@POSIX
def test_a_child_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: None)\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(1)\n",
    )
    with Family(grace=0.3) as family:
        child = family.start("deaf", sys.executable, command)
        while "ready" not in child.output():
            time.sleep(0.02)
    assert child.poll() == -signal.SIGKILL


@POSIX
def test_children_leave_when_their_parent_is_killed(tmp_path: Path) -> None:
    command = script(tmp_path, "import time; time.sleep(60)")
    parent = tmp_path / "parent.py"
    parent.write_text(
        "import sys, time\n"
        "from mqscaffold.sandbox.process import Family\n"
        "family = Family()\n"
        f"children = [family.start(n, sys.executable, {command!r}) for n in 'ab']\n"
        "print(*(child.pid for child in children), flush=True)\n"
        "time.sleep(60)\n",
        encoding="utf-8",
    )
    folder = tmp_path / "tmp"
    folder.mkdir()
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(folder)}
    with subprocess.Popen([sys.executable, str(parent)], stdout=subprocess.PIPE, env=env) as made:
        assert made.stdout is not None
        pids = [int(text) for text in made.stdout.readline().split()]
        assert len(pids) == 2
        assert len(list(folder.iterdir())) == 1
        made.kill()
    assert all(gone(pid) for pid in pids)
    assert list(folder.iterdir()) == []
