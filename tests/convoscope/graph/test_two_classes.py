from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto

from convoscope.card import ModelError
from convoscope.network import load, open_session
from tests.graphs import card, model, noise, prepared, write
from tests.graphs import node as step

SIZE = 6
WEIGHTS = {
    "k": noise((4, 3, 3, 3)),
    "column": noise((4, 1), 1),
    "row": noise((1, 4), 2),
    "bias": noise((1,), 3),
    "scalar": noise((), 4),
    "columns": noise((4, 2), 5),
    "spread": noise((3,), 6),
}
BODY = [step("Conv", "input k", "conv"), step("GlobalAveragePool", "conv", "average"), step("Flatten", "average", "flat")]
HEADS = {
    "Gemm": [step("Gemm", "flat row bias", "z", transB=1, alpha=0.5, beta=2.0)],
    "Gemm without transposition": [step("Gemm", "flat column scalar", "z")],
    "Gemm without bias": [step("Gemm", "flat column", "z")],
    "as Keras writes it": [step("MatMul", "flat column", "product"), step("Add", "product bias", "z")],
    "the bias first": [step("MatMul", "flat column", "product"), step("Add", "bias product", "z")],
    "a bias and another": [step("Gemm", "flat row bias", "product", transB=1), step("Add", "product scalar", "z")],
    "MatMul alone": [step("MatMul", "flat column", "z")],
}


@pytest.mark.parametrize("ends", ["in a sigmoid", "in its logit"])
@pytest.mark.parametrize("name", HEADS)
def test_one_number_becomes_a_score_for_each_of_two_classes(name: str, ends: str, tmp_path: Path) -> None:
    head = [*HEADS[name], *([step("Sigmoid", "z", "p")] if ends == "in a sigmoid" else [])]
    built = model([*BODY, *head], WEIGHTS, (3, SIZE, SIZE), output=head[-1].output[0])
    network = load(write(tmp_path, built, card(built, SIZE, 3, 2)))
    shown = prepared(network.card.preprocessing)
    (given,) = open_session(built, 1).run(None, {"input": shown.tensor})
    share = float(given[0, 0]) if ends == "in a sigmoid" else 1 / (1 + np.exp(-float(given[0, 0])))
    found = network.predict(shown)
    np.testing.assert_allclose(found.probabilities, [1 - share, share], rtol=1e-4)
    assert found.logits[0] == pytest.approx(-found.logits[1], abs=1e-6)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ([step("MatMul", "flat columns", "z"), step("Sigmoid", "z", "p")], "it ends in a sigmoid"),
        ([step("MatMul", "flat column", "y"), step("Add", "y spread", "z")], "2 names for an output of"),
        ([step("MatMul", "flat column", "z"), step("Mul", "z z", "p")], "2 names for an output of one number"),
    ],
)
def test_other_ends_stay_what_they_are(head: list[NodeProto], told: str, tmp_path: Path) -> None:
    built = model([*BODY, *head], WEIGHTS, (3, SIZE, SIZE), output=head[-1].output[0])
    with pytest.raises(ModelError, match=told):
        load(write(tmp_path, built, card(built, SIZE, 3, 2)))
