# pyright: reportUnknownMemberType=false
# grpc has no usable types; every value that leaves this file has one.
"""Runs an unmodified Pulumi Python program: preview, or create what it registers.

The program runs in its own process and in its project's own environment; we serve Pulumi's own
interfaces to it (`monitor`) and are a client of resource providers (`provider_client`).  This is
not a second Pulumi: no aliases, refresh, import of whole stacks or replacement; those are the real
command's.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2_grpc

from mqscaffold.sandbox.deployment import Deployment, DeploymentError
from mqscaffold.sandbox.monitor import Monitor, StackSettings
from mqscaffold.sandbox.process import CHILDREN, Family
from mqscaffold.sandbox.provider_client import ProviderFactory

__all__ = ["StackSettings", "run"]

# A message to a program may hold a whole state; Pulumi allows 400 MB.
_OPTIONS = [(f"grpc.max_{way}_message_length", 400 << 20) for way in ("receive", "send")]


def run(
    program: Path,
    *,
    settings: StackSettings,
    providers: Mapping[str, ProviderFactory],
    preview: bool = False,
    python: str = sys.executable,
    env: Mapping[str, str] | None = None,
    timeout: float = 300,
) -> Deployment:
    """Runs one Pulumi program and gives back what it registered.

    Args:
        program: the program's file, such as `infra/__main__.py`.
        settings: project, stack, configuration, other stacks' outputs.
        providers: by package name (`aws`), what makes one unconfigured provider.
        preview: change nothing; what is made later is unknown to the program.
        python: the interpreter of the project's environment (with pulumi and its SDKs).
        env: the program's whole environment; None passes this process's own.
        timeout: seconds after which the program is ended.
    Raises:
        DeploymentError: the program or a provider failed; `partial` says what was made.
    """
    started = time.perf_counter()
    monitor = Monitor(settings, providers, preview)
    server = grpc.server(ThreadPoolExecutor(32), options=_OPTIONS)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(monitor, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        code = _run_program(program, monitor, f"127.0.0.1:{port}", python, env, timeout)
    finally:
        server.stop(0).wait()
    deployment = Deployment(
        settings.project,
        settings.stack,
        preview,
        dict(monitor.resources),
        dict(monitor.outputs),
        tuple(monitor.logs),
        time.perf_counter() - started,
    )
    if monitor.errors or code:
        raise DeploymentError(tuple(dict.fromkeys(_reasons(monitor, code))), deployment)
    return deployment


def _reasons(monitor: Monitor, code: int) -> list[str]:
    if monitor.errors:
        return monitor.errors
    reported = [log.text for log in monitor.logs if log.severity == "error"]
    return reported or [f"the program ended with exit code {code} and said nothing"]


def _run_program(
    program: Path,
    monitor: Monitor,
    address: str,
    python: str,
    env: Mapping[str, str] | None,
    timeout: float,
) -> int:
    config = {
        "PULUMI_CONFIG": json.dumps(dict(monitor.settings.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(sorted(monitor.settings.secret_keys)),
    }
    command = [
        str(CHILDREN / "language_host.py"),
        address,
        monitor.settings.project,
        monitor.settings.stack,
        str(monitor.preview).lower(),
        str(program),
    ]
    with Family(env) as family:
        child = family.start("program", python, command, env=config, cwd=program.parent)
        code = child.wait(timeout)
        said = child.output()
    if code is None:
        monitor.errors.append(f"the program did not end within {timeout:.0f} s")
        return 1
    if code == 0 or monitor.errors or any(log.severity == "error" for log in monitor.logs):
        for line in said.splitlines():
            monitor.log("info", line)
    elif said.strip():
        monitor.log("error", said.strip().splitlines()[-1])
    return code
