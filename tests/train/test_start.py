import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from convoscope.card import ModelError, read_card
from convoscope.history import read_log
from tests.train.folders import class_folders
from tests.train.tiny import AVERAGE, FLATTEN, source
from train.__main__ import main
from train.augmentation import Augmentation
from train.fit import fit
from train.folder import write_folder
from train.network import TrainingNetwork
from train.recipes import GPU_RECIPES, RECIPES, Phase
from train.start import Start, StartError, going_on, read_start, recipe_of

FURTHER_ON = dataclasses.replace(FLATTEN, phases=(Phase(2, 16),), muon_rate=0.01, sgd_rate=0.02)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of three epochs."""
    run = tmp_path_factory.mktemp("runs") / "before"
    return write_folder(fit(FLATTEN, source(), run, resume=False), FLATTEN, source(), run, None)


@pytest.fixture
def start(folder: Path) -> Start:
    return read_start(folder)


def begun(start: Start, classes: tuple[str, ...]) -> tuple[TrainingNetwork, torch.Tensor]:
    network = TrainingNetwork(FLATTEN, len(classes))
    pictures = Augmentation(FLATTEN, torch.device("cpu")).normalise(source().train.pictures, 16)
    network.begin_with(start, classes, pictures)
    return network.eval(), pictures


def test_a_network_that_begins_with_another_computes_the_same(start: Start) -> None:
    network, pictures = begun(start, source().classes)
    with torch.no_grad():
        found, plain = network(pictures), network.plain()
        for name, value in plain.state_dict().items():
            torch.testing.assert_close(value, start.weights[name], rtol=1e-3, atol=1e-4)
        plain.load_state_dict({name: start.weights[name] for name in plain.state_dict()})
        torch.testing.assert_close(found, plain(pictures), rtol=1e-3, atol=1e-3)


def test_statistics_of_a_batch_change_little_of_it(start: Start) -> None:
    """The first step of training normalises by the batch."""
    network, pictures = begun(start, source().classes)
    with torch.no_grad():
        still = network(pictures).argmax(1)
        moving = network.train()(pictures).argmax(1)
    assert (still == moving).float().mean() > 0.7


def test_other_classes_get_a_dense_layer_of_their_own(start: Start) -> None:
    classes = ("one", "other")
    network, _ = begun(start, classes)
    assert network.plain().state_dict()["logits.weight"].shape[0] == 2
    torch.testing.assert_close(network.plain().state_dict()["conv2.weight"], start.weights["conv2.weight"], rtol=1e-3, atol=1e-4)
    assert start.past(classes) == ()


def test_another_stack_is_refused(start: Start) -> None:
    with pytest.raises(StartError, match=r"before/model is another stack of convolutions than the recipe's\.$"):
        TrainingNetwork(AVERAGE, 7).begin_with(start, source().classes, torch.zeros(2, 3, 16, 16))


def test_log_history_and_origin_go_on(start: Start, folder: Path, tmp_path: Path) -> None:
    before, run = read_log(folder / "training.jsonl"), tmp_path / "after"
    fitted = fit(FURTHER_ON, source(), run, resume=False, start=start)
    steps = before[0].step
    assert fitted.logs[:3] == before
    assert [(log.epoch, log.step) for log in fitted.logs[3:]] == [(4, 4 * steps), (5, 5 * steps)]
    assert max(log.rate for log in fitted.logs[3:]) <= FURTHER_ON.muon_rate
    assert fitted.logs[-1].loss < before[0].loss
    moments = {int(path.stem) for path in (run / "history").iterdir()}
    assert moments == {int(path.stem) for path in (folder / "history").iterdir()} | {5 * steps}

    resumed = fit(FURTHER_ON, source(), run, resume=True, start=start)
    assert [log.loss for log in resumed.logs] == [log.loss for log in fitted.logs]
    after = read_card(write_folder(resumed, FURTHER_ON, source(), run, None)).origin
    origin = start.card.origin
    assert after
    assert origin
    assert (after.epochs, after.seconds) == (5, pytest.approx(fitted.seconds, abs=0.1))
    assert after.recipe.startswith(f"{origin.recipe}; then 2 epochs at 16 × 16")
    assert after.flops == pytest.approx(origin.flops * 5 / 3, rel=0.01)


def test_a_start_of_unknown_training(start: Start, tmp_path: Path) -> None:
    bare = dataclasses.replace(start, card=start.card.model_copy(update={"origin": None}), folder=tmp_path)
    run = tmp_path / "after"
    fitted = fit(FURTHER_ON, source(), run, resume=False, start=bare)
    assert [log.epoch for log in fitted.logs] == [1, 2]
    assert {"0.npz"} < {path.name for path in (run / "history").iterdir()}
    with np.load(run / "history" / "0.npz", allow_pickle=False) as kept:
        assert (
            np.abs(kept["conv1.weight"] - start.weights["conv1.weight"].numpy()).max() < 0.5 * np.abs(kept["conv1.weight"]).max()
        )
    origin = read_card(write_folder(fitted, FURTHER_ON, source(), run, None)).origin
    assert origin
    assert origin.recipe.startswith("Begun with before (of unknown training); then")


def test_a_shipped_network_learns_other_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = Path(__file__).parents[2] / "models" / "photo"
    monkeypatch.chdir(tmp_path)
    where = class_folders(tmp_path / "colours", {"red": 8, "green": 8})
    out = tmp_path / "colours-network"
    assert main(["photo", "--data", str(where), "--start", str(photo), "--epochs", "1", "--out", str(out)]) == 0
    card = read_card(out)
    assert card.classes == ("green", "red")
    assert card.origin
    assert card.origin.recipe.startswith("Begun with photo (")


def test_what_is_no_network_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shapes", "--start", str(tmp_path), "--drawings", "20", "--runs", str(tmp_path / "runs")]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_damaged_log_is_told(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "model")
    (copy / "training.jsonl").write_text("{")
    with pytest.raises(ModelError, match="the training cannot be shown"):
        fit(FURTHER_ON, source(), tmp_path / "run", resume=False, start=read_start(copy))


@pytest.mark.parametrize("name", RECIPES)
def test_a_start_has_recipes_of_its_own(name: str, start: Start) -> None:
    recipe, classes = RECIPES[name], start.card.classes
    further, transfer = going_on(recipe, classes, start), going_on(recipe, ("cat", "dog"), start)
    assert recipe_of(name, False, start) is recipe
    assert going_on(recipe, classes, None) is recipe
    for other in (further, transfer):
        assert (other.stack, other.preprocessing, other.stored) == (recipe.stack, recipe.preprocessing, recipe.stored)
        assert other.muon_rate < recipe.muon_rate / 2
        assert other.sgd_rate < recipe.sgd_rate / 2
    assert further.epochs < recipe.epochs
    assert transfer.batch < recipe.batch


@pytest.mark.parametrize("name", GPU_RECIPES)
def test_what_a_large_recipe_trained_goes_on_with_it(name: str, start: Start) -> None:
    large = recipe_of(name, True, None)
    assert large is GPU_RECIPES[name]
    weights = {f"conv{n}.weight": torch.zeros(outputs, 1, 3, 3) for n, (outputs, _) in enumerate(large.stack.layers, start=1)}
    start = dataclasses.replace(start, weights=weights)
    assert recipe_of(name, False, start) is large
    further = going_on(large, start.card.classes, start)
    assert (further.stack, further.teacher) == (large.stack, None)
