"""Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml` as Pulumi's own command does.

Declared keys are checked and their defaults filled in before the program starts.  A secret value
can only be opened by the command that wrote it, so the program gets a placeholder for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from mqscaffold.errors import UserError, quote

PLACEHOLDER = "sandbox-secret"

_BOOL, _TIME = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """YAML as Pulumi's command reads it: `on` and `yes` are texts, and so is a date."""


def _as_pulumi(loader: Any) -> None:
    loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_BOOL, _TIME)]
        for first, resolvers in loader.yaml_implicit_resolvers.items()
    }
    booleans = re.compile(r"true|True|TRUE|false|False|FALSE")
    loader.add_implicit_resolver(_BOOL, booleans, list("tTfF"))


_as_pulumi(_Loader)


@dataclass(frozen=True)
class StackConfig:
    """A stack's configuration, keys in full (`project:key`), values as texts.

    `placeholders` are the secret keys whose value could not be read.
    """

    project: str
    stack: str
    values: Mapping[str, str]
    secret_keys: frozenset[str]
    placeholders: tuple[str, ...]


def load(folder: Path, stack: str, overrides: Mapping[str, str] | None = None) -> StackConfig:
    """The configuration of one stack of the Pulumi project in `folder`.

    Args:
        overrides: full keys to texts, which go before the stack's own values.
    Raises:
        UserError: a file is missing or broken, a key is missing or has the wrong type.
    """
    project_file = folder / "Pulumi.yaml"
    project = _read(project_file, required=True)
    name = project.get("name")
    if not isinstance(name, str) or not name:
        raise UserError("Pulumi.yaml has no name", where=str(project_file))
    stack_file = folder / f"Pulumi.{stack}.yaml"
    given = _mapping(_read(stack_file, required=False).get("config"), stack_file)

    values: dict[str, str] = {}
    secret: set[str] = set()
    placeholders: list[str] = []
    for key, value in given.items():
        full = key if ":" in key else f"{name}:{key}"
        if isinstance(value, dict) and set(cast("dict[str, Any]", value)) == {"secure"}:
            values[full] = PLACEHOLDER
            secret.add(full)
            placeholders.append(full)
        else:
            values[full] = _text(value)
    values.update(overrides or {})
    for key, declared in _mapping(project.get("config"), project_file).items():
        full = key if ":" in key else f"{name}:{key}"
        _declare(full, declared, values, secret, placeholders, stack_file)
    return StackConfig(name, stack, values, frozenset(secret), tuple(placeholders))


def _declare(
    key: str,
    declared: Any,
    values: dict[str, str],
    secret: set[str],
    placeholders: list[str],
    stack_file: Path,
) -> None:
    """Fills in the default of one declared key and checks its type."""
    if not isinstance(declared, dict):
        values.setdefault(key, _text(declared))  # the short form: `key: value`
        return
    rule = cast("dict[str, Any]", declared)
    for word in ("value", "default"):
        if word in rule:
            values.setdefault(key, _text(rule[word]))
    if key not in values:
        if "type" in rule or not rule:
            raise UserError(
                f"the stack is missing the configuration value {key}", where=str(stack_file)
            )
        return
    if rule.get("secret") is True:
        secret.add(key)
    kind = rule.get("type")
    if kind is not None and key not in placeholders and not _is(values[key], str(kind)):
        raise UserError(
            f"configuration key {key} must be of type '{kind}', not {quote(values[key])}",
            where=str(stack_file),
        )


def _is(text: str, kind: str) -> bool:
    if kind == "string":
        return True
    try:
        value = json.loads(text)
    except ValueError:
        return False
    match kind:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _read(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if not required:
            return {}
        raise UserError(
            "this is no Pulumi project: there is no Pulumi.yaml", where=str(path)
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path.name}: {error}", where=str(path)) from None
    try:
        value: Any = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path.name} is not valid YAML: {reason}", where=str(path)) from None
    return _mapping(value, path)


def _mapping(value: Any, path: Path) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UserError(f"{path.name} must hold a mapping", where=str(path))
    return {str(key): item for key, item in cast("dict[Any, Any]", value).items()}
