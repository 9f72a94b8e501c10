"""Property values as Pulumi puts them on the wire, and as plain Python.

Plain Python here means dict, list, str, int, float, bool, None and `Secret`.  An unknown value
(only in a preview) is the string `UNKNOWN`.  The constants are Pulumi's own:
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf import struct_pb2

Props = dict[str, Any]

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Secret:
    """A value that must not be shown; its text form is `[secret]`."""

    value: Any

    def __repr__(self) -> str:
        return "[secret]"


def from_struct(struct: struct_pb2.Struct) -> Props:
    """The properties of one message; secrets become `Secret`, whole numbers become int."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "struct_value":
            return _special(from_struct(value.struct_value))
        case _:
            return None


def _special(props: Props) -> Any:
    """What an object with Pulumi's signature stands for; any other object as it is."""
    match props.get(SIGNATURE):
        case None:
            return props
        case sig if sig == SECRET:
            return Secret(props.get("value"))
        case sig if sig == RESOURCE:
            # A custom resource is passed on as its id, a component as its URN.
            return props.get("id") or props.get("urn")
        case sig if sig == OUTPUT:
            value = props.get("value", UNKNOWN)
            return Secret(value) if props.get("secret") else value
        case _:
            return props


def to_struct(props: Mapping[str, Any]) -> struct_pb2.Struct:
    """The inverse of `from_struct`; None values are kept as null."""
    struct = struct_pb2.Struct()
    struct.update(cast("dict[str, Any]", _wire(props)))
    return struct


def _wire(value: Any) -> Any:
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, "value": _wire(value.value)}
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        return {str(key): _wire(item) for key, item in items.items()}
    if isinstance(value, list | tuple):
        return [_wire(item) for item in cast("Iterable[Any]", value)]
    return value


def plain(value: Any) -> Any:
    """The value without its secret marks."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in cast("Props", value).items()}
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    return value


def has_unknown(value: Any) -> bool:
    """Whether any leaf is not known yet."""
    return any(leaf == UNKNOWN for leaf in leaves(value))


def has_secret(value: Any) -> bool:
    """Whether the value is, or holds, a secret."""
    if isinstance(value, Secret):
        return True
    return any(has_secret(item) for item in _children(value))


def secret_texts(value: Any) -> Iterator[str]:
    """Every non-empty text inside a secret: what logs must not show."""
    if isinstance(value, Secret):
        yield from (str(leaf) for leaf in leaves(value) if isinstance(leaf, str) and leaf)
    else:
        for item in _children(value):
            yield from secret_texts(item)


def leaves(value: Any) -> Iterator[Any]:
    """Every value that holds no other, secrets opened."""
    if isinstance(value, Secret):
        yield from leaves(value.value)
    elif isinstance(value, dict | list):
        for item in _children(value):
            yield from leaves(item)
    else:
        yield value


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("Props", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def mark_like(value: Any, model: Any) -> Any:
    """`value` with a secret mark wherever `model` has one.

    This is how an engine gives an output the secrecy of the input of the same name, for a provider
    that is not handed secrets.  A list with one secret element becomes secret as a whole, because
    a provider may reorder it.
    """
    if isinstance(model, Secret):
        return value if isinstance(value, Secret) else Secret(value)
    if isinstance(model, dict) and isinstance(value, dict):
        marks = cast("Props", model)
        return {k: mark_like(v, marks.get(k)) for k, v in cast("Props", value).items()}
    if isinstance(model, list) and has_secret(model):
        return value if isinstance(value, Secret) else Secret(value)
    return value
