"""What the provider knows about one resource type, and the client it works through."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import boto3
from botocore.config import Config

from mqscaffold.sandbox.wire import UNKNOWN, Props, has_unknown


@dataclass(frozen=True)
class Refusal:
    """Why AWS would refuse a property; `property` is empty when several are to blame."""

    property: str
    reason: str


Refusals = Iterator[Refusal]


class Aws:
    """boto3 clients for one endpoint and region, made once each.

    Args:
        endpoint: where the AWS API is served, on this machine.
        region: the region that ARNs and clients carry.
        tags: the provider's `defaultTags`, which every tagged resource receives.
    """

    def __init__(
        self,
        endpoint: str,
        region: str,
        tags: Mapping[str, str] | None = None,
        credentials: tuple[str, str] = ("test", "test"),
    ) -> None:
        self.endpoint = endpoint
        self.region = region
        self.tags = dict(tags or {})
        self._session: Any = boto3.Session(*credentials, region_name=region)
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """The boto3 client of a service.  Untyped: the services' stubs are not a dependency."""
        with self._lock:
            if service not in self._clients:
                # One attempt: a refusal is to be seen, not retried.  No proxy to loopback.
                config = Config(retries={"max_attempts": 0}, max_pool_connections=32, proxies={})
                self._clients[service] = self._session.client(
                    service, endpoint_url=self.endpoint, config=config
                )
            return self._clients[service]

    def all_tags(self, props: Props) -> dict[str, str]:
        """The resource's own tags over the provider's."""
        return {**self.tags, **(props.get("tags") or {})}


class GoneError(Exception):
    """There is no resource with this id."""


class Kind:
    """One resource type.  Property names are Pulumi's (camelCase), values are plain Python.

    `reads` are the input properties that reach the emulator or that a check reads;
    `unproven` are the known ones that do not, each with the reason.  An input in neither is
    reported by the provider as unknown.
    """

    token: ClassVar[str]
    reads: ClassVar[frozenset[str]]
    unproven: ClassVar[Mapping[str, str]] = {}
    defaults: ClassVar[Mapping[str, Any]] = {}
    """What the real provider fills in by itself."""
    computed: ClassVar[tuple[str, ...]] = ()
    """Outputs that only exist once the resource does."""
    replaces: ClassVar[frozenset[str]] = frozenset()
    """Inputs whose change makes a new resource."""
    name: ClassVar[str] = ""
    """The input that gets an automatic name, if any."""
    elsewhere: ClassVar[frozenset[str]] = frozenset()
    """Inputs that a resource of their own may set too; read back only where they are given."""
    tagged: ClassVar[bool] = False

    def suffix(self, props: Props) -> str:
        """What an automatic name ends in."""
        return ""

    def prefix(self) -> str:
        """What an automatic name begins with."""
        return ""

    def check(self, props: Props) -> Refusals:
        """What AWS would refuse.  Properties that are unknown are left alone."""
        return iter(())

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        """Makes it: its id, and the outputs that are not inputs."""
        raise LookupError(self.token)

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        """Inputs and outputs as they are now, over `old`.  Raises GoneError."""
        raise LookupError(f"{self.token} cannot be read here")

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        """Changes it in place."""
        raise LookupError(f"{self.token} cannot be changed in place here")

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        """Removes it.  A missing one is no error, and the provider sees to that."""
        raise LookupError(f"{self.token} cannot be removed here")


def known(props: Props, name: str) -> Any:
    """The property, or None if it is absent or not known yet."""
    value = props.get(name)
    return None if value is None or has_unknown(value) else value


def number(props: Props, name: str, low: int, high: int, unit: str = "") -> Refusals:
    """Refuses a number outside the range."""
    value = known(props, name)
    if value is not None and not (isinstance(value, int) and low <= value <= high):
        text = f"expected {name} to be in the range ({low} - {high})"
        yield Refusal(name, f"{text}{' ' + unit if unit else ''}, got {value}")


def one_of(props: Props, name: str, values: Collection[str]) -> Refusals:
    """Refuses a text outside the list."""
    value = known(props, name)
    if value is not None and value not in values:
        yield Refusal(name, f"expected {name} to be one of {sorted(values)}, got {value}")


def matches(props: Props, name: str, pattern: str, reason: str) -> Refusals:
    """Refuses a text that the pattern does not match as a whole."""
    value = known(props, name)
    if value is not None and not re.fullmatch(pattern, str(value)):
        yield Refusal(name, reason)


def parse_object(props: Props, name: str) -> tuple[dict[str, Any] | None, Refusal | None]:
    """A property that holds a JSON object; (None, None) if it is absent or not known yet."""
    text = known(props, name)
    if text is None:
        return None, None
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except ValueError as error:
        return None, Refusal(name, f"contains an invalid JSON: {error}")
    if not isinstance(value, dict):
        return None, Refusal(name, "must be a JSON object")
    return value, None  # pyright: ignore[reportUnknownVariableType]  # any JSON object


def attributes(props: Props, table: Mapping[str, str], only: Collection[str] | None = None):
    """The properties as AWS attribute texts: {AWS name: text}, absent ones left out."""
    found: dict[str, str] = {}
    for name, attribute in table.items():
        value = props.get(name)
        if value is not None and (only is None or name in only):
            found[attribute] = as_text(value)
    return found


def as_text(value: Any) -> str:
    """An attribute value as SQS and SNS take it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def same(old: Any, new: Any) -> bool:
    """Whether two values mean the same: JSON texts by content, absent like empty."""
    empty: tuple[Any, ...] = (None, "", {}, [])
    if old == new or (old in empty and new in empty):
        return True
    if isinstance(old, str) and isinstance(new, str) and UNKNOWN not in (old, new):
        try:
            return bool(old[:1] in "{[" and json.loads(old) == json.loads(new))
        except ValueError:
            return False
    return False
