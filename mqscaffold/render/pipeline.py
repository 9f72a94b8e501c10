"""resolve -> validate -> derive -> render: a pure function of the catalog and the answers."""

from __future__ import annotations

from mqscaffold.catalog.load import Catalog
from mqscaffold.records import dataclass, replace
from mqscaffold.render import context
from mqscaffold.render.cells import check_cell
from mqscaffold.render.compose import compose
from mqscaffold.render.files import File
from mqscaffold.render.graph import Graph
from mqscaffold.render.request import Request, spec_of
from mqscaffold.render.resolve import resolve
from mqscaffold.render.resolved import Project
from mqscaffold.render.spec import Spec


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
