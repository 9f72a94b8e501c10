"""A consumer as a process: signals, health, JSON logs, exit codes."""

import json
import logging
import os
import signal
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from messaging.consumer import Consumer, Queue, Worker, describe, log
from messaging.message import StartError


class Stop:
    """Turns true at the first SIGTERM or SIGINT; a second one ends the process at once."""

    def __init__(self) -> None:
        self._asked = False
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):  # the last is Windows' Ctrl+Break
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._ask)

    def __call__(self) -> bool:
        return self._asked

    def _ask(self, number: int, _: object) -> None:
        self._asked = True
        signal.signal(number, signal.SIG_DFL)


class JsonLines(logging.Formatter):
    """One JSON object a line. Of an exception only its type, unless MESSAGING_LOG_ERRORS=text."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname, "logger": record.name}
        line |= {"message": record.getMessage(), **getattr(record, "fields", {})}
        if record.exc_info and record.exc_info[1]:
            line |= describe(record.exc_info[1])
        return json.dumps(line, default=str)


def health(worker: Worker, host: str, port: int) -> ThreadingHTTPServer:
    """Answers GET /live and /ready with 200 or 503 and nothing else."""
    checks = {"/live": worker.alive, "/ready": worker.ready}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            check = checks.get(self.path)
            self.send_response_only(404 if check is None else 200 if check() else 503)
            self.end_headers()

    server = ThreadingHTTPServer((host, port), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def run(consumer: Consumer, queue: Queue) -> int:
    """Runs a consumer until SIGTERM or SIGINT. Returns the exit code: 1 if it cannot work."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    stop, fields = Stop(), {"consumer": consumer.name}
    try:
        queue.open(consumer.concurrency)
        if consumer.sends_to:
            consumer.sends_to.destination.open()
        worker = Worker(consumer, queue)
        if port := os.environ.get("MESSAGING_HEALTH_PORT"):
            health(worker, os.environ.get("MESSAGING_HEALTH_HOST", "127.0.0.1"), int(port))
        log.info("started", extra={"fields": fields | {"queue": queue.name}})
        worker.run(stop)
        log.info("stopped", extra={"fields": fields})
        return 0
    except StartError as error:
        log.error("cannot work", extra={"fields": fields | {"reason": str(error)}})
        return 1
