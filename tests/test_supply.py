"""The lock of the hosted app: whole, hashed, free of index addresses, and its licences listed."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.txt").read_text()
PINS = re.compile(r"^([a-z0-9.-]+)==([^\s;]+)", re.MULTILINE)


def test_every_direct_pin_is_locked_at_its_version() -> None:
    direct = set(PINS.findall((ROOT / "requirements.in").read_text()))
    assert {"streamlit", "onnxruntime", "pillow"} <= {name for name, _ in direct}
    assert direct <= set(PINS.findall(LOCK))


def test_every_locked_package_has_hashes_and_no_index_is_named() -> None:
    entries = [entry for entry in re.split(r"\n(?=\S)", LOCK) if not entry.startswith("#")]
    assert len(entries) == len(PINS.findall(LOCK))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCK
    assert "--index" not in LOCK


def test_every_locked_package_has_a_known_licence_in_the_list() -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in (ROOT / "docs/licences.md").read_text().splitlines()]
    licences = {name.lower().replace("_", "-"): licence for name, licence, _ in rows}
    locked = {name for name, _ in PINS.findall(LOCK)}
    assert {name for name in locked if licences.get(name, "UNKNOWN") == "UNKNOWN"} == set()
