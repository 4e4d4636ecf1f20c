"""Measures, prints a table and writes it down for the report page: `python -m bench`. Ratios are to peers of the same run."""

from bench import browser, engine, files, results, training, visitors, why


def main() -> None:
    rows = [*engine.rows(), *why.rows(), *visitors.rows(), *browser.rows(), *files.rows(), *training.rows()]
    results.write("speed", "Speed and memory", "make bench", rows)


if __name__ == "__main__":
    main()
