import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from convoscope.prepare import normalise
from tests.train.tiny import AVERAGE, FLATTEN, source
from train.augmentation import Augmentation
from train.checkpoint import ResumeError
from train.data import Labelled
from train.fit import Fitted, Training, accuracy, fit, precision, rate_share, snapshot_steps, taught
from train.network import Convolution, TrainingNetwork
from train.recipes import GPU_RECIPES, PHOTO, SHAPES, Phase

STEPS = 152 // 20  # per epoch: 160 drawings less 8 held out, in batches of 20
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "tiny"


@pytest.fixture(scope="module")
def fitted(run: Path) -> Fitted:
    return fit(FLATTEN, source(), run, resume=False)


def test_every_epoch_is_logged(fitted: Fitted) -> None:
    assert [log.epoch for log in fitted.logs] == [1, 2, 3]
    assert [log.step for log in fitted.logs] == [STEPS, 2 * STEPS, 3 * STEPS]
    assert [log.size for log in fitted.logs] == [16, 16, 16]
    assert fitted.seconds == sum(log.seconds for log in fitted.logs) > 0
    assert all(0 <= log.accuracy <= 1 for log in fitted.logs)


def test_the_loss_falls(fitted: Fitted) -> None:
    losses = [log.loss for log in fitted.logs]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.9 * np.log(7)


def test_snapshots_are_there_at_their_steps(fitted: Fitted, run: Path) -> None:
    steps = snapshot_steps(3 * STEPS, FLATTEN.snapshots)
    assert {path.name for path in (run / "history").iterdir()} == {f"{step}.npz" for step in steps}


def test_a_snapshot_is_the_plain_network_in_float16(fitted: Fitted, run: Path) -> None:
    plain = fitted.network.plain().state_dict()
    for path in (run / "history").iterdir():
        with np.load(path, allow_pickle=False) as kept:
            assert {name: kept[name].shape for name in kept} == {name: tuple(value.shape) for name, value in plain.items()}
            assert {kept[name].dtype for name in kept} == {np.dtype(np.float16)}
            assert all(np.isfinite(kept[name]).all() for name in kept)


def test_the_last_snapshot_is_the_network_itself(fitted: Fitted, run: Path) -> None:
    with np.load(run / "history" / f"{3 * STEPS}.npz", allow_pickle=False) as kept:
        for name, value in fitted.network.plain().state_dict().items():
            np.testing.assert_array_equal(kept[name], value.numpy().astype(np.float16))


def test_kernels_stay_at_unit_scale(fitted: Fitted) -> None:
    for module in fitted.network.modules():
        if isinstance(module, Convolution):
            assert module.kernels.norm().item() ** 2 == pytest.approx(len(module.kernels), rel=1e-4)


def test_the_fitted_network_is_float32_and_does_not_train(fitted: Fitted) -> None:
    assert not fitted.network.training
    assert {parameter.dtype for parameter in fitted.network.parameters()} == {torch.float32}


def test_training_again_gives_the_same_network(fitted: Fitted, tmp_path: Path) -> None:
    again = fit(FLATTEN, source(), tmp_path / "tiny", resume=False)
    assert [log.loss for log in again.logs] == [log.loss for log in fitted.logs]


def test_starting_anew_forgets_the_run_before(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "77.npz").touch()
    recipe = dataclasses.replace(FLATTEN, phases=(Phase(1, 12), Phase(1, 16)), stack=AVERAGE.stack)
    fitted = fit(recipe, source(), tmp_path, resume=False)
    assert [log.size for log in fitted.logs] == [12, 16]
    assert not (tmp_path / "history" / "77.npz").exists()


@pytest.mark.parametrize("count", [2, 3])
def test_fewer_pictures_than_a_batch_are_one_batch(count: int, tmp_path: Path) -> None:
    few = source().train
    part = Labelled(few.pictures[:count], few.labels[:count])
    recipe = dataclasses.replace(FLATTEN, phases=(Phase(2, 16),))
    assert [log.step for log in fit(recipe, dataclasses.replace(source(), train=part), tmp_path, resume=False).logs] == [1, 2]


# ---- parts


@pytest.mark.parametrize(
    ("total", "count", "steps"),
    [
        (1000, 3, {0, 10, 1000}),
        (1000, 4, {0, 10, 100, 1000}),
        (2280, 6, {0, 10, 39, 151, 587, 2280}),
        (10, 6, {0, 10}),
        (3, 6, {0, 3}),
        (12, 4, {0, 10, 11, 12}),
    ],
)
def test_snapshots_are_even_in_log_steps(total: int, count: int, steps: set[int]) -> None:
    assert snapshot_steps(total, count) == steps


@given(st.integers(1, 10**6), st.integers(3, 20))
def test_snapshots_begin_with_none_and_end_with_the_last_step(total: int, count: int) -> None:
    steps = snapshot_steps(total, count)
    assert (min(steps), max(steps)) == (0, total)
    assert len(steps) <= count


@pytest.mark.parametrize(
    ("progress", "share"), [(0, 0), (0.05, 0.5), (0.1, 1), (0.55, 0.5), (1, 0)], ids=["start", "rising", "peak", "falling", "end"]
)
def test_rates_rise_then_fall(progress: float, share: float) -> None:
    assert rate_share(progress, warmup=0.1) == pytest.approx(share)


def varied(**changes: object) -> Augmentation:
    return Augmentation(dataclasses.replace(AVERAGE, **{"crop_area": (1.0, 1.0), "flip": False} | changes), CPU)


def photos(count: int = 6) -> Tensor:
    return torch.randint(0, 256, (count, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_normalising_is_the_engines() -> None:
    expected = normalise(photos().permute(0, 2, 3, 1).numpy(), AVERAGE.preprocessing)
    np.testing.assert_allclose(varied().normalise(photos(), 16), expected, rtol=1e-5, atol=1e-6)


def test_smaller_pictures_are_means_of_the_large_ones() -> None:
    flat = torch.full((1, 3, 16, 16), 100, dtype=torch.uint8)
    small, whole = varied().normalise(flat, 12), varied().normalise(flat, 16)
    assert small.shape == (1, 3, 12, 12)
    torch.testing.assert_close(small, whole[..., :12, :12])


def test_a_whole_picture_that_is_not_mirrored_is_the_picture() -> None:
    augment = varied()
    torch.testing.assert_close(augment(photos(), 16), augment.normalise(photos(), 16), rtol=0, atol=1e-4)


def test_about_half_of_the_pictures_are_mirrored() -> None:
    torch.manual_seed(0)
    augment = varied(flip=True)
    found, plain = augment(photos(200), 16), augment.normalise(photos(200), 16)
    same = (found - plain).abs().amax((1, 2, 3)) < 1e-4
    mirrored = (found - plain.flip(3)).abs().amax((1, 2, 3)) < 1e-4
    assert (same ^ mirrored).all()
    assert 70 < mirrored.sum() < 130


def test_pictures_are_moved_by_whole_pixels() -> None:
    augment = varied(shift=2)
    found, plain = augment(photos(300), 16), augment.normalise(photos(300), 16)
    padded = torch.nn.functional.pad(plain, (2, 2, 2, 2), mode="reflect")
    moved = [
        (found[..., 2:-2, 2:-2] - padded[..., down + 2 : down + 14, across + 2 : across + 14]).abs().amax((1, 2, 3)) < 1e-4
        for down in range(5)
        for across in range(5)
    ]
    assert torch.stack(moved).any(0).all()
    assert all(each.any() for each in moved)


def test_a_random_crop_shows_a_part_of_the_asked_area() -> None:
    """On a picture of its own coordinates a crop tells where it was cut."""
    across = torch.arange(64, dtype=torch.uint8).expand(200, 3, 64, 64)
    recipe = dataclasses.replace(AVERAGE, size=64, crop_area=(0.25, 0.25), flip=False, mean=(0,) * 3, std=(1 / 255,) * 3)
    torch.manual_seed(0)
    cut = Augmentation(recipe, CPU)(across, 32)[:, 0, 16]
    width = cut[:, -1] - cut[:, 0]
    torch.testing.assert_close(width, torch.full((200,), 31.0), rtol=0, atol=0.01)  # half of the side, at full detail
    assert cut.min() >= 0
    assert cut.max() <= 63
    assert cut[:, 0].std() > 5


def test_light_changes_brightness_and_contrast_of_a_whole_picture() -> None:
    torch.manual_seed(0)
    found, plain = varied(light=0.3)(photos(200), 16), varied().normalise(photos(200), 16)
    level, spread = found.mean((1, 2, 3)) - plain.mean((1, 2, 3)), found.std((1, 2, 3)) / plain.std((1, 2, 3))
    for change in (spread - 1, level - plain.mean((1, 2, 3)) * (spread - 1)):
        assert change.abs().max() <= 0.31
        assert change.min() < -0.2
        assert change.max() > 0.2


def test_no_mixing_draws_nothing() -> None:
    pictures, targets, before = torch.zeros(2, 3, 16, 16), torch.eye(2), torch.get_rng_state()
    mixed, mixed_targets = varied().mix(pictures, targets)
    assert mixed is pictures
    assert mixed_targets is targets
    assert torch.equal(torch.get_rng_state(), before)


def test_pasted_rectangles_are_in_the_targets_by_their_area() -> None:
    """Each picture is plain, in the colour of its number, and is a class of its own."""
    torch.manual_seed(0)
    count = 400
    pictures = torch.arange(count, dtype=torch.float32)[:, None, None, None].expand(count, 3, 16, 16)
    mixed, targets = varied(cutmix=0.5).mix(pictures, torch.eye(count))
    other = (torch.arange(count) - 1) % count
    pasted = mixed == other[:, None, None, None]
    assert (pasted | (mixed == pictures)).all()
    share = pasted.float().mean((1, 2, 3))
    torch.testing.assert_close(targets[torch.arange(count), other], share)
    torch.testing.assert_close(targets[torch.arange(count), torch.arange(count)], 1 - share)
    assert 130 < (share > 0).sum() < 210  # half of them, less those whose rectangle is thinner than a pixel
    assert share.max() > 0.8
    for rows in pasted[:, 0].unbind():
        height, width = rows.any(1).sum(), rows.any(0).sum()
        assert height * width == rows.sum()


class Brightest(nn.Module):
    """Says which channel is the brightest."""

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.mean((2, 3))


def test_accuracy_is_the_share_that_is_right() -> None:
    pictures = torch.zeros(1003, 3, 16, 16, dtype=torch.uint8)
    labels = torch.arange(1003) % 3
    pictures[torch.arange(1003), labels] = 255
    labels[:100] = (labels[:100] + 1) % 3
    augment = varied(mean=(0.5,) * 3, std=(0.5,) * 3)
    assert accuracy(Brightest(), Labelled(pictures, labels), augment, 16) == pytest.approx(903 / 1003)


def test_precision_fits_the_machine() -> None:
    assert precision() in ("no", "bf16", "fp16")


@pytest.mark.parametrize("recipe", [PHOTO, SHAPES], ids=["photo", "shapes"])
def test_the_size_in_an_epoch_is_its_phases(recipe: object) -> None:
    assert recipe.size_at(0) == recipe.phases[0].size
    assert recipe.size_at(recipe.epochs - 1) == recipe.phases[-1].size
    with pytest.raises(ValueError, match="epoch beyond the last phase"):
        recipe.size_at(recipe.epochs)


def test_phases_follow_each_other() -> None:
    recipe = dataclasses.replace(PHOTO, phases=(Phase(2, 48), Phase(1, 64)))
    assert [recipe.size_at(epoch) for epoch in range(recipe.epochs)] == [48, 48, 64]


# ---- a teacher

TAUGHT = dataclasses.replace(FLATTEN, teacher=dataclasses.replace(FLATTEN, stack=AVERAGE.stack, phases=(Phase(1, 16),)))


def test_targets_are_smoothed_labels(tmp_path: Path) -> None:
    training = Training(dataclasses.replace(FLATTEN, smoothing=0.7), source(), tmp_path)
    torch.testing.assert_close(training.targets(torch.tensor([2]))[0], torch.tensor([0.1, 0.1, 0.4, 0.1, 0.1, 0.1, 0.1]))


def test_what_a_teacher_says_is_learned_as_well_as_the_labels(tmp_path: Path) -> None:
    """One that always says the same class."""
    teacher = fit(TAUGHT.teacher, source(), tmp_path / "teacher", resume=False).network
    nn.init.zeros_(teacher.dense.weight)
    teacher.dense.bias.data = torch.eye(7)[3] * 50
    recipe = dataclasses.replace(TAUGHT, teaching=1.0)
    network = fit(recipe, source(), tmp_path / "run", resume=False, teacher=teacher).network
    plain = Augmentation(recipe, CPU).normalise(source().train.pictures, 16)
    assert (network(plain).argmax(1) == 3).all()
    half = fit(dataclasses.replace(TAUGHT, teaching=0.5), source(), tmp_path / "run", resume=False, teacher=teacher).network
    assert (half(plain).argmax(1) == 3).float().mean() > 0.3
    assert (half(plain).softmax(1)[:, 3]).mean() < 0.9


def test_the_teacher_is_trained_first_and_both_can_be_resumed(tmp_path: Path) -> None:
    whole = taught(TAUGHT, source(), tmp_path / "run", resume=False)
    assert whole.teacher
    assert (len(whole.teacher.logs), len(whole.logs)) == (1, 3)
    assert whole.seconds > whole.teacher.seconds
    shutil.rmtree(tmp_path / "run")  # as if stopped when the teacher was done
    again = taught(TAUGHT, source(), tmp_path / "run", resume=True)
    assert again.teacher
    assert again.teacher.logs == whole.teacher.logs
    assert [log.loss for log in again.logs] == [log.loss for log in whole.logs]


def test_without_a_teacher_there_is_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(ResumeError, match=r"There is no checkpoint in .*run-teacher; start without --resume\."):
        taught(TAUGHT, source(), tmp_path / "run", resume=True)


@pytest.mark.parametrize("name", GPU_RECIPES)
def test_a_large_network_still_ships(name: str) -> None:
    """16 MB of weights at most."""
    plain = TrainingNetwork(GPU_RECIPES[name], 200).plain()
    assert sum(value.numel() * 4 for value in plain.state_dict().values()) <= 16e6
