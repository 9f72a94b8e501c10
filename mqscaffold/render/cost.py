"""How many resources a graph makes on a stack, and what they cost a month when nothing happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.model import Stack
from mqscaffold.render.graph import Configured, Expr, Graph, Literal, Node, Reference


def resources(graph: Graph, stack: Stack) -> Counter[str]:
    """The number of resources by type that ``graph`` makes on ``stack``."""
    counts: Counter[str] = Counter()
    for node in graph.nodes:
        names = _arguments(node, graph, stack)
        for resource in node.component.resources:
            counts[resource.type] += int(resource.count.value(names))
    return +counts


def monthly(counts: Mapping[str, int], catalog: Catalog) -> float:
    """US dollars a month for idle resources, at the list prices of the catalog."""
    return sum(catalog.prices.get(kind, 0.0) * number for kind, number in counts.items())


def _arguments(node: Node, graph: Graph, stack: Stack) -> dict[str, Any]:
    names = dict(node.component.args)
    names.update({name: _on(value, graph, stack) for name, value in node.args.items()})
    names["alarms"] = bool(names.get("alarm_topic_arn"))
    return names


def _on(expression: Expr, graph: Graph, stack: Stack) -> Any:
    """The value on ``stack``; an output counts as set unless its component is switched off."""
    match expression:
        case Literal(value):
            return value
        case Configured(key, _):
            return graph.stack_keys[key].by_stack.get(stack, "")
        case Reference(key, _):
            node = next(node for node in graph.nodes if node.key == key)
            enabled = node.args.get("enabled")
            return "set" if enabled is None or _on(enabled, graph, stack) else ""
        case _:
            return "set"
