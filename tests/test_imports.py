"""Imports go one way, pages → ui → convoscope ← train, and each package knows only what it must."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ENGINE = {"numpy", "PIL", "onnx", "onnxruntime", "pydantic", "google", "pillow_heif"}  # google: google.protobuf alone
FORBIDDEN = {
    "convoscope": {"ui", "pages", "train", "streamlit", "torch", "streamlit_app"},
    "ui": {"pages", "train", "torch", "streamlit_app"},
    "pages": {"train", "torch", "streamlit_app"},
    "train": {"ui", "pages", "streamlit", "streamlit_app"},
}
PLACES = {  # where each kind of state is touched, and nowhere else
    "session_state": {"ui/state.py", "ui/own_photos.py", "ui/offers.py", "ui/server.py", "ui/undisturbed.py"},
    "cache_resource": set[str](),
    "cache_data": set[str](),
}


def sources(package: str) -> list[Path]:
    found = sorted((REPOSITORY / package).rglob("*.py"))
    assert found
    return found + ([REPOSITORY / "streamlit_app.py"] if package == "pages" else [])


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, by its full name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            yield node.module


def files(*packages: str) -> list[Path]:
    return [path for package in packages for path in sources(package)]


def name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_go_one_way(package: str) -> None:
    found = {(name(path), module) for path in sources(package) for module in imported(path)}
    assert not {(path, module) for path, module in found if module.split(".")[0] in FORBIDDEN[package]}


def test_the_engine_knows_few_others() -> None:
    known = sys.stdlib_module_names | ENGINE | {"convoscope"}
    found = {(name(path), module) for path in sources("convoscope") for module in imported(path)}
    assert not {(path, module) for path, module in found if module.split(".")[0] not in known}
    assert not {module for _, module in found if module.startswith("google") and not module.startswith("google.protobuf")}


@pytest.mark.parametrize("path", files("convoscope", "ui", "pages", "train"), ids=name)
def test_nothing_imports_what_only_lends_its_photos(path: Path) -> None:
    assert not {module for module in imported(path) if module.split(".")[0] == "skimage"}


@pytest.mark.parametrize("path", files("ui", "pages"), ids=name)
def test_session_and_caches_are_touched_in_their_places(path: Path) -> None:
    touched = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert touched & PLACES.keys() == {kind for kind, places in PLACES.items() if name(path) in places}


@pytest.mark.parametrize("path", files("ui", "pages"), ids=name)
def test_streamlits_state_is_not_imported_by_name(path: Path) -> None:
    """So that the test above sees every use of it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("streamlit"):
            assert not PLACES.keys() & {each.name for each in node.names}


def test_the_whole_engine_runs_without_pytorch_and_streamlit() -> None:
    program = (
        "import convoscope, importlib, pkgutil, sys\n"
        "for module in pkgutil.walk_packages(convoscope.__path__, 'convoscope.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=True
    )
    loaded = set(ended.stdout.split())
    assert {"convoscope", "onnxruntime"} <= loaded
    assert not loaded & {"torch", "streamlit", "train", "ui", "skimage", "datasets"}
