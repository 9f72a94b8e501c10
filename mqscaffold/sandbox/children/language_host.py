"""Runs one unmodified Pulumi program against an engine; started by `engine.run`.

    language_host.py ENGINE_ADDRESS PROJECT STACK true|false PROGRAM

It runs in the project's own environment, so it may import pulumi and nothing of ours.  The
configuration comes in PULUMI_CONFIG and PULUMI_CONFIG_SECRET_KEYS, as Pulumi's own engine passes
it.  Exit code: 0 done, 1 an error that Pulumi reported, 32 an error in the program.
"""

import asyncio
import os
import runpy
import sys
import traceback

import pulumi
from pulumi import runtime


def blame(error: BaseException, folder: str) -> str:
    """The error on one line, with the innermost line of the program that led to it."""
    text = " ".join(str(error).split())
    named = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{os.path.relpath(error.filename, folder)}:{error.lineno}: {named}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = os.path.abspath(frame.filename)
        if path.startswith(folder + os.sep) and "site-packages" not in path:
            return f"{os.path.relpath(path, folder)}:{frame.lineno}: {named}"
    return named


def main(address: str, project: str, stack: str, preview: str, program: str) -> int:
    program = os.path.abspath(program)
    folder = os.path.dirname(program)
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.argv = [program]
    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    runtime.configure(
        runtime.Settings(
            monitor=address,
            engine=address,
            project=project,
            stack=stack,
            parallel=16,
            dry_run=preview == "true",
            organization="organization",
            root_directory=folder,
        )
    )

    def run_program() -> None:
        runpy.run_path(program, run_name="__main__")

    try:
        loop.run_until_complete(runtime.run_in_stack(run_program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except BaseException as error:  # SystemExit of a program is a failure too
        pulumi.log.debug(traceback.format_exc())
        pulumi.log.error(blame(error, folder))
        return 32
    return 0


if __name__ == "__main__":
    code = main(*sys.argv[1:6])
    sys.stdout.flush()
    sys.stderr.flush()
    # Leave at once: an interrupted registration would keep its thread for the length of a call.
    os._exit(code)
