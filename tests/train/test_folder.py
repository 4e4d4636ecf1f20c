import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from convoscope.card import Card, ModelError, read_card
from convoscope.network import load
from tests.train.tiny import AVERAGE, FLATTEN, source
from train import folder as folders
from train.fit import Fitted, fit
from train.folder import GOLDEN, CheckError, WorseError, check_folding, check_parity, install, training_flops, write_folder
from train.network import multiply_adds
from train.recipes import Phase

FILES = {"model.onnx", "card.json", "golden.npz", "training.jsonl", "evaluation.json", "history"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs") / "tiny"


@pytest.fixture(scope="module")
def fitted(run: Path) -> Fitted:
    return fit(FLATTEN, source(), run, resume=False)


@pytest.fixture(scope="module")
def written(fitted: Fitted, run: Path) -> Path:
    return write_folder(fitted, FLATTEN, source(), run, "MIT")


def rewrite(folder: Path, **changes: object) -> Path:
    content = json.loads((folder / "card.json").read_text()) | changes
    (folder / "card.json").write_text(json.dumps(content))
    return folder


def scored(folder: Path, share: float) -> Path:
    results = json.loads((folder / "card.json").read_text())["results"]
    return rewrite(folder, results=results | {"top1": {"value": share, "low": 0.0, "high": 1.0}})


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- the folder


def test_everything_is_written(written: Path, run: Path) -> None:
    assert written == run / "model"
    assert {path.name for path in written.iterdir()} == FILES
    assert contents(written / "history") == contents(run / "history")
    assert (written / "training.jsonl").read_bytes() == (run / "checkpoint" / "training.jsonl").read_bytes()


def test_the_card_states_what_was_measured_and_on_what(written: Path, fitted: Fitted) -> None:
    card = read_card(written)
    assert (card.name, card.title, card.licence, card.classes) == ("tiny", FLATTEN.title, "MIT", source().classes)
    assert card.preprocessing == FLATTEN.preprocessing
    assert [(layer.name, layer.title) for layer in card.layers] == [
        ("conv1", "Convolution 1"),
        ("conv2", "Convolution 2"),
        ("logits", "Dense"),
    ]
    assert card.results is not None
    assert (card.results.pictures, card.results.measured_on) == (16, "drawings from a seed of their own")
    assert card.calibration is not None
    assert card.calibration.measured_on == "8 training pictures held out"
    assert card.origin is not None
    assert (card.origin.epochs, card.origin.data) == (3, "drawings made by code")
    assert card.origin.seconds == pytest.approx(fitted.seconds, abs=0.06)
    assert card.origin.flops == pytest.approx(6 * load(written).multiply_adds * len(source().train) * 3, rel=0.01)


def test_training_flops_go_with_the_area_of_the_pictures() -> None:
    recipe = replace(FLATTEN, size=64, phases=(Phase(4, 32), Phase(1, 64)))
    assert training_flops(recipe, 10, 7) == 6 * multiply_adds(recipe, 7) * 10 * 2


def test_a_teachers_training_and_its_answers_cost_too() -> None:
    teacher = replace(FLATTEN, stack=AVERAGE.stack, phases=(Phase(2, 16),))
    alone = training_flops(FLATTEN, 10, 7) + training_flops(teacher, 10, 7)
    answers = 2 * multiply_adds(teacher, 7) * 10 * FLATTEN.epochs
    assert training_flops(replace(FLATTEN, teacher=teacher), 10, 7) == alone + answers


def test_accuracy_is_that_of_the_plain_network_on_the_test_pictures(written: Path, fitted: Fitted) -> None:
    test = source().test
    tensors = (test.pictures.float() / 255 - FLATTEN.mean[0]) / FLATTEN.std[0]
    with torch.no_grad():
        right = (fitted.network.plain()(tensors).argmax(1) == test.labels).float().mean().item()
    results = read_card(written).results
    assert results is not None
    assert results.top1.value == pytest.approx(right, abs=1e-4)


def test_golden_activations_are_pytorchs_on_the_first_test_pictures(written: Path, fitted: Fitted) -> None:
    with np.load(written / "golden.npz", allow_pickle=False) as golden:
        pixels = source().test.pictures[:GOLDEN]
        np.testing.assert_array_equal(golden["pixels"], pixels.permute(0, 2, 3, 1).numpy())
        values = (pixels.float() / 255 - FLATTEN.mean[0]) / FLATTEN.std[0]
        for name, step in fitted.network.plain().named_children():
            with torch.no_grad():
                values = step(values)
            np.testing.assert_allclose(golden[name], values.numpy(), rtol=1e-5, atol=1e-5)


def test_snapshots_fit_the_graph(written: Path) -> None:
    graph = load(written).model.graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer if tensor.name.startswith(("conv", "logits"))}
    for path in (written / "history").iterdir():
        with np.load(path, allow_pickle=False) as kept:
            assert {name: kept[name].shape for name in kept} == shapes


# ---- checks


def test_folding_is_checked(fitted: Fitted) -> None:
    pictures = torch.randn(4, 1, 16, 16)
    plain = fitted.network.plain()
    check_folding(fitted.network, plain, pictures)
    with torch.no_grad():
        plain.logits.bias[2] += 0.1
    with pytest.raises(CheckError, match=r"^Folding batch normalisation changed the logits by .* of the largest\.$"):
        check_folding(fitted.network, plain, pictures)


def test_a_network_of_nan_is_noticed(fitted: Fitted) -> None:
    plain = fitted.network.plain()
    with torch.no_grad():
        plain.conv1.bias[0] = torch.nan
    with pytest.raises(CheckError, match="by nan of the largest"):
        check_folding(fitted.network, plain, torch.randn(4, 1, 16, 16))


@pytest.mark.parametrize("name", ["conv1", "relu1", "pool2", "features", "logits"])
def test_parity_is_checked_on_every_tensor(written: Path, name: str, tmp_path: Path) -> None:
    with np.load(written / "golden.npz", allow_pickle=False) as kept:
        golden = dict(kept)
    check_parity(load(written), written / "golden.npz")
    golden[name][-1].flat[0] += 1e-3 * np.abs(golden[name][-1]).max()
    np.savez(tmp_path / "golden.npz", **golden)
    with pytest.raises(CheckError, match=rf"^{name} differs from PyTorch's by 1\.0e-03 of its largest value\.$"):
        check_parity(load(written), tmp_path / "golden.npz")


def test_a_spoiled_export_does_not_become_a_folder(
    fitted: Fitted, run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(run / "history", tmp_path / "history")

    def spoil(plain: torch.nn.Sequential, recipe: object, path: Path) -> object:
        with torch.no_grad():
            plain.conv2.bias[0] += 0.01
        model = export(plain, recipe, path)
        with torch.no_grad():
            plain.conv2.bias[0] -= 0.01
        return model

    export = folders.export
    monkeypatch.setattr(folders, "export", spoil)
    with pytest.raises(CheckError, match="conv2 differs from PyTorch's"):
        write_folder(fitted, FLATTEN, source(), tmp_path, None)


# ---- installing


@pytest.fixture
def fresh(written: Path, tmp_path: Path) -> Path:
    return scored(shutil.copytree(written, tmp_path / "fresh"), 0.8)


@pytest.fixture
def out(written: Path, tmp_path: Path) -> Path:
    return scored(shutil.copytree(written, tmp_path / "models" / "net"), 0.8)


def assert_installed(fresh: Path, out: Path) -> None:
    assert contents(out) == contents(fresh)
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_an_empty_place_is_taken(fresh: Path, tmp_path: Path) -> None:
    out = tmp_path / "models" / "new"
    install(fresh, out, replace=False)
    assert_installed(fresh, out)


def test_a_worse_network_is_replaced(fresh: Path, out: Path) -> None:
    scored(out, 0.79)
    (out / "left over").touch()
    install(fresh, out, replace=False)
    assert_installed(fresh, out)


@pytest.mark.parametrize("share", [0.8, 0.81])
def test_a_better_or_equal_network_stays(fresh: Path, out: Path, share: float) -> None:
    before = contents(scored(out, share))
    with pytest.raises(WorseError) as refusal:
        install(fresh, out, replace=False)
    assert str(refusal.value) == (
        f"{out} is right on {share:.1%} of its pictures, the new network on 80.0%; --replace puts it in its place all the same."
    )
    assert contents(out) == before


def test_a_network_for_other_classes_stays(fresh: Path, out: Path) -> None:
    before = contents(rewrite(scored(out, 0.1), classes=["a", "b", "c", "d", "e", "f", "g"]))
    with pytest.raises(WorseError) as refusal:
        install(fresh, out, replace=False)
    assert str(refusal.value) == f"{out} is a network for other classes; --replace puts the new one in its place."
    assert contents(out) == before


@pytest.mark.parametrize("share", [0.1, 0.99])
def test_told_to_replace_it_replaces(fresh: Path, out: Path, share: float) -> None:
    scored(out, share)
    install(fresh, out, replace=True)
    assert_installed(fresh, out)


def test_what_was_never_measured_is_replaced(fresh: Path, out: Path) -> None:
    rewrite(out, results=None)
    install(fresh, out, replace=False)
    assert_installed(fresh, out)


def test_a_broken_folder_is_replaced(fresh: Path, out: Path) -> None:
    (out / "model.onnx").write_bytes(b"broken")
    install(fresh, out, replace=False)
    assert_installed(fresh, out)


def fail_halfway(source: Path, target: Path) -> None:
    target.mkdir()
    shutil.copy(source / "card.json", target)
    raise OSError("No space left on device")


def test_a_copy_that_fails_leaves_all_as_it_was(fresh: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(out)
    monkeypatch.setattr(folders.shutil, "copytree", fail_halfway)
    with pytest.raises(OSError, match="No space left"):
        install(fresh, out, replace=True)
    assert contents(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["net"]


def test_a_copy_that_fails_leaves_nothing_in_an_empty_place(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders.shutil, "copytree", fail_halfway)
    with pytest.raises(OSError, match="No space left"):
        install(fresh, tmp_path / "models" / "new", replace=False)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_move_that_fails_puts_the_old_network_back(fresh: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(out)
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name == ".net.new":
            raise PermissionError("not now")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(PermissionError):
        install(fresh, out, replace=True)
    assert contents(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["net"]


def test_what_an_earlier_failure_left_is_cleared(fresh: Path, out: Path) -> None:
    (out.parent / ".net.new").mkdir()
    (out.parent / ".net.old").mkdir()
    install(fresh, out, replace=True)
    assert_installed(fresh, out)


def test_a_network_that_was_being_replaced_when_it_was_killed_is_still_the_one_to_beat(fresh: Path, out: Path) -> None:
    scored(out, 0.99)
    before = contents(out)
    out.rename(out.parent / ".net.old")
    with pytest.raises(WorseError):
        install(fresh, out, replace=False)
    assert contents(out) == before


# ---- the real thing


def test_the_shapes_network_learns_its_shapes(shapes_folder: Path) -> None:
    card = read_card(shapes_folder)
    assert card.results is not None
    assert card.results.pictures == 2000
    assert card.results.top1.value >= 0.99
    assert card.calibration is not None
    assert card.calibration.ece_after <= 0.02


def test_the_shapes_folder_is_complete(shapes_folder: Path) -> None:
    assert {path.name for path in shapes_folder.iterdir()} == FILES
    steps = {0, 10, 39, 151, 587, 2280}
    assert {path.name for path in (shapes_folder / "history").iterdir()} == {f"{step}.npz" for step in steps}
    lines = [json.loads(line) for line in (shapes_folder / "training.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 13))
    assert lines[-1]["accuracy"] >= 0.99


def test_the_shapes_folder_is_like_the_shipped_one(shapes_folder: Path) -> None:
    """Everything but the weights and what was measured."""
    shipped = read_card(Path(__file__).parents[2] / "models" / "shapes")
    same = {"name", "title", "description", "preprocessing", "classes", "layers", "licence"}
    assert part(read_card(shapes_folder), same) == part(shipped, same)
    assert load(shapes_folder).layers == load(Path(__file__).parents[2] / "models" / "shapes").layers


def part(card: Card, fields: set[str]) -> dict[str, object]:
    return card.model_dump(include=fields)


def test_a_folder_is_tied_to_its_graph(shapes_folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(shapes_folder, tmp_path / "copy")
    (copy / "model.onnx").write_bytes((copy / "model.onnx").read_bytes() + b"\0")
    with pytest.raises(ModelError, match="sha256"):
        load(copy)
