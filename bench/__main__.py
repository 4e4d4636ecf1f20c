"""Measures, prints a table and writes it down for the report page: `python -m bench`. Ratios are to peers of the same run."""

from bench import browser, engine, files, results, visitors


def main() -> None:
    results.write("speed", "Speed and memory", "make bench", [*engine.rows(), *visitors.rows(), *browser.rows(), *files.rows()])


if __name__ == "__main__":
    main()
