"""The rendered texts of every kind of project: whole, parseable and in words of their readers."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import UndefinedError

from mqscaffold.render.context import ConfigKey, ConfigValue, Project, SettingRow
from mqscaffold.render.facts import behaviour, duration, size
from mqscaffold.render.files import check_paths
from mqscaffold.render.oncall import age_threshold, alarms
from mqscaffold.render.texts import ACTIONS, PULUMI, PULUMI_AWS, project_files
from mqscaffold.render.yamltext import block, scalar
from tests.projects import (
    DEV,
    FANOUT,
    FIFO,
    INFRASTRUCTURE,
    NO_ALARMS,
    ORDERS,
    PROD,
    PROJECTS,
    PUBLISHER_ONLY,
    SUBSCRIBER_ONLY,
    WORK_QUEUE,
)

PUBLISHER = PUBLISHER_ONLY.flows[0]
TEMPLATES = Path(__file__).parents[1] / "templates"
OUR_WORDS = re.compile(
    r"\b(lanes?|permits?|blueprints?|topolog(?:y|ies)|slots?|clouds?|parts?)\b", re.IGNORECASE
)

projects = pytest.mark.parametrize("project", PROJECTS.values(), ids=PROJECTS)


def texts(project: Project) -> dict[str, str]:
    return {file.path: file.text for file in project_files(project, TEMPLATES)}


def loaded(project: Project, path: str) -> Any:
    return yaml.safe_load(texts(project)[path])


@projects
def test_every_text_is_clean(project: Project) -> None:
    files = project_files(project, TEMPLATES)
    check_paths(files)
    for file in files:
        assert file.text.endswith("\n"), file.path
        assert not file.text.endswith("\n\n"), file.path
        assert "\n\n\n" not in file.text, file.path
        assert "{%" not in file.text, file.path
        for line in file.text.splitlines():
            assert line == line.rstrip(), f"{file.path}: {line!r}"
        if not file.path.endswith(".lock"):
            found = OUR_WORDS.findall(file.text)
            assert not found, f"{file.path}: {found}"


@projects
def test_every_text_parses(project: Project) -> None:
    for path, text in texts(project).items():
        if path.endswith(".toml"):
            tomllib.loads(text)
        elif path.endswith(".json"):
            json.loads(text)
        elif path.endswith((".yaml", ".yml")):
            assert yaml.safe_load(text), path


@projects
def test_tables_of_the_readme_are_well_formed(project: Project) -> None:
    columns = 0
    for line in texts(project)["README.md"].splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not cells or line.endswith("|"), line
        assert not columns or not cells or cells == columns, line
        columns = cells


@projects
def test_code_blocks_of_the_readme_are_closed_and_hold_no_prose(project: Project) -> None:
    blocks = texts(project)["README.md"].split("```")
    assert len(blocks) % 2 == 1
    commands = [code for code in blocks[1::2] if code.startswith("sh\n")]
    assert commands
    starts = ("python -m", ".venv/", "uv pip", "pulumi ", "docker ", "set -a;", ". .venv", "aws ")
    for line in "".join(code.removeprefix("sh\n") for code in commands).splitlines():
        assert line.startswith(starts), line


def test_code_none_has_nothing_to_run() -> None:
    paths = set(texts(INFRASTRUCTURE))
    assert not {"Dockerfile", ".dockerignore", "requirements.lock"} & paths
    project = tomllib.loads(texts(INFRASTRUCTURE)["pyproject.toml"])
    assert project["project"]["dependencies"] == []
    assert "python -m" not in texts(INFRASTRUCTURE)["README.md"].split("## How it behaves")[1]
    assert "docker" not in texts(INFRASTRUCTURE)[".github/workflows/test.yml"]


def test_readme_has_a_command_for_each_consumer() -> None:
    readme = texts(FANOUT)["README.md"]
    assert "-e ORDERS_EU_SHIPPING_QUEUE_URL orders orders.consumer eu-shipping\n" in readme
    assert "python -m orders.dlq peek eu-shipping --max 5" in readme
    jobs = texts(WORK_QUEUE)["README.md"]
    assert re.search(r"docker run .*-e AWS_REGION .*-e JOBS_QUEUE_URL jobs jobs.consumer\n", jobs)
    assert "`python -m jobs.dlq peek --max 5`" in jobs


@pytest.mark.parametrize("project", [FANOUT, WORK_QUEUE, SUBSCRIBER_ONLY], ids=lambda p: p.name)
def test_on_call_commands_are_whole(project: Project) -> None:
    readme = texts(project)["README.md"]
    commands = re.findall(r"python -m [\w.]+\.dlq [^`\n|]+", readme)
    purges = [command for command in commands if " purge" in command]
    assert purges
    assert all(command.endswith(" --yes") for command in purges)
    assert any("redrive" in command and "--dry-run" in command for command in commands)
    assert any("redrive" in command and "--dry-run" not in command for command in commands)
    topic = project.flows[0].topic is not None
    assert any("--undelivered" in command for command in commands) is topic


def chosen(setting: str, value: str) -> SettingRow:
    docs = "https://docs.aws.amazon.com/"
    return SettingRow(address=setting, value=value, origin="chosen", why="Ours.", docs=docs)


def test_readme_says_how_people_on_call_get_their_role() -> None:
    readme = texts(FANOUT)["README.md"]
    assert "[profile orders-operator]\nrole_arn = (the output ORDERS_OPERATOR_ROLE_ARN)" in readme
    assert "only `ecs-tasks.amazonaws.com` can" in readme
    arn = "arn:aws:iam::123456789012:role/on-call"
    named = texts(replace(FANOUT, settings=(chosen("operator_assumed_by", arn),)))["README.md"]
    assert f"Who may is `operator_assumed_by`: {arn}." in named
    assert "only `ecs-tasks.amazonaws.com` can" not in named
    attached = texts(replace(FANOUT, identities="policies"))["README.md"]
    assert "the operator's to the role that on-call people sign in with" in attached
    assert "[profile" not in attached
    assert "[profile" not in texts(PUBLISHER_ONLY)["README.md"]


def test_readme_says_who_must_subscribe_to_the_alarms() -> None:
    subscribe = "aws sns subscribe --region eu-west-1"
    assert subscribe not in texts(FANOUT)["README.md"]  # prod's go to a topic of the team
    own = replace(PROD, config=())
    assert subscribe in texts(replace(FANOUT, stacks=(DEV, own)))["README.md"]
    row = chosen("alarm_topic", "arn:aws:sns:eu-west-1:123456789012:on-call")
    theirs = replace(FANOUT, stacks=(DEV, own), settings=(row,))
    assert subscribe not in texts(theirs)["README.md"]
    assert "aws sns subscribe" not in texts(NO_ALARMS)["README.md"]


@projects
def test_readme_tells_only_what_is_there(project: Project) -> None:
    readme = texts(project)["README.md"]
    consumers = [consumer for flow in project.flows for consumer in flow.consumers]
    assert ("**Another subscriber**" in readme) is any(
        flow.topic is not None and flow.consumers for flow in project.flows
    )
    assert ("`CONSUMERS`" in readme) <= project.code
    assert ("the producer last" in readme) is bool(consumers and project.flows[0].producer)
    assert ("may have used one without running" in readme) is any(f.fifo for f in project.flows)
    assert "`mqscaffold update` does not exist yet" in readme
    assert "move task" not in readme.replace("start-message-move-task", "")
    assert all("--upgrade" in line for line in readme.splitlines() if line.startswith("uv pip"))


def test_a_new_subscriber_has_a_name_that_is_free() -> None:
    assert "say `ledger` of audit" in texts(SUBSCRIBER_ONLY)["README.md"]
    assert "`ORDERS_AUDIT_UNDELIVERED_URL`" in texts(FANOUT)["README.md"]


@projects
def test_dependabot_watches_what_is_there(project: Project) -> None:
    updates = loaded(project, ".github/dependabot.yml")["updates"]
    watched = {update["package-ecosystem"]: update["schedule"]["interval"] for update in updates}
    wanted = ["pip", "github-actions", *(["docker"] if project.code else [])]
    assert watched == dict.fromkeys(wanted, "weekly")


def test_generated_files_are_marked() -> None:
    marked = texts(FANOUT)[".gitattributes"]
    for path in (TEMPLATES / "project" / "tests").iterdir():
        if path.suffix in (".py", ".j2") and not path.name.startswith("test_handlers"):
            assert f"tests/{path.name.removesuffix('.j2')} linguist-generated\n" in marked


def test_losses_that_a_reader_must_know_of() -> None:
    lost = {n.label: n.why for n in behaviour(FIFO.flows[0], code=True)}["Lost"]
    for word in ("flushed", "`Undelivered`", "filter", "undelivered queue", "too old", "purged"):
        assert word in lost
    assert "purged" not in {n.label: n.why for n in behaviour(PUBLISHER, code=True)}["Lost"]


@pytest.mark.parametrize(
    ("fifo", "pauses", "delay", "seconds"),
    [(False, 1275, 0, 300), (False, 9, 60, 360), (True, 1275, 60, 1635), (True, 9000, 0, 3600)],
)
def test_the_age_that_wakes_somebody(fifo: bool, pauses: int, delay: int, seconds: int) -> None:
    flow = replace(ORDERS, fifo=fifo)
    consumer = replace(flow.consumers[0], retry_max_seconds=pauses, delay_seconds=delay)
    assert age_threshold(flow, consumer) == seconds
    (row,) = [r for r in alarms(FANOUT, replace(flow, consumers=(consumer,))) if "-age" in r.name]
    assert ("a key may be blocked" in row.meaning) is fifo


def test_only_a_filtered_subscriber_has_an_alarm_on_its_filter() -> None:
    names = [alarm.name for alarm in alarms(FIFO, FIFO.flows[0])]
    assert [name for name in names if "unreadable" in name] == ["orders-eu-shipping-unreadable"]


def test_outputs_are_exported_to_the_processes() -> None:
    """Pulumi prints `NAME=value` without `export`, so a plain eval would reach no child."""
    said = texts(FANOUT)["README.md"]
    assert 'set -a; AWS_REGION=eu-west-1; eval "$(pulumi stack output --shell' in said


@projects
def test_pulumi_declares_only_keys_that_every_stack_has(project: Project) -> None:
    declared = loaded(project, "infra/Pulumi.yaml")["config"]
    assert declared == {
        "keep": {"type": "boolean", "description": "Protect and retain: queues, topics, keys."}
    }
    for stack in project.stacks:
        values = loaded(project, f"infra/Pulumi.{stack.name}.yaml")["config"]
        assert {f"{project.name}:{key}" for key in declared} <= set(values)


def test_a_key_that_one_stack_lacks_is_only_mentioned() -> None:
    bare = replace(DEV, config=())
    project = replace(FANOUT, stacks=(bare, PROD))
    assert "config" not in loaded(project, "infra/Pulumi.yaml")
    assert "orders:keep (boolean)" in texts(project)["infra/Pulumi.yaml"]
    assert loaded(project, "infra/Pulumi.dev.yaml") == {"config": {}}


def test_an_object_cannot_be_declared() -> None:
    values = (*PROD.config, ConfigValue(key="filter", value={"a": ["b"]}))
    key = ConfigKey(name="filter", type="object", description="What it wants.")
    project = replace(FANOUT, stacks=(replace(PROD, config=values),), config_keys=(key,))
    assert "config" not in loaded(project, "infra/Pulumi.yaml")
    assert loaded(project, "infra/Pulumi.prod.yaml")["config"]["orders:filter"] == {"a": ["b"]}


def test_stack_values_come_back_as_they_were() -> None:
    odd = {"a b": ["1e3", "yes", "null", "", "#x", "é: \u2028\n", 3, 1e20, None, True], "b": {}}
    stack = replace(PROD, config=(ConfigValue(key="odd", value=odd),))
    config = loaded(replace(FANOUT, stacks=(stack,)), "infra/Pulumi.prod.yaml")["config"]
    assert config == {
        "aws:region": "eu-west-1",
        "aws:allowedAccountIds": ["012345678901"],
        "orders:odd": odd,
    }


def test_a_value_nobody_chose_stays_a_comment() -> None:
    text = texts(FANOUT)["infra/Pulumi.dev.yaml"]
    assert "  # orders:alarm-topic: arn:aws:sns:eu-west-1:111122223333:alarms\n" in text


@pytest.mark.parametrize(
    "text", ["yes", "Null", "1.5", "a: b", "a #b", "- a", "a ", "", "\x85", "@", "on", "\U000e0001"]
)
def test_texts_that_yaml_would_misread_are_quoted(text: str) -> None:
    assert yaml.safe_load(scalar(text)) == text
    assert yaml.safe_load(block({text: [{text: text}]})) == {text: [{text: text}]}


@projects
def test_actions_are_pinned_by_commit_and_rights_are_minimal(project: Project) -> None:
    for name in ("test", "deploy"):
        text = texts(project)[f".github/workflows/{name}.yml"]
        for used in re.findall(r"uses: (\S+.*)", text):
            assert used.startswith("./") or re.fullmatch(r"\S+@[0-9a-f]{40} # v[\d.]+", used)
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {"contents": "read"}
        for job in workflow["jobs"].values():
            rights = {"contents": "read", "id-token": "write"}
            assert job.get("permissions", rights) == rights
            needed = job.get("needs")
            assert needed is None or needed in workflow["jobs"]
            if any("role-to-assume" in str(step) for step in job.get("steps", ())):
                assert "environment" in job
    assert len(set(ACTIONS.values())) == 4


def test_production_comes_after_development() -> None:
    jobs = loaded(FANOUT, ".github/workflows/deploy.yml")["jobs"]
    assert jobs["up-dev"]["needs"] == "test"
    assert jobs["up-prod"]["needs"] == "up-dev"
    assert jobs["up-prod"]["environment"] == "prod"


@pytest.mark.parametrize("project", [FANOUT, INFRASTRUCTURE], ids=["code", "no-code"])
def test_locks_hold_every_dependency_with_hashes(project: Project) -> None:
    written = texts(project)
    metadata = tomllib.loads(written["pyproject.toml"])
    groups = metadata["dependency-groups"]
    runtime = metadata["project"]["dependencies"]
    wanted = {"requirements-dev.lock": [*runtime, *groups["infra"], *groups["dev"]]}
    if project.code:
        wanted["requirements.lock"] = runtime
    for path, requirements in wanted.items():
        lock = written[path]
        locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE))
        names = {re.split(r"[\[>=]", requirement)[0] for requirement in requirements}
        assert names <= set(locked)
        assert not re.search(
            r"^(?!\s+--hash=sha256:[0-9a-f]{64}|[\w.-]+==\S+)", lock.rstrip(), re.M
        )
        entries = re.split(r"\n(?=\w)", lock)
        assert all("--hash=sha256:" in entry for entry in entries)
        assert "://" not in lock
    dev = written["requirements-dev.lock"]
    assert f"\npulumi=={PULUMI} " in dev
    assert f"\npulumi-aws=={PULUMI_AWS} " in dev


def test_the_runtime_lock_is_in_the_development_lock() -> None:
    written = texts(FANOUT)
    pins = {
        path: set(re.findall(r"^[\w.-]+==[\w.]+", written[path], re.MULTILINE))
        for path in ("requirements.lock", "requirements-dev.lock")
    }
    assert pins["requirements.lock"] < pins["requirements-dev.lock"]


def test_examples_of_events_are_what_the_producer_reads() -> None:
    written = texts(FANOUT)
    example = json.loads(written["schemas/orders/examples/order.placed.json"])
    assert example == {
        "type": "order.placed",
        "key": "o-1001",
        "data": {"order_id": "o-1001", "total_cents": 4200},
    }
    schema = json.loads(written["schemas/orders/order.placed.json"])
    assert schema["properties"]["order_id"]["x-key"] is True


def test_numbers_come_from_the_values() -> None:
    billing, shipping = ORDERS.consumers
    slow = replace(
        shipping,
        retry_min_seconds=1987,
        retry_max_seconds=3975,
        max_receive_count=12,
        visibility_timeout_seconds=120,
    )
    numbers = behaviour(replace(ORDERS, consumers=(billing, slow)), code=True)
    values = {number.label: number.value for number in numbers}
    assert values["Retried"] == (
        "billing: 10 to 21 min, 9 attempts; eu-shipping: 33 to 66 min, 12 attempts"
    )
    assert values["After a crash"] == "billing: 60 s; eu-shipping: 2 min"
    assert values["Largest message"] == "256 KiB"


def test_blocking_consumers_say_so() -> None:
    values = {n.label: n.value for n in behaviour(FIFO.flows[0], code=True)}
    assert values["Retried"] == "billing: 10 to 21 min, 9 attempts; eu-shipping: until it succeeds"
    assert values["Order"] == "by key"
    order = {n.label: n.why for n in behaviour(FIFO.flows[0], code=False)}["Order"]
    assert "the producer holds a key" not in order


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (60, "60 s"), (90, "90 s"), (300, "5 min"), (7200, "2 h"), (345_600, "4 d")],
)
def test_durations_in_words(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_sizes_in_words() -> None:
    assert [size(n) for n in (1_048_576, 262_144, 1_000)] == ["1 MiB", "256 KiB", "1000 bytes"]


def test_an_undefined_name_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    for path in (TEMPLATES / "project").rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(TEMPLATES)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (tmp_path / "project" / "README.md.j2").write_text("{{ nobody }}\n", encoding="utf-8")
    with pytest.raises(UndefinedError):
        project_files(FANOUT, tmp_path)


@projects
def test_same_values_same_bytes(project: Project) -> None:
    assert project_files(project, TEMPLATES) == project_files(replace(project), TEMPLATES)
