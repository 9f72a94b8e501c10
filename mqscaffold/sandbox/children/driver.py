"""Runs an emitted consumer with its handlers watched; started by `mqscaffold try`.

    driver.py RECORD MODULE ARGS…        driver.py billing.jsonl orders.consumer billing

The module is the project's own, unmodified.  Each of its routes' handlers is wrapped: what it was
given and how it ended is appended to RECORD, one JSON object a line, and a message whose key is
in MQSCAFFOLD_POISON fails every time (a few times only where a failing message is retried for
ever).  Delays between attempts are cut to nothing: their length is tested elsewhere, and nobody
wants to wait for it here.
"""

import dataclasses
import importlib
import json
import os
import sys
import threading
import time
from typing import Any, cast

# A consumer that never gives a message up gets it handled after this many attempts.
GIVES_IN_AFTER = 3

lock = threading.Lock()


class PoisonError(Exception):
    """What the sandbox's poison message makes a handler raise."""


def write(record: str, **fields: Any) -> None:
    line = json.dumps({"at": time.time(), **fields})
    with lock, open(record, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def watched(route: Any, record: str, gives_in: bool) -> Any:
    """The route with a handler that reports."""
    poison = os.environ.get("MQSCAFFOLD_POISON", "").split(",")

    def handle(message: Any) -> None:
        outcome = "handled"
        try:
            if message.key in poison and not (gives_in and message.attempt >= GIVES_IN_AFTER):
                raise PoisonError("this message fails on purpose")
            route.handle(message)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            write(
                record,
                id=message.id,
                type=message.type,
                key=message.key,
                attempt=message.attempt,
                outcome=outcome,
            )

    return route._replace(handle=handle)


def no_delay(attempt: int, chance: float) -> float:
    return 0.0


def gives_in(consumer: Any) -> bool:
    return getattr(consumer, "on_failure", "dead-letter") == "block"


def watch(consumer: Any, record: str) -> Any:
    """The consumer with all of its routes watched."""
    routes = [watched(route, record, gives_in(consumer)) for route in consumer.routes]
    return dataclasses.replace(consumer, routes=routes)


def main(record: str, name: str) -> int:
    runtime: Any = importlib.import_module("messaging.consumer")
    kind = runtime.Consumer
    if not hasattr(runtime, "retry_delay"):
        raise SystemExit("the runtime has no messaging.consumer.retry_delay to shorten")
    runtime.retry_delay = no_delay
    module: Any = importlib.import_module(name)
    found: list[Any] = []
    names = dict(cast("dict[str, Any]", module.__dict__))
    for attribute, value in names.items():
        if isinstance(value, kind):
            setattr(module, attribute, watch(value, record))
            found.append(value)
        elif isinstance(value, dict):
            table = cast("dict[str, Any]", value)
            if table and all(isinstance(one, kind) for one in table.values()):
                setattr(module, attribute, {key: watch(one, record) for key, one in table.items()})
                found += table.values()
    if not found:
        raise SystemExit(f"{name} has no Consumer to watch")
    write(record, started=name, gives_in=[one.name for one in found if gives_in(one)])
    sys.argv = [str(module.__file__), *sys.argv[3:]]
    return int(module.main() or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
