"""`try` from end to end: generated projects on MiniStack, whole and with planted faults."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mqscaffold.errors import UserError
from mqscaffold.project.trial import trial
from mqscaffold.sandbox.project import TryInput
from mqscaffold.sandbox.report import Report
from mqscaffold.sandbox.run import EnvFile, try_project

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(os.name != "posix", reason="links this environment into the project"),
]

ROOT = Path(__file__).parents[2]
Make = Callable[..., TryInput]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Generates a project that uses the environment of these tests."""

    def generated(*arguments: str) -> TryInput:
        command = [sys.executable, "-m", "mqscaffold", "new", "orders", "--yes"]
        command += ["--output", str(tmp_path), *arguments]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
        project = next(path.parent for path in tmp_path.rglob("mqscaffold.toml"))
        (project / ".venv").symlink_to(sys.prefix)
        return trial(project, count=20, keep=False)

    return generated


def edit(request: TryInput, name: str, old: str, new: str) -> None:
    path = request.project_dir / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


FANOUT = ("--pattern", "fanout", "--service", "sns-sqs")


def test_a_fanout_loses_nothing(make: Make) -> None:
    said: list[str] = []
    shown: list[Report] = []
    request = make(*FANOUT)
    report = try_project(request, said.append, shown.append)
    assert report.problems == ()
    assert report.exit_code == 0
    assert shown == [report]
    assert report.sent == {"orders": 20}
    counted = [(d.consumer, d.handled, len(d.dead), d.lost) for d in report.deliveries]
    assert counted == [("billing", 18, 2, 0), ("shipping", 18, 2, 0)]
    reasons = {letter.reason.partition(":")[0] for letter in report.deliveries[0].dead}
    assert reasons == {"PoisonError", "InvalidEvent"}
    # Eighteen messages once, and the poison as often as the queue allows.
    assert report.deliveries[0].runs == 18 + 9
    assert [line.split()[0] for line in said][:3] == ["environments", "MiniStack", "preview"]
    assert not (request.project_dir / ".env.local").exists()
    json.dumps(report.as_json())


def test_fifo_keeps_its_promises_too(make: Make) -> None:
    report = try_project(make(*FANOUT, "--set", "fifo=true"), lambda _: None)
    assert report.problems == ()
    assert {d.lost for d in report.deliveries} == {0}


def test_a_work_queue(make: Make) -> None:
    report = try_project(make("--pattern", "work-queue", "--service", "sqs"), lambda _: None)
    assert report.problems == ()
    assert [(d.handled, len(d.dead)) for d in report.deliveries] == [(18, 2)]


def test_a_topic_that_may_not_deliver_is_found(make: Make) -> None:
    request = replace(make(*FANOUT), wait_seconds=8)
    edit(
        request,
        "infra/components/sqs.py",
        '"Action": "sqs:SendMessage"',
        '"Action": "sqs:GetQueueUrl"',
    )
    report = try_project(request, lambda _: None)
    assert report.exit_code == 1
    assert "billing: 20 lost" in report.problems
    assert report.proved == ()


def test_a_consumer_without_a_right_is_found(make: Make) -> None:
    request = replace(make(*FANOUT), wait_seconds=8)
    edit(request, "infra/components/sqs.py", '    "sqs:ReceiveMessage",\n', "")
    report = try_project(request, lambda _: None)
    assert report.exit_code == 1
    # Neither consumer may receive. The first that ends also ends the run: which one is chance.
    found = [problem for problem in report.problems if "sqs:ReceiveMessage" in problem]
    ended = [f"{name} ended with exit code 1" for name in ("billing", "shipping")]
    assert any("billing: the operator cannot read" in problem for problem in found), report.problems
    assert any(one in problem for one in ended for problem in found), report.problems


def test_a_program_that_aws_would_refuse_is_named_in_one_line(make: Make) -> None:
    request = make(*FANOUT)
    edit(
        request,
        "infra/components/sqs.py",
        "visibility_timeout_seconds=visibility",
        "visibility_timeout_seconds=50_000 or visibility",
    )
    report = try_project(request, lambda _: None)
    assert report.exit_code == 1
    assert any(
        problem.startswith("aws:sqs/queue:Queue resource 'orders-") and "43200" in problem
        for problem in report.problems
    )


def test_an_env_file_of_someone_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env.local"
    path.write_text("MINE=1\n", encoding="utf-8")
    with pytest.raises(UserError, match="did not write"):
        EnvFile(path).check()
    EnvFile(path).remove()
    assert path.read_text(encoding="utf-8") == "MINE=1\n"


def test_keep_holds_on_until_it_is_interrupted(make: Make) -> None:
    request = make(*FANOUT)
    command = [sys.executable, "-m", "mqscaffold", "try", str(request.project_dir), "--keep"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    env_file = request.project_dir / ".env.local"
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True) as kept:
        deadline = time.monotonic() + 120
        while not env_file.exists() and kept.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        variables = dict(
            line.split("=", 1)
            for line in env_file.read_text(encoding="utf-8").splitlines()
            if not line.startswith("#")
        )
        kept.terminate()
        said, _ = kept.communicate(timeout=30)
    assert variables["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert variables["PYTHONPATH"] == "src"
    assert "ORDERS_TOPIC_ARN" in variables
    assert "python -m orders.consumer billing" in said
    assert not env_file.exists()
