"""One setting's value: read from text or TOML, checked against its range, written back."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

from mqscaffold.catalog import units
from mqscaffold.catalog.model import STACKS, Setting, Stack
from mqscaffold.errors import UserError, clean, quote
from mqscaffold.names import nearest, slug

DEPTH = 20
"""Levels of a JSON value: more than any filter policy has."""

_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}


def read(setting: Setting, value: Any, address: str) -> Any:
    """``value`` (a command line's text, or TOML's value) as the setting's own type.

    ``address`` is what the user wrote ("subscribers.billing.retention"). A value of the wrong type,
    without a unit, out of range or not among the choices is a UserError that says what is allowed.
    """
    try:
        result = _READERS[setting.type](setting, value)
        _check_storable(result)
    except ValueError as error:
        raise _wrong(setting, value, address, str(error)) from error
    _check_range(setting, result, value, address)
    return result


def by_stack(value: Any) -> Mapping[Stack, Any] | None:
    """A catalog's value when it differs between the stacks, ``{ dev = …, prod = … }``."""
    if isinstance(value, dict) and set(cast("dict[str, Any]", value)) == set(STACKS):
        return cast("dict[Stack, Any]", value)
    return None


def allowed(setting: Setting) -> str:
    """What the setting accepts, in a few words: "1m to 14d", "true or false", "roles, policies"."""
    match setting.type:
        case "bool":
            return "true or false"
        case "enum":
            return " or ".join(setting.choices)
        case "int" | "duration" | "size" if setting.low is not None and setting.high is not None:
            return f"{shown(setting, setting.low)} to {shown(setting, setting.high)}"
        case "int" | "duration" | "size" if setting.low is not None:
            return f"at least {shown(setting, setting.low)}"
        case "int" | "duration" | "size" if setting.high is not None:
            return f"at most {shown(setting, setting.high)}"
        case "string" | "list" | "items" if setting.says:
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
    if value is None or value in ("", (), [], {}):
        return "none"
    match value:
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
    if not re.fullmatch(r"-?[0-9]{1,15}", str(value).strip()):
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
    if value and setting.pattern and not re.fullmatch(setting.pattern, value, re.ASCII):
        raise ValueError("does not look like that")
    return value


def _list(setting: Setting, value: Any) -> list[str]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise ValueError("is not a list")
    texts = [_text(item) for item in cast("list[Any]", items)]
    texts = [text for text in texts if text]
    for text in texts:
        if setting.pattern and not re.fullmatch(setting.pattern, text, re.ASCII):
            raise ValueError(f"holds {quote(text)}")
    if repeated := sorted(text for text, number in Counter(texts).items() if number > 1):
        raise ValueError(f"names {repeated[0]!r} twice")
    return texts


def _map(_: Setting, value: Any) -> dict[str, str]:
    if isinstance(value, str):
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if any(not key.strip() or not mark for key, mark, _ in pairs):
            raise ValueError("is not KEY=VALUE pairs separated by commas")
        names = [key.strip() for key, _, _ in pairs]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"sets {repeated[0]!r} twice")
        value = {key.strip(): text.strip() for key, _, text in pairs}
    if not isinstance(value, dict):
        raise ValueError("is not a table")
    return {str(key): _text(text) for key, text in cast("dict[Any, Any]", value).items()}


def _text(item: Any) -> str:
    if isinstance(item, bool) or not isinstance(item, str | int):
        raise ValueError("holds something that is not text")
    return str(item).strip()


def _json(_: Setting, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"is not JSON: {error.msg} at column {error.colno}") from error
        except RecursionError as error:
            raise ValueError("is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    if _depth(value) > DEPTH:
        raise ValueError("is nested too deeply")
    return cast("dict[str, Any]", value)


def _depth(value: Any) -> int:
    """How deep tables and lists are nested in ``value``, counted without recursion."""
    depth = 0
    level: list[Any] = [value]
    while level and depth <= DEPTH:
        depth += 1
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += cast("dict[str, Any]", item).values()
            elif isinstance(item, list):
                inner += cast("list[Any]", item)
        level = inner
    return depth


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


def _check_storable(result: Any) -> None:
    """ValueError for what TOML, JSON or UTF-8 cannot hold: null, infinity, half a character."""
    try:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a character") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError("holds what a settings file cannot") from error
    if _holds_null(result):
        raise ValueError("holds null, which TOML cannot write")


def _holds_null(value: Any) -> bool:
    match value:
        case None:
            return True
        case dict():
            return any(_holds_null(item) for item in cast("dict[Any, Any]", value).values())
        case list():
            return any(_holds_null(item) for item in cast("list[Any]", value))
        case _:
            return False


def _check_range(setting: Setting, result: Any, value: Any, address: str) -> None:
    if not isinstance(result, int) or isinstance(result, bool):
        return
    if setting.low is not None and result < setting.low:
        raise _wrong(setting, value, address, "is below the range")
    if setting.high is not None and result > setting.high:
        raise _wrong(setting, value, address, "is above the range")


def _wrong(setting: Setting, value: Any, address: str, why: str) -> UserError:
    near = None
    if setting.type == "enum":
        near = nearest(str(value), setting.choices)
    elif setting.low is not None and setting.high is not None and "range" in why:
        near = shown(setting, setting.low if "below" in why else setting.high)
    elif setting.type == "items" and isinstance(value, str):
        slugs = [slug(name) for name in value.split(",")]
        near = ",".join(dict.fromkeys(name for name in slugs if name))
    given = "(secret)" if setting.type == "secret" else clean(str(value), 60)
    return UserError(
        f"{address} = {given} {why}; allowed: {allowed(setting)}", where=address, near=near
    )
