"""What was measured → `bench/results/<name>.json`, which the report page and the README show; and a table on the screen."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from convoscope.benchmark import Benchmark, Row, write_benchmark

FOLDER = Path(__file__).parent / "results"


def write(name: str, title: str, command: str, rows: Sequence[Row]) -> None:
    width = max(len(row.what) for row in rows)
    for row in rows:
        print(f"{row.what:<{width}}  {row.text:>12}  {row.against}")
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    today = datetime.now(UTC).date().isoformat()
    benchmark = Benchmark(title=title, command=command, date=today, machine=machine, rows=tuple(rows))
    write_benchmark(FOLDER / f"{name}.json", benchmark)
