"""Two names that differ can join to one: found once all of a project's names are known."""

from __future__ import annotations

from mqscaffold.errors import UserError
from mqscaffold.render.graph import Graph, hoisted
from mqscaffold.render.resolved import Project


def check_names(project: Project, graph: Graph) -> None:
    """Variables, (type, logical name), outputs, folders and stack keys are unique.

    A UserError names both origins: two names can be different and join to one.
    """
    seen: dict[tuple[str, str], tuple[object, str]] = {}

    def claim(kind: str, name: str, origin: str, owner: object = None) -> None:
        known, other = seen.setdefault((kind, name), (owner or origin, origin))
        if known != (owner or origin):
            raise UserError(
                f"{other} and {origin} both come out as the {kind} {name}",
                where="mqscaffold.toml",
                command="rename one of them",
            )

    for name in ("config", "pulumi"):
        claim("variable", name, "the program itself")
    for flow in project.flows:
        claim("folder", f"src/{flow.package}", f"flow {flow.name}")
    for node in graph.nodes:
        claim("variable", node.variable, node.origin, node.key)
        for suffix in node.component.children:
            kind = f"{node.component.name} name"
            claim(kind, f"{node.logical}{suffix}", node.origin, node.key)
        for export in node.exports:
            claim("output", export, node.origin, node.key)
    for key, variable in hoisted(graph).items():
        claim("variable", variable, f"stack value {key}")
