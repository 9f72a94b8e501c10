# ruff: noqa: N802  # the methods of a gRPC service have the names of its calls
"""A provider of one resource type, `test:index:Thing`, that keeps everything in memory.

It computes `shout` from the input `say`, refuses `say` = "bad" in Check and "boom" in Create, knows
an existing thing "old", and has the function `test:index:echo`.
"""

from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from mqscaffold.sandbox.wire import UNKNOWN, from_struct, plain, to_struct


class FakeProvider(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, calls: list[tuple[str, Any]]) -> None:
        self.calls = calls
        self.config: dict[str, Any] = {}

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Configure(self, request: Any, context: Any) -> Any:
        self.config = plain(from_struct(request.args))
        self.calls.append(("configure", self.config))
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        news = from_struct(request.news)
        news.setdefault("size", 3)
        news.setdefault("name", f"{request.urn.rsplit('::', 1)[1]}-auto")
        failures = []
        if news.get("say") == "bad":
            failures = [provider_pb2.CheckFailure(property="say", reason="that is a bad word")]
        return provider_pb2.CheckResponse(inputs=to_struct(news), failures=failures)

    def Create(self, request: Any, context: Any) -> Any:
        props = from_struct(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct({**props, "shout": UNKNOWN}))
        if props.get("say") == "boom":
            context.abort(grpc.StatusCode.UNKNOWN, "no room\nfor it")
        self.calls.append(("create", props))
        outputs = {**props, "shout": str(props.get("say", "")).upper()}
        return provider_pb2.CreateResponse(id=f"id-{props['name']}", properties=to_struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:
        if request.id != "old":
            return provider_pb2.ReadResponse()
        props = to_struct({"say": "hello", "shout": "HELLO"})
        return provider_pb2.ReadResponse(id="old", properties=props, inputs=props)

    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok != "test:index:echo":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no function {request.tok}")
        args = from_struct(request.args)
        answer: dict[str, Any] = {
            "return": to_struct({**args, "region": self.config.get("region")})
        }
        return provider_pb2.InvokeResponse(**answer)
