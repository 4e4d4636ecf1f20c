"""What `make bench` and `make bench-load` measured, as they wrote it down: figures with units, ratios, machine and date."""

from pathlib import Path

from pydantic import ValidationError

from convoscope.card import ModelError, Part


class Row(Part):
    """One figure. against: its ratio to a peer or floor of the same run, or an aim, in words; may be empty."""

    what: str
    value: float
    unit: str
    against: str = ""

    @property
    def text(self) -> str:
        """'2.2 ms'."""
        digits = 0 if abs(self.value) >= 100 or self.value == round(self.value) else 1
        return f"{self.value:,.{digits}f} {self.unit}".replace("-", "−")


class Benchmark(Part):
    """command: what repeats it. date: ISO 8601."""

    title: str
    command: str
    date: str
    machine: str
    rows: tuple[Row, ...]


def write_benchmark(path: Path, benchmark: Benchmark) -> None:
    path.write_text(benchmark.model_dump_json(indent=1) + "\n")


def read_benchmarks(folder: Path) -> tuple[Benchmark, ...]:
    """Every `*.json` of the folder, by name. Raises ModelError if one is damaged."""
    try:
        return tuple(Benchmark.model_validate_json(path.read_bytes()) for path in sorted(folder.glob("*.json")))
    except (OSError, ValidationError) as failure:
        raise ModelError(f"{folder.name}/ holds a file that is no benchmark, so speed cannot be shown.") from failure
