"""The texts of a project in which answers appear: README, packaging, workflows, schemas.

One Environment renders them all; an undefined name is an error. What does not vary (runtime,
components, tests) is copied by others.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from mqscaffold.render import facts, oncall
from mqscaffold.render.asyncapi import asyncapi
from mqscaffold.render.context import ConfigKey, ConfigValue, Consumer, Flow, Project, Stack
from mqscaffold.render.environment import environment
from mqscaffold.render.files import File, Kind, read
from mqscaffold.render.yamltext import block

__all__ = ["ACTIONS", "PULUMI", "PULUMI_AWS", "project_files"]

PULUMI = "3.272.0"
PULUMI_AWS = "7.51.1"

# A commit cannot be moved, a tag can:
# https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions
ACTIONS = {
    "checkout": "de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
    "setup_python": "a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0",
    "aws_credentials": "61815dcd50bd041e203e49132bacad1fd04d2708 # v5.1.1",
    "pulumi": "8582a9e8cc630786854029b4e09281acd6794b58 # v6.6.1",
}

# What is stored where, below templates/project/, and what it becomes. Names without their leading
# dot, for tools (git, Docker, GitHub) act on the dotted ones wherever they lie.
_TEMPLATES: tuple[tuple[str, str, Kind], ...] = (
    ("README.md.j2", "README.md", "merged"),
    ("pyproject.toml.j2", "pyproject.toml", "merged"),
    ("gitattributes.j2", ".gitattributes", "merged"),
    ("github/dependabot.yml.j2", ".github/dependabot.yml", "merged"),
    ("github/workflows/test.yml.j2", ".github/workflows/test.yml", "merged"),
    ("github/workflows/deploy.yml.j2", ".github/workflows/deploy.yml", "merged"),
    ("infra/Pulumi.yaml.j2", "infra/Pulumi.yaml", "merged"),
)
_COPIES: tuple[tuple[str, str, Kind], ...] = (("gitignore", ".gitignore", "merged"),)
_CODE_TEMPLATES: tuple[tuple[str, str, Kind], ...] = (("Dockerfile.j2", "Dockerfile", "merged"),)
_CODE_COPIES: tuple[tuple[str, str, Kind], ...] = (
    ("dockerignore", ".dockerignore", "merged"),
    ("locks/aws/requirements.lock", "requirements.lock", "merged"),
    ("locks/aws/requirements-dev.lock", "requirements-dev.lock", "merged"),
)
_INFRA_COPIES: tuple[tuple[str, str, Kind], ...] = (
    ("locks/aws/requirements-infra.lock", "requirements-dev.lock", "merged"),
)
_STACK_TEMPLATE = "project/infra/Pulumi.stack.yaml.j2"


def project_files(project: Project, templates: Path) -> list[File]:
    """All files of the project that come from `templates/project/`, and those of its events.

    Args:
        project: the values.
        templates: the folder `templates/` of the catalog, a checkout's or an installed copy's.
    """
    folder = templates / "project"
    jinja = environment(templates)
    values = _values(project)
    rendered = [*_TEMPLATES, *(_CODE_TEMPLATES if project.code else ())]
    copied = [*_COPIES, *(_CODE_COPIES if project.code else _INFRA_COPIES)]
    files = [
        File(path, jinja.get_template(f"project/{source}").render(values), kind)
        for source, path, kind in rendered
    ]
    files += [File(path, read(folder / source), kind) for source, path, kind in copied]
    stack_template = jinja.get_template(_STACK_TEMPLATE)
    for stack in project.stacks:
        text = stack_template.render(stack=stack, **_stack_values(project, stack))
        files.append(File(f"infra/Pulumi.{stack.name}.yaml", text, "seeded"))
    files.append(File("asyncapi.yaml", asyncapi(project), "managed"))
    for flow in project.flows:
        files += _event_files(flow)
    return files


def _event_files(flow: Flow) -> list[File]:
    files: list[File] = []
    for event in flow.events:
        example: dict[str, Any] = {"type": event.type}
        if event.key is not None:
            example["key"] = event.key
        example["data"] = event.example
        files += [
            File(f"{flow.schemas}/{event.type}.json", _json(event.schema), "seeded"),
            File(f"{flow.schemas}/examples/{event.type}.json", _json(example), "seeded"),
        ]
    return files


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _values(project: Project) -> dict[str, Any]:
    """The names that templates see, besides the values of one stack."""
    consumers = [(flow, consumer) for flow in project.flows for consumer in flow.consumers]
    declared, mentioned = _config_keys(project)
    stacks = [stack.name for stack in project.stacks]
    return {
        "project": project,
        "summary": _summary(project),
        "consumers": consumers,
        "producers": [flow for flow in project.flows if flow.producer is not None],
        "fanouts": [flow for flow in project.flows if flow.topic is not None],
        "has_processes": any(facts.processes(project, flow) for flow in project.flows),
        "rows": [alarm for flow in project.flows for alarm in oncall.alarms(project, flow)],
        "declared": declared,
        "mentioned": mentioned,
        "stacks": stacks,
        "previews": [f"{stack}-preview" for stack in stacks],
        "actions": ACTIONS,
        "pulumi": PULUMI,
        "pulumi_aws": PULUMI_AWS,
        "argument": _argument,
        "behaviour": facts.behaviour,
        "diagram": facts.diagram,
        "dlq_command": oncall.dlq_command,
        "not_guaranteed": facts.not_guaranteed,
        "not_proven": facts.not_proven,
        "operator_trusts": oncall.chosen(project, "operator_assumed_by"),
        "operators": oncall.operators(project),
        "processes": facts.processes,
        "unheard": oncall.unheard_stacks(project),
    }


def _summary(project: Project) -> str:
    if len(project.flows) == 1:
        return project.flows[0].says
    return f"The flows {', '.join(flow.name for flow in project.flows)}, in one Pulumi program."


def _argument(flow: Flow, consumer: Consumer) -> str:
    """What `python -m <flow>.consumer` wants after it; a flow with one consumer wants nothing."""
    return "" if flow.topic is None else f" {consumer.name}"


def _config_keys(project: Project) -> tuple[list[ConfigKey], list[ConfigKey]]:
    """The keys to declare in Pulumi.yaml, and those that can only be mentioned there.

    Pulumi refuses a stack without a value for a declared key that has no default, and declares no
    objects: https://www.pulumi.com/docs/iac/concepts/projects/project-file/#config-options
    """
    declared: list[ConfigKey] = []
    mentioned: list[ConfigKey] = []
    for key in project.config_keys:
        everywhere = all(_sets(project, stack, key.name) for stack in project.stacks)
        known = key.default is not None or (everywhere and not key.optional)
        (declared if known and key.type != "object" else mentioned).append(key)
    return declared, mentioned


def _sets(project: Project, stack: Stack, key: str) -> bool:
    names = {key, f"{project.name}:{key}"}
    return any(item.key in names and item.value is not None for item in stack.config)


def _stack_values(project: Project, stack: Stack) -> dict[str, Any]:
    valued = [item for item in stack.config if item.value is not None]
    return {
        "has_values": bool(stack.region or stack.account_ids or valued),
        "entries": [_config_entry(project, item) for item in stack.config],
    }


def _config_entry(project: Project, item: ConfigValue) -> dict[str, str]:
    key = item.key if ":" in item.key else f"{project.name}:{item.key}"
    if item.value is not None:
        return {"why": item.why, "text": block({key: item.value}, indent=2)}
    shown = textwrap.indent(block({key: item.example}), "  # ")
    return {"why": item.why, "text": shown}
