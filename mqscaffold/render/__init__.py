"""Answers to files, in memory: the one pipeline behind the command line and the Python API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqscaffold.render.request import Question, Request

if TYPE_CHECKING:
    from mqscaffold.catalog.load import Catalog
    from mqscaffold.render.pipeline import Planned, Rendered

__all__ = ["Planned", "Question", "Rendered", "Request", "new", "plan"]


def new(request: Request, catalog: Catalog | None = None) -> Rendered:
    """The project that ``request`` asks for, rendered and not written.

    Raises UserError for anything the user can mend: an unknown name, a value out of range, two
    settings that contradict, a pattern that the service refuses.
    """
    from mqscaffold.catalog.load import load
    from mqscaffold.render import pipeline

    return pipeline.new(request, catalog or load())


def plan(request: Request, catalog: Catalog | None = None) -> Planned:
    """What ``new`` would make, resolved and composed but with no file rendered."""
    from mqscaffold.catalog.load import load
    from mqscaffold.render import pipeline
    from mqscaffold.render import request as requests

    catalog = catalog or load()
    return pipeline.plan(requests.spec_of(request, catalog), catalog)


def __getattr__(name: str) -> object:
    if name in ("Planned", "Rendered"):
        from mqscaffold.render import pipeline

        return getattr(pipeline, name)
    raise AttributeError(name)
