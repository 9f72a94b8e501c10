"""Plain values to YAML text, the same bytes every time.

Strings are quoted wherever YAML 1.1 or 1.2 could read them as something else, so that every
reader (Pulumi, GitHub, AsyncAPI tools) gives the value back. Only what these files hold: mappings
with string keys, lists, strings, numbers, booleans and None.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["block", "scalar"]

# Begins with a letter, so never a number or a date; no `: ` and no ` #`, which would end it.
_PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_ ./,()+;'@=-]|:(?=[A-Za-z0-9_/]))*")
# Words that YAML 1.1 reads as booleans or null: https://yaml.org/type/bool.html
_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n"])
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def scalar(value: str | int | float | bool | None) -> str:
    """One value on one line.

    Raises:
        ValueError: a float that is not finite, which JSON Schema and Pulumi cannot hold either.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot be written")
        mantissa, exponent, power = repr(value).partition("e")
        # YAML 1.1 takes `1e+20` for a string, and `1.0e+20` for a number.
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}{exponent}{power}"
    if _PLAIN.fullmatch(value) and not value.endswith(" ") and value.lower() not in _WORDS:
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def block(value: Any, *, indent: int = 0) -> str:
    """Lines of block style, each with its line end; mappings keep their order.

    Args:
        value: a mapping, a list or a scalar.
        indent: spaces before every line.

    Raises:
        TypeError: a value that YAML text of ours does not hold, such as bytes.
    """
    return "".join(f"{' ' * indent}{line}\n" for line in _lines(value))


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping) and value:
        lines: list[str] = []
        for key, item in cast(Mapping[str, Any], value).items():
            nested = _lines(item)
            if _is_nested(item):
                lines.append(f"{scalar(key)}:")
                lines += [f"  {line}" for line in nested]
            else:
                lines.append(f"{scalar(key)}: {nested[0]}")
        return lines
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and value:
        lines = []
        for item in cast(Sequence[Any], value):
            first, *rest = _lines(item)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        return lines
    if isinstance(value, Mapping):
        return ["{}"]
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return ["[]"]
    if value is None or isinstance(value, (str, int, float)):
        return [scalar(value)]
    raise TypeError(f"cannot write {type(cast(object, value)).__name__} as YAML")


def _is_nested(value: Any) -> bool:
    if isinstance(value, str) or not isinstance(value, (Mapping, Sequence)):
        return False
    return len(cast(Sequence[Any] | Mapping[str, Any], value)) > 0
