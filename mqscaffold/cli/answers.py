"""What the options of `new` say, as data: --set, --with, --answers and the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mqscaffold.errors import UserError, clean, quote
from mqscaffold.project.tomlfile import check_text, read_toml

__all__ = ["parse_features", "parse_sets", "read_answers", "read_environment"]

PREFIX = "MQSCAFFOLD_SET_"


def parse_sets(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """`KEY=VALUE` texts as pairs, in their order.

    Raises:
        UserError: no `=`, no key, a key given twice, a control character, a value above 10 kB.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip(" ")
        where = f"--set {clean(key, 60)}"
        if not equals:
            raise UserError(
                f"--set takes KEY=VALUE, not {quote(text)}", where="--set", near=f"{key}=VALUE"
            )
        if not key:
            raise UserError("--set has no key before the =", where="--set", near=f"KEY{text[:50]}")
        if key in pairs:
            raise UserError(
                f"{quote(key)} is set twice, to {quote(pairs[key])} and to {quote(value)}",
                where=where,
                command="keep one of the two",
            )
        check_text(key, where)
        check_text(value, where)
        pairs[key] = value
    return tuple(pairs.items())


def parse_features(texts: Sequence[str]) -> tuple[str, ...]:
    """`A,B` texts as names, each once, in their order.

    Raises:
        UserError: an empty name.
    """
    names = [name.strip() for text in texts for name in text.split(",")]
    if "" in names:
        raise UserError("--with has an empty name", where="--with", command="--with A,B")
    return tuple(dict.fromkeys(names))


def read_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that name settings: `MQSCAFFOLD_SET_REGION` is `region`.

    Raises:
        UserError: a control character, a value above 10 kB.
    """
    chosen = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    for name, value in chosen.items():
        check_text(value, name)
    return chosen


def read_answers(path: str) -> dict[str, Any]:
    """The TOML file of --answers; a UserError says what is wrong with it and where."""
    return read_toml(path, f"--answers {path}")
