"""Runs a script or a module, and ends with the process that started it.

    python -P child.py SCRIPT ARGS…      python -P child.py -m MODULE ARGS…

Standard input is a pipe whose other end only the parent holds.  However the parent ends, also by
SIGKILL, the pipe closes and this process leaves: no orphans, on any system.  It takes the folder
that they shared, named in MQSCAFFOLD_FOLDER, with it.  The program itself sees an empty standard
input.
"""

import os
import runpy
import shutil
import sys
import threading


def _leave_with(pipe: int, folder: str) -> None:
    while os.read(pipe, 4096):
        pass
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(70)  # no clean-up: whoever could use it is gone


def main() -> None:
    pipe = os.dup(0)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    folder = os.environ.pop("MQSCAFFOLD_FOLDER", "")
    threading.Thread(target=_leave_with, args=(pipe, folder), daemon=True).start()
    if sys.argv[1] == "-m":
        sys.argv = sys.argv[2:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = sys.argv[1:]
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
