"""Many projects in one process: milliseconds each, and whether memory stays flat.

Run by `python -m benchmarks` as a program of its own: `bulk.py COUNT`. Prints one JSON object.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path


def resident_mib() -> float:
    """Memory of this process now, where the system says it; else its peak."""
    try:
        import os

        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        import resource

        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main(count: int) -> None:
    """Make the projects, each with a name of its own, and remove each when it is written."""
    from mqscaffold import Request, new, write_tree
    from mqscaffold.catalog.load import load

    catalog = load()
    rendering: list[float] = []
    writing: list[float] = []
    memory: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            target = Path(folder, f"orders-{number}")
            started = time.perf_counter()
            request = Request(name=target.name, pattern="fanout", service="sns-sqs")
            rendered = new(request, catalog)
            middle = time.perf_counter()
            write_tree(target, rendered.files)
            ended = time.perf_counter()
            rendering.append(middle - started)
            writing.append(ended - middle)
            shutil.rmtree(target)
            if number in {count // 10, count - 1}:
                memory.append(resident_mib())
    result = {
        "files": len(rendered.files),
        "render_ms": 1000 * sum(rendering) / count,
        "write_ms": 1000 * sum(writing) / count,
        "first_ms": 1000 * (rendering[0] + writing[0]),
        "mib_at_a_tenth": memory[0],
        "mib_at_the_end": memory[-1],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]))
