"""From one choice of messaging pattern and service to a repository that deploys and is tested.

The command line in five names, for use from Python:

    from pathlib import Path
    from mqscaffold import Request, load_catalog, new, write_tree

    request = Request(name="orders", pattern="fanout", service="sns-sqs", sets=(("fifo", "true"),))
    rendered = new(request, load_catalog())
    write_tree(Path("orders"), rendered.files)

`rendered.files` is the whole project in memory, `rendered.plan` what it was made from. A mistake
in the request raises `UserError`, with the same facts that the command line prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqscaffold.catalog.load import Catalog
    from mqscaffold.catalog.load import load as load_catalog
    from mqscaffold.errors import UserError
    from mqscaffold.project.write import write_tree
    from mqscaffold.render.files import File
    from mqscaffold.render.pipeline import Rendered, new
    from mqscaffold.render.request import Request

__all__ = [
    "Catalog",
    "File",
    "Rendered",
    "Request",
    "UserError",
    "__version__",
    "load_catalog",
    "new",
    "write_tree",
]

__version__ = "0.1.0"

# Loaded on first use: help and completion need none of them.
_HOMES = {
    "Catalog": "mqscaffold.catalog.load:Catalog",
    "File": "mqscaffold.render.files:File",
    "Rendered": "mqscaffold.render.pipeline:Rendered",
    "Request": "mqscaffold.render.request:Request",
    "UserError": "mqscaffold.errors:UserError",
    "load_catalog": "mqscaffold.catalog.load:load",
    "new": "mqscaffold.render.pipeline:new",
    "write_tree": "mqscaffold.project.write:write_tree",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return __all__
