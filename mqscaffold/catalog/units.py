"""Durations and sizes as people write them ("4d", "256KiB"), and as arguments take them (int).

Durations are whole seconds, sizes whole bytes. Nothing else is accepted: "10" has no unit and is
refused, because a value ten times or a thousand times off is found in production.
"""

from __future__ import annotations

import re
from typing import Final

SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
BYTES: Final = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}

_QUANTITY = re.compile(r"([0-9]{1,15})\s*([A-Za-z]+)")


def duration(text: str) -> int:
    """Seconds in ``text`` ("30s", "10m", "4d"); ValueError says which units there are."""
    return _quantity(text, SECONDS, "a duration", "30s, 10m, 12h or 4d")


def size(text: str) -> int:
    """Bytes in ``text`` ("256KiB", "1MiB"); ValueError says which units there are."""
    return _quantity(text, BYTES, "a size", "256KiB or 1MiB")


def duration_text(seconds: int) -> str:
    """The shortest exact way to write ``seconds``: 345600 is "4d", 90 is "90s"."""
    return _text(seconds, SECONDS)


def size_text(number: int) -> str:
    """The shortest exact way to write ``number`` bytes: 262144 is "256KiB"."""
    return _text(number, BYTES)


def _quantity(text: str, units: dict[str, int], what: str, such_as: str) -> int:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2] not in units:
        raise ValueError(f"is not {what}: write it with a unit, such as {such_as}")
    return int(match[1]) * units[match[2]]


def _text(number: int, units: dict[str, int]) -> str:
    for unit, length in reversed(units.items()):
        if number and number % length == 0:
            return f"{number // length}{unit}"
    return f"{number}{next(iter(units))}"
