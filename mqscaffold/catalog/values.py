"""One setting's value: read from text or TOML, checked against its range, written back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from mqscaffold.catalog import units
from mqscaffold.catalog.model import Setting
from mqscaffold.errors import UserError

_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}


def read(setting: Setting, value: Any, address: str) -> Any:
    """``value`` (a command line's text, or TOML's value) as the setting's own type.

    ``address`` is what the user wrote ("subscribers.billing.retention"). A value of the wrong type,
    without a unit, out of range or not among the choices is a UserError that says what is allowed.
    """
    try:
        result = _READERS[setting.type](setting, value)
    except ValueError as error:
        raise _wrong(setting, value, address, str(error)) from error
    _check_range(setting, result, value, address)
    return result


def allowed(setting: Setting) -> str:
    """What the setting accepts, in a few words: "1m to 14d", "true or false", "roles, policies"."""
    match setting.type:
        case "bool":
            return "true or false"
        case "enum":
            return " or ".join(setting.choices)
        case "int" | "duration" | "size" if setting.low is not None and setting.high is not None:
            return f"{shown(setting, setting.low)} to {shown(setting, setting.high)}"
        case "string" if setting.says:
            return setting.says
        case kind:
            return {
                "int": "a whole number",
                "duration": "a duration",
                "size": "a size",
                "json": "a JSON object",
                "map": "KEY=VALUE pairs",
                "list": "values separated by commas",
                "items": "names separated by commas",
            }.get(kind, "text")


def shown(setting: Setting, value: Any) -> str:
    """``value`` as a person writes it: 345600 is "4d", True is "true"."""
    match value:
        case None | "" | () | [] | {}:
            return "none"
        case bool():
            return "true" if value else "false"
        case int() if setting.type == "duration":
            return units.duration_text(value)
        case int() if setting.type == "size":
            return units.size_text(value)
        case dict() if setting.type == "items":
            return ", ".join(cast("Mapping[str, Any]", value))
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return ", ".join(str(item) for item in cast("list[Any]", value))
        case _:
            return str(value)


def toml_value(setting: Setting, value: Any) -> Any:
    """``value`` as mqscaffold.toml holds it: durations and sizes with their unit."""
    if setting.type in ("duration", "size") and isinstance(value, int):
        return shown(setting, value)
    return value


def _bool(_: Setting, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("is neither true nor false")
    return word in _TRUE


def _int(_: Setting, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not re.fullmatch(r"-?\d{1,15}", str(value).strip()):
        raise ValueError("is not a whole number")
    return int(value)


def _duration(_: Setting, value: Any) -> int:
    return units.duration(str(value))


def _size(_: Setting, value: Any) -> int:
    return units.size(str(value))


def _enum(setting: Setting, value: Any) -> str:
    if str(value) not in setting.choices:
        raise ValueError("is not one of them")
    return str(value)


def _string(setting: Setting, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text")
    if value and setting.pattern and not re.fullmatch(setting.pattern, value):
        raise ValueError("does not look like that")
    return value


def _list(setting: Setting, value: Any) -> list[str]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise ValueError("is not a list")
    texts = [str(item).strip() for item in cast("list[Any]", items)]
    texts = [text for text in texts if text]
    for text in texts:
        if setting.pattern and not re.fullmatch(setting.pattern, text):
            raise ValueError(f"holds {text!r}, which is not {setting.says or 'allowed'}")
    if repeated := sorted({text for text in texts if texts.count(text) > 1}):
        raise ValueError(f"names {repeated[0]!r} twice")
    return texts


def _map(_: Setting, value: Any) -> dict[str, str]:
    if isinstance(value, str):
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if any(not key.strip() or not mark for key, mark, _ in pairs):
            raise ValueError("is not KEY=VALUE pairs separated by commas")
        value = {key.strip(): text.strip() for key, _, text in pairs}
    if not isinstance(value, dict):
        raise ValueError("is not a table")
    return {str(key): str(text) for key, text in cast("dict[Any, Any]", value).items()}


def _json(_: Setting, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"is not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return cast("dict[str, Any]", value)


def _items(setting: Setting, value: Any) -> dict[str, dict[str, Any]]:
    if isinstance(value, dict):
        return cast("dict[str, dict[str, Any]]", value)
    return {name: {} for name in _list(setting, value)}


_READERS = {
    "bool": _bool,
    "int": _int,
    "duration": _duration,
    "size": _size,
    "enum": _enum,
    "string": _string,
    "secret": _string,
    "list": _list,
    "map": _map,
    "json": _json,
    "items": _items,
}


def _check_range(setting: Setting, result: Any, value: Any, address: str) -> None:
    if not isinstance(result, int) or isinstance(result, bool):
        return
    if setting.low is not None and result < setting.low:
        raise _wrong(setting, value, address, "is below the range")
    if setting.high is not None and result > setting.high:
        raise _wrong(setting, value, address, "is above the range")


def _wrong(setting: Setting, value: Any, address: str, why: str) -> UserError:
    from mqscaffold.names import nearest

    near = None
    if setting.type == "enum":
        near = nearest(str(value), setting.choices)
    elif setting.low is not None and setting.high is not None and "range" in why:
        near = shown(setting, setting.low if "below" in why else setting.high)
    return UserError(
        f"{address} = {value} {why}; allowed: {allowed(setting)}", where=address, near=near
    )
