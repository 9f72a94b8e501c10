"""asyncapi.yaml: what a project sends and receives, in AsyncAPI 3.0.0.

Event data is not repeated: payloads point at the files in `schemas/`, so that an edited schema
needs no second edit. https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

from mqscaffold.render.context import Consumer, Event, Flow, Project
from mqscaffold.render.yamltext import block

__all__ = ["asyncapi", "document"]

# The binding versions that the schema of AsyncAPI 3.0.0 knows:
# https://github.com/asyncapi/bindings/tree/master/sqs and …/sns
_SQS_BINDING = "0.2.0"
_SNS_BINDING = "0.1.0"

_HEAD = "# Made by mqscaffold from mqscaffold.toml and schemas/, where the data of events is.\n"
_CONTENT_TYPE = "application/cloudevents+json"
_EXAMPLE_ID = "7c9f1b1e-2f7a-4c55-9a38-0f6f3b1c2d4e"
_EXAMPLE_TIME = "2026-01-31T12:00:00Z"


def asyncapi(project: Project) -> str:
    """The text of asyncapi.yaml."""
    return _HEAD + block(document(project))


def document(project: Project) -> dict[str, Any]:
    """The same as plain values."""
    flows = project.flows
    sections: list[tuple[str, Mapping[str, Any]]] = [
        ("servers", _servers(project)),
        ("channels", _merged(map(_channels, flows))),
        ("operations", _merged(map(_operations, flows))),
        ("components", {"messages": _merged(map(_messages, flows))}),
    ]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": project.name,
            "version": "1.0.0",
            "description": " ".join(flow.says for flow in flows),
        },
        "defaultContentType": _CONTENT_TYPE,
        **dict(sections),
    }


def _merged(mappings: Any) -> dict[str, Any]:
    return {key: value for mapping in mappings for key, value in mapping.items()}


def _servers(project: Project) -> dict[str, Any]:
    regions = list(dict.fromkeys(stack.region for stack in project.stacks if stack.region))
    region: dict[str, Any] = {"description": "The region of the stack."}
    if regions:
        region["default"] = regions[0]
    protocols: list[str] = []
    if any(flow.topic is not None for flow in project.flows):
        protocols.append("sns")
    if any(flow.consumers or flow.topic is None for flow in project.flows):
        protocols.append("sqs")
    return {
        protocol: {
            "host": f"{protocol}.{{region}}.amazonaws.com",
            "protocol": protocol,
            "variables": {"region": region},
        }
        for protocol in protocols
    }


def _ref(*path: str) -> dict[str, str]:
    # https://www.rfc-editor.org/rfc/rfc6901: `/` inside a name is written `~1`, `~` as `~0`
    parts = (part.replace("~", "~0").replace("/", "~1") for part in path)
    return {"$ref": "#/" + "/".join(parts)}


def _message_name(flow: Flow, event: Event) -> str:
    return f"{flow.name}.{event.class_name}"


def _channels(flow: Flow) -> dict[str, Any]:
    messages = {
        event.class_name: _ref("components", "messages", _message_name(flow, event))
        for event in flow.events
    }
    channels: dict[str, Any] = {}
    if flow.topic is not None:
        channels[flow.name] = {
            "address": _address(flow),
            "description": f"The SNS topic; its ARN is the stack output {flow.topic.variable}.",
            "servers": [_ref("servers", "sns")],
            "messages": messages,
            "bindings": {"sns": _topic_binding(flow)},
        }
    for consumer in flow.consumers:
        channels[flow.logical_name(consumer)] = {
            "address": None,
            "description": f"An SQS queue; its URL is the stack output {consumer.queue_variable}.",
            "servers": [_ref("servers", "sqs")],
            "messages": messages,
            "bindings": {"sqs": _queue_binding(flow, consumer)},
        }
    return channels


def _address(flow: Flow) -> str | None:
    """An ARN that is known before the deployment, else None: AWS names what Pulumi makes."""
    reference = flow.topic.reference if flow.topic is not None else None
    return reference if reference is not None and reference.startswith("arn:") else None


def _topic_binding(flow: Flow) -> dict[str, Any]:
    ordering: dict[str, Any] = {"type": "standard"}
    if flow.fifo:
        ordering = {"type": "FIFO", "contentBasedDeduplication": False}
    return {"name": flow.name, "ordering": ordering, "bindingVersion": _SNS_BINDING}


def _queue_binding(flow: Flow, consumer: Consumer) -> dict[str, Any]:
    name = flow.logical_name(consumer)
    kind: dict[str, Any] = {"fifoQueue": flow.fifo}
    if flow.fifo:
        kind |= {"deduplicationScope": "messageGroup", "fifoThroughputLimit": "perMessageGroupId"}
    queue = {
        "name": name,
        **kind,
        "deliveryDelay": consumer.delay_seconds,
        "visibilityTimeout": consumer.visibility_timeout_seconds,
        "receiveMessageWaitTime": consumer.wait_time_seconds,
        "messageRetentionPeriod": consumer.retention_seconds,
        "redrivePolicy": {
            "deadLetterQueue": {"name": f"{name}-dlq"},
            "maxReceiveCount": consumer.max_receive_count,
        },
    }
    dead_letters = {
        "name": f"{name}-dlq",
        **kind,
        "messageRetentionPeriod": consumer.dlq_retention_seconds,
    }
    return {"queue": queue, "deadLetterQueue": dead_letters, "bindingVersion": _SQS_BINDING}


def _operations(flow: Flow) -> dict[str, Any]:
    operations: dict[str, Any] = {}
    if flow.producer is not None:
        channel = flow.name
        send: dict[str, Any] = {
            "action": "send",
            "channel": _ref("channels", channel),
            "summary": f"The producer of {flow.name}.",
            "messages": _channel_messages(flow, channel),
        }
        if flow.topic is not None and flow.consumers:
            send["bindings"] = {"sns": _subscriptions(flow)}
        operations[f"{flow.name}-send"] = send
    for consumer in flow.consumers:
        channel = flow.logical_name(consumer)
        operations[f"{channel}-receive"] = {
            "action": "receive",
            "channel": _ref("channels", channel),
            "summary": f"The consumer {consumer.name} of {flow.name}.",
            "messages": _channel_messages(flow, channel),
        }
    return operations


def _channel_messages(flow: Flow, channel: str) -> list[dict[str, str]]:
    return [_ref("channels", channel, "messages", event.class_name) for event in flow.events]


def _subscriptions(flow: Flow) -> dict[str, Any]:
    return {
        "topic": {"name": flow.name},
        "consumers": [_subscription(flow, consumer) for consumer in flow.consumers],
        "bindingVersion": _SNS_BINDING,
    }


def _subscription(flow: Flow, consumer: Consumer) -> dict[str, Any]:
    name = flow.logical_name(consumer)
    entry: dict[str, Any] = {
        "protocol": "sqs",
        "endpoint": {"name": name},
        "rawMessageDelivery": True,
        "redrivePolicy": {"deadLetterQueue": {"name": f"{name}-undelivered"}},
    }
    if consumer.filter is not None and _fits_binding(consumer.filter):
        body = consumer.filter_scope == "body"
        entry["filterPolicy"] = consumer.filter
        entry["filterPolicyScope"] = "MessageBody" if body else "MessageAttributes"
    return entry


def _fits_binding(policy: Mapping[str, Any]) -> bool:
    """Whether the binding can say this policy: it knows lists of strings, and nested mappings.

    Others, such as `{"total": [{"numeric": [">", 1]}]}`, are left to `infra/__main__.py`.
    """
    for value in policy.values():
        listed = isinstance(value, list)
        if listed and not all(isinstance(item, str) for item in cast(list[Any], value)):
            return False
        if not listed and not isinstance(value, (str, Mapping)):
            return False
    return True


def _messages(flow: Flow) -> dict[str, Any]:
    return {_message_name(flow, event): _message(flow, event) for event in flow.events}


def _message(flow: Flow, event: Event) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.class_name,
        "contentType": _CONTENT_TYPE,
        "headers": {
            "type": "object",
            "description": "Message attributes, for filters and tools that do not read bodies.",
            "properties": {
                "ce_type": {"type": "string", "const": event.type},
                "ce_source": {"type": "string"},
                "ce_id": {"type": "string"},
                "content-type": {"type": "string", "const": _CONTENT_TYPE},
                "traceparent": {"type": "string", "description": "W3C trace context."},
            },
        },
        "payload": _envelope(flow, event),
        "examples": [{"name": event.type, "payload": _example(flow, event)}],
    }


def _envelope(flow: Flow, event: Event) -> dict[str, Any]:
    """A CloudEvents 1.0 event in JSON, data inside.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
    """
    properties: dict[str, Any] = {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string", "description": "The same over retries, duplicates and redrives."},
        "source": {"type": "string", "format": "uri-reference"},
        "type": {"type": "string", "const": event.type},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"type": "string", "const": "application/json"},
        "partitionkey": {"type": "string", "description": _key_meaning(flow)},
        "correlationid": {"type": "string", "description": "The id of the event replied to."},
        "data": {"$ref": f"./{quote(f'{flow.schemas}/{event.type}.json')}"},
    }
    required = ["specversion", "id", "source", "type", "data"]
    return {"type": "object", "required": required, "properties": properties}


def _key_meaning(flow: Flow) -> str:
    if flow.fifo:
        return "The key, and the message group: messages of one key keep their order."
    return "The key: what the event is about."


def _example(flow: Flow, event: Event) -> dict[str, Any]:
    example: dict[str, Any] = {
        "specversion": "1.0",
        "id": _EXAMPLE_ID,
        "source": f"/{flow.name}",
        "type": event.type,
        "time": _EXAMPLE_TIME,
        "datacontenttype": "application/json",
    }
    if event.key is not None:
        example["partitionkey"] = event.key
    return {**example, "data": event.example}
