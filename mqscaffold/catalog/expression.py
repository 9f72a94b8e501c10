"""The one small language of the catalog: defaults, rules, `when`, `if` and resource counts.

Python's own grammar is parsed and then everything that is not on the list below is refused, so a
catalog is data: it cannot call, import, index or assign anything.

    retention < dlq_retention            names are settings; durations are seconds, sizes bytes
    count(subscribers) <= 100            how many
    max(attempts(retry_for), 3)          functions: see FUNCTIONS
    not topic                            "" and [] are false
    service == "sqs" and fifo
    dlq_retention <= 14 * day            literals with units: second minute hour day KiB MiB
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from mqscaffold.records import dataclass, field

BACKOFF_BASE: Final = 5
"""Seconds before the second attempt; doubled after each. Emitted: messaging/consumer.py."""
BACKOFF_CAP: Final = 900
"""Longest pause between two attempts, in seconds."""

LONGEST: Final = 400
"""Characters of an expression: too few to nest deeper than Python can follow."""

UNITS: Final[Mapping[str, int]] = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "KiB": 1024,
    "MiB": 1024**2,
}


def pauses(attempts: int) -> int:
    """Longest total pause in seconds over ``attempts`` receives; half of it is the shortest.

    The emitted consumer waits between half and the whole of min(900, 5 x 2^(n-1)) seconds after
    attempt n.
    """
    return sum(min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(n, 10)) for n in range(attempts - 1))


def attempts(retry_for: int) -> int:
    """The fewest receives (at least 3) after which ``retry_for`` seconds have surely passed."""
    number = 3
    while pauses(number) < 2 * retry_for and number < 1000:
        number += 1
    return number


def _count(items: object) -> int:
    return len(cast("list[object]", items))


def _keys(table: object) -> tuple[str, ...]:
    return tuple(cast("Mapping[str, object]", table or {}))


def _only(items: object, *allowed: str) -> bool:
    return set(cast("tuple[str, ...]", items)) <= set(allowed)


def _lists(table: object) -> bool:
    return all(isinstance(v, list) for v in cast("Mapping[str, object]", table or {}).values())


def _ends(text: object, suffix: str) -> bool:
    return str(text or "").endswith(suffix)


def _starts(text: object, prefix: str) -> bool:
    return str(text or "").startswith(prefix)


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "max": max,
    "min": min,
    "count": _count,
    "keys": _keys,
    "only": _only,
    "lists": _lists,
    "ends": _ends,
    "starts": _starts,
    "attempts": attempts,
    "pauses": pauses,
}

_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}


class ExpressionError(ValueError):
    """The text is not in the language; the message says what is not allowed."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression: what it says, the names it reads, and its value for given names."""

    text: str
    names: frozenset[str] = field(compare=False)
    _node: ast.expr = field(compare=False, repr=False)

    def value(self, names: Mapping[str, Any]) -> Any:
        """The value, with every name of ``self.names`` in ``names``; KeyError if one lacks."""
        return _value(self._node, names)


def parse(text: str) -> Expression:
    """``text`` as an expression; ExpressionError if it is anything but the language above."""
    if len(text) > LONGEST:
        raise ExpressionError(f"an expression has at most {LONGEST} characters")
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte, half a character
        raise ExpressionError(f"`{text}` is not an expression") from error
    names: set[str] = set()
    _check(node, text, names)
    return Expression(text, frozenset(names), node)


def _check(node: ast.AST, text: str, names: set[str]) -> None:
    match node:
        case ast.BoolOp(values=values):
            children: list[ast.expr] = values
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            children = [operand]
        case ast.BinOp(left=left, op=ast.Add() | ast.Mult() | ast.Sub(), right=right):
            children = [left, right]
        case ast.Compare(left=left, ops=ops, comparators=comparators) if all(
            type(op) in _COMPARE for op in ops
        ):
            children = [left, *comparators]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            children = args
        case ast.Name(id=name):
            if name not in UNITS:
                names.add(name)
            children = []
        case ast.Constant(value=bool() | int() | str()):
            children = []
        case _:
            raise ExpressionError(f"`{ast.unparse(node)}` is not allowed in `{text}`")
    for child in children:
        _check(child, text, names)


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.BoolOp(op=op, values=values):
            stop_at = isinstance(op, ast.Or)
            result: Any = None
            for item in values:
                result = _value(item, names)
                if bool(result) is stop_at:
                    break
            return result
        case ast.UnaryOp(operand=operand):
            return not _value(operand, names)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _value(left, names), _value(right, names)
            if not isinstance(a, int) or not isinstance(b, int):  # a text times a number is long
                raise ExpressionError(f"`{ast.unparse(node)}` is not about numbers")
            return a + b if isinstance(op, ast.Add) else a - b if isinstance(op, ast.Sub) else a * b
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            first = _value(left, names)
            for op, item in zip(ops, comparators, strict=True):
                second = _value(item, names)
                if not _COMPARE[type(op)](first, second):
                    return False
                first = second
            return True
        case ast.Call(func=ast.Name(id=name), args=args):
            return FUNCTIONS[name](*(_value(arg, names) for arg in args))
        case ast.Name(id=name):
            return UNITS[name] if name in UNITS else names[name]
        case ast.Constant(value=value):
            return value
        case _:  # pragma: no cover - _check lets nothing else through
            raise ExpressionError(ast.unparse(node))
