"""A project on disk as what the sandbox runs: its flows, its processes, their names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mqscaffold.errors import UserError
from mqscaffold.project.tomlfile import read_toml
from mqscaffold.render import context
from mqscaffold.sandbox.project import Flow, Process, TryInput

__all__ = ["trial"]


def trial(folder: Path, *, count: int, keep: bool) -> TryInput:
    """What `mqscaffold.toml` in a folder describes, with the event examples that lie there.

    Args:
        folder: the project's root.
        count: messages to send on each flow.
        keep: leave it running until it is interrupted.

    Raises:
        UserError: there is no project, or its mqscaffold.toml is not valid.
    """
    from mqscaffold.catalog.load import load
    from mqscaffold.render.pipeline import plan
    from mqscaffold.render.spec import FILE, read

    path = folder / FILE
    if not path.is_file():
        raise UserError(
            f"there is no project here: no {FILE}",
            where=os.path.abspath(folder),
            near=[str(found.parent) for found in sorted(folder.glob(f"*/{FILE}"))[:3]],
            command="mqscaffold try DIR, or mqscaffold new to make a project",
        )
    catalog = load()
    spec = read(read_toml(str(path)), catalog.lists, str(path))
    try:
        project = plan(spec, catalog).described
    except UserError as error:
        raise error.within(str(path)) from None
    return TryInput(
        project_dir=folder.resolve(),
        project=project.name,
        flows=tuple(_flow(flow, folder.resolve()) for flow in project.flows),
        processes=tuple(
            process
            for flow in project.flows
            if project.code
            for process in _processes(flow, roles=project.identities == "roles")
        ),
        count=count,
        keep=keep,
    )


def _flow(flow: context.Flow, folder: Path) -> Flow:
    own = flow.producer.variable if flow.producer else ""
    return Flow(
        name=flow.name,
        destination_variable=own,
        existing_topic=(flow.topic and flow.topic.reference) or "",
        fifo=flow.fifo,
        examples=tuple(sorted(folder.glob(f"{flow.schemas}/examples/*.json"))),
    )


def _processes(flow: context.Flow, *, roles: bool) -> Iterator[Process]:
    def role(name: str) -> str:
        return flow.role_name(name) if roles else ""

    if flow.producer:
        yield Process(
            "producer", flow.name, "producer", f"{flow.package}.producer", (), role("producer")
        )
    for consumer in flow.consumers:
        yield Process(
            name=consumer.name,
            flow=flow.name,
            kind="consumer",
            module=f"{flow.package}.consumer",
            # A flow whose only consumer needs no choice takes no argument.
            args=(consumer.name,) if flow.topic else (),
            role_name=role(consumer.name),
            queue_variable=consumer.queue_variable,
            dlq_variable=consumer.dlq_variable,
            undelivered_variable=consumer.undelivered_variable or "",
        )
    if flow.consumers:
        yield Process(
            "operator", flow.name, "operator", f"{flow.package}.dlq", (), role("operator")
        )
