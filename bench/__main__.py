"""Prints a table: what was measured, its median in milliseconds, and its ratio to a peer or floor of the same run."""

import platform

from bench import browser, engine
from bench.timing import Row


def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}, one thread per run of the network\n")
    rows: list[Row] = [*engine.rows(), *browser.rows()]
    width = max(len(row.what) for row in rows)
    for row in rows:
        print(f"{row.what:<{width}}  {row.milliseconds:8.1f} ms  {row.against}")


if __name__ == "__main__":
    main()
