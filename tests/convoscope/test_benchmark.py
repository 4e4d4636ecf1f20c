from pathlib import Path

import pytest

from convoscope.benchmark import Benchmark, Row, read_benchmarks, write_benchmark
from convoscope.card import ModelError

ROWS = (Row(what="trace", value=2.23, unit="ms", against="1.2 × a floor"), Row(what="memory", value=1234.5, unit="MiB"))
BENCHMARK = Benchmark(title="Speed", command="make bench", date="2026-01-02", machine="two cores", rows=ROWS)


def test_what_is_written_is_read_in_the_order_of_the_names(tmp_path: Path) -> None:
    write_benchmark(tmp_path / "b.json", BENCHMARK)
    write_benchmark(tmp_path / "a.json", BENCHMARK.model_copy(update={"title": "Load"}))
    assert [each.title for each in read_benchmarks(tmp_path)] == ["Load", "Speed"]
    assert read_benchmarks(tmp_path)[1] == BENCHMARK


@pytest.mark.parametrize(("value", "text"), [(2.23, "2.2 ms"), (3, "3 ms"), (123.4, "123 ms"), (1234.5, "1,234 ms")])
def test_a_figure_is_printed_with_as_many_digits_as_it_deserves(value: float, text: str) -> None:
    assert Row(what="", value=value, unit="ms").text == text


def test_no_folder_is_no_benchmark_and_a_damaged_file_is_said(tmp_path: Path) -> None:
    assert read_benchmarks(tmp_path / "none") == ()
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ModelError, match="holds a file that is no benchmark"):
        read_benchmarks(tmp_path)
