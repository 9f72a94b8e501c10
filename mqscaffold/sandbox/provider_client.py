# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# The message classes of Pulumi's proto modules are made at import time and have no usable types;
# every value that leaves this file has one.
"""Calls a Pulumi resource provider: one Python method for each call that our engine makes.

The provider is a servicer object in this process, called directly.  It sees the same messages as
under Pulumi's own engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pulumi.runtime.proto import provider_pb2

from mqscaffold.sandbox.wire import Props, from_struct, plain, to_struct

Servicer = Any
"""A `ResourceProviderServicer`; Pulumi's generated class is untyped."""
ProviderFactory = Callable[[], Servicer]


class ProviderError(Exception):
    """A provider's refusal, as one sentence."""


@dataclass(frozen=True)
class CheckFailure:
    """Why one property (or the whole resource, when `property` is empty) is refused."""

    property: str
    reason: str


class _Call:
    """The part of a gRPC context that a servicer uses to refuse a call."""

    def abort(self, _code: object, details: str) -> NoReturn:
        raise ProviderError(details)


class ProviderClient:
    """One configured instance of a provider.  Properties go in and out in plain Python, unmarked.

    Args:
        servicer: the provider.
        config: its configuration; values are texts, or JSON in text, as Pulumi passes them.
    Raises (each method): `ProviderError`.
    """

    def __init__(self, servicer: Servicer, config: Mapping[str, Any], urn: str = "") -> None:
        self._servicer = servicer
        args = to_struct(plain(dict(config)))
        checked = servicer.CheckConfig(provider_pb2.CheckRequest(urn=urn, news=args), _Call())
        if checked.failures:
            first = checked.failures[0]
            raise ProviderError(f"{first.property}: {first.reason}")
        servicer.Configure(provider_pb2.ConfigureRequest(args=args), _Call())

    def check(
        self, urn: str, olds: Props, news: Props, seed: bytes
    ) -> tuple[Props, list[CheckFailure]]:
        """The inputs with defaults and automatic names filled in, and what is wrong with them."""
        request = provider_pb2.CheckRequest(
            urn=urn, olds=to_struct(olds), news=to_struct(plain(news)), randomSeed=seed
        )
        answer = self._servicer.Check(request, _Call())
        failures = [CheckFailure(f.property, f.reason) for f in answer.failures]
        return from_struct(answer.inputs), failures

    def create(self, urn: str, inputs: Props, preview: bool) -> tuple[str, Props]:
        """The new resource's id (empty in a preview) and outputs."""
        request = provider_pb2.CreateRequest(
            urn=urn, properties=to_struct(plain(inputs)), preview=preview
        )
        answer = self._servicer.Create(request, _Call())
        return answer.id, from_struct(answer.properties)

    def read(self, urn: str, id_: str, inputs: Props) -> tuple[Props, Props] | None:
        """(inputs, outputs) of an existing resource; None if there is none with this id."""
        request = provider_pb2.ReadRequest(urn=urn, id=id_, inputs=to_struct(plain(inputs)))
        answer = self._servicer.Read(request, _Call())
        if not answer.id:
            return None
        return from_struct(answer.inputs), from_struct(answer.properties)

    def invoke(self, token: str, args: Props, preview: bool) -> tuple[Props, list[CheckFailure]]:
        """What a provider function returns, and why it refused its arguments."""
        request = provider_pb2.InvokeRequest(
            tok=token, args=to_struct(plain(args)), preview=preview
        )
        answer = self._servicer.Invoke(request, _Call())
        failures = [CheckFailure(f.property, f.reason) for f in answer.failures]
        return from_struct(getattr(answer, "return")), failures
