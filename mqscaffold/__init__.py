"""From one choice of messaging pattern and service to a repository that deploys and is tested.

The command line in four names, for use from Python:

    from pathlib import Path
    from mqscaffold import Request, new, write_tree

    request = Request(name="orders", pattern="fanout", service="sns-sqs", sets=(("fifo", "true"),))
    rendered = new(request)
    write_tree(Path("orders"), rendered.files)

`rendered.files` is the whole project in memory, `rendered.plan` what it was made from; `plan`
stops before rendering. A mistake in the request raises `UserError`, with the same facts that the
command line prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqscaffold.errors import UserError
    from mqscaffold.project.write import write_tree
    from mqscaffold.render import Planned, Rendered, Request, new, plan
    from mqscaffold.render.files import File

__all__ = [
    "File",
    "Planned",
    "Rendered",
    "Request",
    "UserError",
    "__version__",
    "new",
    "plan",
    "write_tree",
]

__version__ = "0.1.0"

# Loaded on first use: help and completion need none of them.
_HOMES = {
    "File": "mqscaffold.render.files",
    "Planned": "mqscaffold.render",
    "Rendered": "mqscaffold.render",
    "Request": "mqscaffold.render",
    "UserError": "mqscaffold.errors",
    "new": "mqscaffold.render",
    "plan": "mqscaffold.render",
    "write_tree": "mqscaffold.project.write",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
