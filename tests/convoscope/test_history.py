import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from convoscope.card import ModelError
from convoscope.history import LOG, MOMENTS, Epoch, open_history, read_log, write_log
from convoscope.network import load, open_session
from tests import shipped
from tests.examples import examples
from tests.graphs import noise

SHAPES = Path(__file__).parents[2] / "models" / "shapes"

EPOCHS = (
    Epoch(epoch=1, step=190, size=48, loss=4.6, accuracy=0.13, rate=0.05, seconds=156.3),
    Epoch(epoch=2, step=380, size=48, loss=4.0, accuracy=0.14, rate=0.1, seconds=189.1),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_log(tmp_path / LOG, EPOCHS)
    assert read_log(tmp_path / LOG) == EPOCHS


def test_no_file_is_no_epoch(tmp_path: Path) -> None:
    assert read_log(tmp_path / LOG) == ()


@pytest.mark.parametrize(
    "written",
    [
        "{",
        '{"epoch": 1}',
        "[1]",
        EPOCHS[0].model_dump_json().replace("4.6", '"low"'),
        EPOCHS[0].model_dump_json().replace("0.13", "2"),
    ],
    ids=["no JSON", "a field missing", "no object", "no number", "no share"],
)
def test_a_damaged_file_is_named(tmp_path: Path, written: str) -> None:
    (tmp_path / LOG).write_text(written)
    with pytest.raises(ModelError, match=f"^{tmp_path.name}/{LOG} is damaged, so the training cannot be shown.$"):
        read_log(tmp_path / LOG)


def test_a_moment_computes_what_a_graph_with_its_weights_computes() -> None:
    network, batch = load(SHAPES), noise((4, 1, 32, 32))
    history = open_history(SHAPES, network)
    assert history
    assert history.steps == tuple(sorted(int(path.stem) for path in (SHAPES / MOMENTS).iterdir()))
    for step in history.steps[:-1]:
        model = onnx.load(SHAPES / "model.onnx")
        with np.load(SHAPES / MOMENTS / f"{step}.npz") as kept:
            for tensor in model.graph.initializer:
                if tensor.name in kept:
                    tensor.CopyFrom(numpy_helper.from_array(kept[tensor.name].astype(np.float32), tensor.name))
        (expected,) = open_session(model, 1).run(["logits"], {"input": batch})
        np.testing.assert_allclose(history.at(step).logits(batch), expected, rtol=1e-4, atol=1e-5)


def test_the_last_moment_is_the_network() -> None:
    network = load(SHAPES)
    history = open_history(SHAPES, network)
    assert history
    assert history.at(history.steps[-1]) is network
    assert history.at(0).key != network.key


def test_a_last_moment_that_the_network_went_on_from_is_its_own(tmp_path: Path) -> None:
    network = load(SHAPES)
    (tmp_path / MOMENTS).mkdir()
    shutil.copy(SHAPES / MOMENTS / "0.npz", tmp_path / MOMENTS)
    history = open_history(tmp_path, network)
    assert history
    assert history.at(0).key != network.key


def test_without_moments_there_is_no_history(tmp_path: Path) -> None:
    assert open_history(tmp_path, load(SHAPES)) is None


@examples(60)
@given(st.integers(0, (SHAPES / MOMENTS / "10.npz").stat().st_size - 1), st.integers(1, 255))
def test_whatever_byte_is_damaged_the_moment_is_shown_or_named(at: int, change: int) -> None:
    data = bytearray((SHAPES / MOMENTS / "10.npz").read_bytes())
    data[at] ^= change
    with TemporaryDirectory() as folder:
        (Path(folder) / MOMENTS).mkdir()
        (Path(folder) / MOMENTS / "10.npz").write_bytes(data)
        history = open_history(Path(folder), shipped.network("shapes"))
        assert history
        with suppress(ModelError):
            assert history.at(10)


def test_a_moment_that_is_damaged_or_of_another_graph_is_named(tmp_path: Path) -> None:
    folder = shutil.copytree(SHAPES, tmp_path / "shapes")
    (folder / MOMENTS / "0.npz").write_bytes((folder / MOMENTS / "0.npz").read_bytes()[:100])
    with np.load(folder / MOMENTS / "10.npz") as kept:
        np.savez(folder / MOMENTS / "10.npz", **{name: kept[name] for name in kept if name != "conv1.bias"})
    history = open_history(folder, load(folder))
    assert history
    for step, sentence in ((0, "is damaged"), (10, "does not fit the graph")):
        with pytest.raises(ModelError, match=f"^shapes/history/{step}.npz {sentence}, so this moment cannot be shown.$"):
            history.at(step)
