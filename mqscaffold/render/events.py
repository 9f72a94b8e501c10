"""schemas/<flow>/*.json printed as events.py: one typed dataclass for each event type.

Read from a schema: type, required, properties, items, enum, description, x-key. Every other keyword
that would change what is valid is refused, because a check that is silently not made is worse.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from mqscaffold.errors import UserError
from mqscaffold.records import dataclass, field
from mqscaffold.render.layout import Call, Entry, Pair, Table, layout, string

_SCALARS: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_READERS: Final = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}
# Beside comments: an unknown field is ignored whatever the schema says, so that a producer may add
# one first; a format is an annotation: https://json-schema.org/draft/2020-12/json-schema-validation
_SILENT: Final = frozenset(
    ("$schema", "$id", "$comment", "title", "description", "examples", "default")
) | {"x-key", "additionalProperties", "format"}
# What events.py, the producer and the handlers import: no class may hide one.
_TAKEN: Final = {
    *("Any", "Callable", "ClassVar", "Consumer", "EVENTS", "InvalidEvent", "Literal"),
    *("Message", "Path", "Producer", "Reject", "Retry", "Self", "SnsTopic"),
    *("SqsQueue", "StartError", "Stop", "T", "TypeVar", "Undelivered", "Unsendable"),
}
_READ: Final = frozenset(("type", "required", "properties", "items", "enum"))


def class_name(event_type: str) -> str:
    """The class of an event type: "order.placed" is OrderPlaced."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", event_type))


def events_module(schemas: Mapping[str, Mapping[str, Any]], sources: Mapping[str, str]) -> str:
    """The text of events.py.

    Args:
        schemas: the JSON Schema of each event type's data.
        sources: the file of each schema, for the messages of errors.

    Raises:
        UserError: a keyword that is not read, a field name Python cannot have, two names in one.
    """
    module = _Module()
    for event_type, schema in schemas.items():
        where = _Where(sources[event_type])
        module.add_event(event_type, schema, where)
    return "\n".join(module.lines(sources)) + "\n"


@dataclass(frozen=True)
class _Where:
    """A place in a schema file, for errors."""

    file: str
    path: str = "$"

    def at(self, name: str) -> _Where:
        return _Where(self.file, f"{self.path}.{name}")

    def error(self, message: str) -> UserError:
        return UserError(message, where=f"{self.file}, {self.path}")


@dataclass(frozen=True)
class _Kind:
    """How one value is typed, read and written."""

    annotation: str
    reader: str
    write: str = "{}"  # around the value's name

    @property
    def plain(self) -> bool:
        return self.write == "{}"


@dataclass(frozen=True)
class _Field:
    name: str
    kind: _Kind
    required: bool
    says: str


@dataclass
class _Class:
    name: str
    says: str
    fields: list[_Field]
    event_type: str = ""
    key: str = ""


@dataclass
class _Module:
    """The classes found so far, the nested ones before those that use them."""

    classes: dict[str, _Class] = field(default_factory=dict[str, _Class])
    readers: set[str] = field(default_factory=set[str])
    literal: bool = False

    def add_event(self, event_type: str, schema: Mapping[str, Any], where: _Where) -> None:
        name = class_name(event_type)
        made = self._class(name, schema, where)
        made.event_type = event_type
        keys = [
            key for key, one in schema.get("properties", {}).items() if one.get("x-key") is True
        ]
        if len(keys) > 1:
            raise where.error(
                f"{keys[0]} and {keys[1]} are both marked x-key; an event has one key"
            )
        if keys:
            made.key = keys[0]
            kind = next(one for one in made.fields if one.name == keys[0])
            if kind.kind.annotation != "str" or not kind.required:
                raise where.at(f"properties.{keys[0]}").error("a key is a required string")

    def _class(self, name: str, schema: Mapping[str, Any], where: _Where) -> _Class:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise where.error(f"{name!r} is no name for a class")
        if name in _TAKEN:
            raise where.error(f"its class would be {name}, a name that the project uses itself")
        if name in self.classes:
            raise where.error(f"two schemas want the class {name}")
        _check_keywords(schema, where)
        if schema.get("type") != "object":
            raise where.error("an event's data is an object")
        properties = cast("dict[str, dict[str, Any]]", schema.get("properties", {}))
        required = cast("list[str]", schema.get("required", []))
        for missing in set(required) - set(properties):
            raise where.error(f"{missing} is required but has no schema in properties")
        fields: list[_Field] = []
        for field_name, inner in properties.items():
            place = where.at(f"properties.{field_name}")
            if not field_name.isidentifier() or keyword.iskeyword(field_name):
                raise place.error(f"{field_name!r} is no name for a Python field")
            if field_name in ("TYPE", "key", "from_json", "to_json") or field_name.startswith("_"):
                raise place.error(f"{field_name!r} is a name that the class itself uses")
            kind = self._kind(name + class_name(field_name), inner, place)
            says = str(inner.get("description", ""))
            fields.append(_Field(field_name, kind, field_name in required, says))
        fields.sort(key=lambda one: not one.required)
        self.classes[name] = _Class(name, str(schema.get("description", "")), fields)
        return self.classes[name]

    def _kind(self, name: str, schema: Mapping[str, Any], where: _Where) -> _Kind:
        _check_keywords(schema, where)
        match schema.get("type"):
            case "string" if "enum" in schema:
                return self._enum(schema, where)
            case "string" | "integer" | "number" | "boolean" as word:
                if "enum" in schema:
                    raise where.error("enum is read for strings only")
                self.readers.add(_READERS[word])
                return _Kind(_SCALARS[word], f"_{_READERS[word]}")
            case "object":
                made = self._class(name, schema, where)
                return _Kind(made.name, f"{made.name}.from_json", "{}.to_json()")
            case "array":
                inner = self._kind(name, schema.get("items", {}), where.at("items"))
                self.readers.add("listed")
                write = (
                    "list({})" if inner.plain else f"[{inner.write.format('one')} for one in {{}}]"
                )
                return _Kind(f"tuple[{inner.annotation}, ...]", f"_listed({inner.reader})", write)
            case other:
                raise where.error(f"the type {other!r} is not read; one type, and no null")

    def _enum(self, schema: Mapping[str, Any], where: _Where) -> _Kind:
        values = cast("list[Any]", schema["enum"])
        if not values or not all(isinstance(value, str) for value in values):
            raise where.error("enum is a list of strings")
        self.readers.add("one_of")
        self.literal = True
        texts = ", ".join(string(value) for value in values)
        return _Kind(f"Literal[{texts}]", f"_one_of({texts})")

    def lines(self, sources: Mapping[str, str]) -> Iterator[str]:
        folder = next(iter(sources.values()), "schemas/").rpartition("/")[0]
        optional = any(not one.required for made in self.classes.values() for one in made.fields)
        typing = ["Any", "ClassVar", "Self", "TypeVar", "cast"]
        yield '"""The events, typed.'
        yield ""
        yield f"Made from {folder}/*.json, which is where to change them."
        yield '"""'
        yield ""
        yield "from collections.abc import Callable"
        yield "from dataclasses import dataclass"
        if self.literal:
            typing.insert(2, "Literal")
        yield f"from typing import {', '.join(typing)}"
        yield ""
        yield "from messaging import InvalidEvent"
        yield ""
        yield 'T = TypeVar("T")'
        for made in self.classes.values():
            yield from ("", "")
            yield from _class_lines(made)
        events = [made for made in self.classes.values() if made.event_type]
        entries = [Entry(f"{made.name}.TYPE", made.name) for made in events]
        yield from ("", "", *layout(Table(entries), "EVENTS = ", "", ""))
        helpers = ["object", "field", *(["optional"] if optional else []), *sorted(self.readers)]
        for name in helpers:
            yield from ("", "")
            yield from _HELPERS[name].strip("\n").split("\n")


def _check_keywords(schema: Mapping[str, Any], where: _Where) -> None:
    for name in schema:
        if name not in _SILENT | _READ:
            raise where.error(f"the keyword {name!r} is not read, so it would not be checked")


def _class_lines(made: _Class) -> Iterator[str]:
    yield "@dataclass(frozen=True, kw_only=True)"
    yield f"class {made.name}:"
    if made.says:
        yield f'    """{_sentence(made.says)}"""'
        yield ""
    if made.event_type:
        yield f"    TYPE: ClassVar[str] = {string(made.event_type)}"
    if made.event_type and made.fields:
        yield ""
    for one in made.fields:
        optional = "" if one.required else " | None = None"
        comment = f"  # {one.says}" if one.says else ""
        line = f"    {one.name}: {one.kind.annotation}{optional}{comment}"
        yield line if len(line) <= 100 else line.removesuffix(comment)
    if made.event_type:
        yield from ("", "    @property", "    def key(self) -> str | None:")
        says = "The events of one key are handled in order, where the service keeps order."
        yield f'        """{says}"""'
        yield f"        return self.{made.key}" if made.key else "        return None"
    yield from ("", "    @classmethod")
    yield '    def from_json(cls, data: object, path: str = "data") -> Self:'
    yield '        """Reads parsed JSON; InvalidEvent names the field that is missing or wrong."""'
    if not made.fields:
        yield from ("        _object(data, path)", "        return cls()")
    else:
        yield "        found = _object(data, path)"
        pairs: list[Any] = []
        for one in made.fields:
            reader = "_field" if one.required else "_optional"
            pairs.append(
                Pair(one.name, Call(reader, ["found", string(one.name), "path", one.kind.reader]))
            )
        yield from layout(Call("cls", pairs), "return ", "", "        ")
    yield from ("", "    def to_json(self) -> dict[str, Any]:")
    yield '        """The same as JSON takes it; a field that is None is left out."""'
    entries = [Entry(string(f.name), _written(f)) for f in made.fields if f.required]
    required = Table(entries)
    optional = [one for one in made.fields if not one.required]
    if not optional:
        yield from layout(required, "return ", "", "        ")
        return
    yield from layout(required, "found: dict[str, Any] = ", "", "        ")
    for one in optional:
        yield f"        if self.{one.name} is not None:"
        yield f"            found[{string(one.name)}] = {_written(one)}"
    yield "        return found"


def _written(one: _Field) -> str:
    return one.kind.write.format(f"self.{one.name}")


def _sentence(text: str) -> str:
    clean = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', "'")
    return clean if len(clean) <= 90 else clean[:87].rstrip() + "..."


_HELPERS: Final = {
    "object": """
def _object(data: object, path: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise InvalidEvent(f"{path} is not an object")
    return cast("dict[str, Any]", data)
""",
    "field": """
def _field(found: dict[str, Any], name: str, path: str, read: Callable[[object, str], T]) -> T:
    if name not in found:
        raise InvalidEvent(f"{path}.{name} is missing")
    return read(found[name], f"{path}.{name}")
""",
    "optional": """
def _optional(
    found: dict[str, Any], name: str, path: str, read: Callable[[object, str], T]
) -> T | None:
    return None if found.get(name) is None else read(found[name], f"{path}.{name}")
""",
    "listed": """
def _listed(read: Callable[[object, str], T]) -> Callable[[object, str], tuple[T, ...]]:
    def read_all(value: object, path: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise InvalidEvent(f"{path} is not an array")
        items = cast("list[object]", value)
        return tuple(read(item, f"{path}[{number}]") for number, item in enumerate(items))

    return read_all
""",
    "one_of": """
def _one_of(*allowed: T) -> Callable[[object, str], T]:
    def read_one(value: object, path: str) -> T:
        for one in allowed:
            if value == one:
                return one
        raise InvalidEvent(f"{path} is none of the values it may have")

    return read_one
""",
    "text": """
def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise InvalidEvent(f"{path} is not a string")
    return value
""",
    "integer": """
def _integer(value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidEvent(f"{path} is not an integer")
    return value
""",
    "number": """
def _number(value: object, path: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidEvent(f"{path} is not a number")
    return value
""",
    "boolean": """
def _boolean(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidEvent(f"{path} is not a boolean")
    return value
""",
}
