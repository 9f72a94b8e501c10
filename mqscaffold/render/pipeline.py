"""resolve -> validate -> derive -> render: a pure function of the catalog and the answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mqscaffold.catalog.generates import missing
from mqscaffold.catalog.load import Catalog
from mqscaffold.errors import UserError
from mqscaffold.render import context
from mqscaffold.render.choose import chosen_parts
from mqscaffold.render.compose import compose
from mqscaffold.render.files import File
from mqscaffold.render.graph import Graph
from mqscaffold.render.request import Request, spec_of
from mqscaffold.render.resolve import resolve
from mqscaffold.render.resolved import Project
from mqscaffold.render.spec import FlowSpec, Spec


@dataclass(frozen=True)
class Planned:
    """A project with everything decided and nothing rendered."""

    spec: Spec
    project: Project
    graph: Graph
    described: context.Project


@dataclass(frozen=True)
class Rendered:
    """A project's files, and what they were made from."""

    plan: Planned
    files: tuple[File, ...]

    @property
    def name(self) -> str:
        return self.plan.spec.name


def new(request: Request, catalog: Catalog) -> Rendered:
    """The project that ``request`` asks for; a UserError when it cannot be."""
    return render(spec_of(request, catalog), catalog)


def render(spec: Spec, catalog: Catalog) -> Rendered:
    """The files of the project that ``spec`` describes."""
    from mqscaffold.render.assemble import assemble

    planned = plan(spec, catalog)
    files = assemble(planned.spec, planned.project, planned.graph, planned.described, catalog)
    return Rendered(planned, files)


def plan(spec: Spec, catalog: Catalog) -> Planned:
    """``spec`` resolved and composed, every cell of it checked against the matrix."""
    from mqscaffold import __version__
    from mqscaffold.render.describe import describe

    for flow in spec.flows:
        check_cell(flow, catalog)
    stamp = {"name": catalog.name, "version": __version__, "digest": catalog.digest}
    spec = replace(spec, catalog=stamp)
    project = resolve(spec, catalog)
    graph = compose(project, catalog)
    return Planned(spec, project, graph, describe(project, graph, catalog, __version__))


def check_cell(flow: FlowSpec, catalog: Catalog) -> None:
    """UserError when the matrix refuses the pattern there, or it cannot be generated yet."""
    from mqscaffold.catalog.matrix import best, cell

    chosen_parts(flow, catalog)
    tables = catalog.matrix_tables()
    found = best(*tables, flow.pattern, flow.service)
    variant = found.variant
    service = catalog.services[flow.service]
    chosen = {**flow.values.both, **found.settings}
    for other in service.variants:
        known = other.condition.names <= set(chosen)
        if other.column and known and other.condition.value(chosen):
            variant = other.name
    if variant != found.variant:
        found = cell(*tables, flow.pattern, flow.service, variant)
    where = f"{flow.pattern} on {flow.service}" + (f"+{variant}" if variant else "")
    if found.state == "refused":
        raise UserError(
            f"{where} is refused: {found.reason}",
            where=f"--pattern {flow.pattern} --service {flow.service}",
            near=found.instead,
            command=f"mqscaffold list --pattern {flow.pattern}",
        )
    if lacking := missing(catalog, flow.pattern, flow.service):
        raise UserError(
            f"{where} is planned: {lacking}",
            where=f"--pattern {flow.pattern} --service {flow.service}",
            near=_working(flow, catalog),
            command="mqscaffold list",
        )


def _working(flow: FlowSpec, catalog: Catalog) -> list[str]:
    """What generates now and is nearest: the same pattern elsewhere, else on the same service."""
    from mqscaffold.catalog.matrix import best

    tables = catalog.matrix_tables()

    def works(pattern: str, service: str) -> bool:
        return best(*tables, pattern, service).state != "refused" and not missing(
            catalog, pattern, service
        )

    same = [f"{flow.pattern} on {key}" for key in catalog.services if works(flow.pattern, key)]
    here = [f"{key} on {flow.service}" for key in catalog.patterns if works(key, flow.service)]
    return (same or here)[:3]
