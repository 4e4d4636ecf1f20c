from pathlib import Path

import numpy as np
import pytest

from convoscope.network import load
from convoscope.why.full_gradient import FullGradient, open_full_gradients
from convoscope.why.question import Question
from tests.convoscope.why.networks import ALL, network, photo
from tests.graphs import card, model, node, noise, write


def assert_adds_up(found: FullGradient) -> None:
    total = float(found.photo.sum()) + sum(part.total for part in found.parts)
    assert abs(found.score - total) <= 1e-6 * found.magnitude
    assert found.residual == pytest.approx(found.score - total, abs=1e-9)
    assert found.values.sum() + found.without_place + found.residual == pytest.approx(found.score, abs=1e-9 * found.magnitude)


def test_what_curves_leave_over_is_said() -> None:
    full = open_full_gradients(network("curved"))
    assert full.not_linear == ("HardSwish", "Elu", "HardSigmoid", "Mul", "Sigmoid", "Mul", "Tanh")
    found = full.of(photo("curved"), Question(1))
    assert found.residual == found.score - float(found.photo.sum()) - sum(part.total for part in found.parts)
    assert abs(found.residual) > 1e-3 * found.magnitude


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("curved", "modern", "responsive")])
def test_the_photo_and_all_offsets_add_up_to_the_score(name: str) -> None:
    full = open_full_gradients(network(name))
    assert full.not_linear == ()
    for seed in range(3):
        x = photo(name, seed)
        for question in (Question(seed), Question(4, seed)):
            found = full.of(x, question)
            assert_adds_up(found)
            assert found.score == pytest.approx(question.score(network(name).logits(x))[0], rel=1e-4, abs=1e-5)
            assert found.photo.shape == x.shape[1:]
            assert found.values.shape == x.shape[2:]


def test_every_step_with_an_offset_is_named() -> None:
    parts = open_full_gradients(network("strided")).of(photo("strided"), Question(0)).parts
    assert [(part.tensor, part.operator) for part in parts] == [
        ("conv1", "Conv"),
        ("conv3", "Conv"),
        ("clip", "Clip"),
        ("logits", "Gemm"),
    ]
    assert [part.has_place for part in parts] == [True, True, True, False]
    assert abs(parts[2].total) > 0.1  # the Clip holds some values at 6
    steps = open_full_gradients(network("residual")).steps
    assert [each.output[0] for each in steps] == ["shifted", "norm1", "conv2", "logits"]


@pytest.mark.parametrize(
    ("nodes", "not_linear", "operators"),
    [
        ([node("Conv", "input k3", "m"), node("Sub", "c m", "end")], (), ["Sub"]),
        ([node("Clip", "input low high", "c0"), node("Conv", "c0 k3", "end")], (), ["Clip"]),
        ([node("Conv", "input k3", "m"), node("Softmax", "m", "end", axis=1)], ("Softmax",), []),
        ([node("Conv", "input k3", "m"), node("Mul", "m m", "end")], ("Mul",), []),
    ],
    ids=["what is left of a constant", "clipped photo", "softmax", "square"],
)
def test_what_is_not_linear_is_named_and_all_else_adds_up(
    nodes: list, not_linear: tuple[str, ...], operators: list[str], tmp_path: Path
) -> None:
    made = model(
        [*nodes, node("Flatten", "end", "f"), node("MatMul", "f d", "logits")],
        {
            "d": noise((18, 2)),
            "c": noise((1, 2, 3, 3)),
            "k3": noise((2, 3, 1, 1)),
            "low": np.float32(-0.1),
            "high": np.float32(0.1),
        },
        (3, 3, 3),
    )
    loaded = load(write(tmp_path, made, card(made, 3, 3, 2)))
    full = open_full_gradients(loaded)
    assert full.not_linear == not_linear
    found = full.of(noise((1, 3, 3, 3)), Question(1))
    assert [part.operator for part in found.parts] == operators
    if not_linear:
        assert abs(found.residual) > 1e-3 * found.magnitude
    else:
        assert_adds_up(found)
