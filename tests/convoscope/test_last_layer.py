import numpy as np
import pytest

from convoscope.last_layer import last_layer
from convoscope.network import load
from tests import shipped
from tests.convoscope.zoo import ZOO
from tests.graphs import card, model, node, noise, prepared, write


@pytest.mark.parametrize("name", ["photo", "shapes"])
def test_its_terms_add_up_to_the_runtimes_logits(name):
    network = shipped.network(name)
    trace = network.trace(prepared(network.card.preprocessing))
    layer = last_layer(network, trace)
    assert layer
    for index in range(len(network.card.classes)):
        terms = layer.contributions(index)
        sizes = np.abs(terms).sum() + abs(layer.bias[index])
        assert abs(terms.sum() + layer.bias[index] - trace.prediction.logits[index]) <= 1e-6 * sizes
    np.testing.assert_allclose(layer.logits, trace.prediction.logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ZOO)
def test_of_odd_networks_too(name, tmp_path):
    network = ZOO[name].load(tmp_path / name)
    trace = network.trace(prepared(network.card.preprocessing))
    layer = last_layer(network, trace)
    if layer:
        np.testing.assert_allclose(layer.logits, trace.prediction.logits, rtol=1e-4, atol=1e-4)


def built(nodes, weights, folder):
    graph = model(nodes, weights, (1, 4, 4))
    return load(write(folder, graph, card(graph, 4, 1, 2)))


def test_there_is_none_where_the_scores_come_from_maps(tmp_path):
    nodes = [node("Conv", "input k", "maps", kernel_shape=[4, 4]), node("Flatten", "maps", "logits")]
    network = built(nodes, {"k": noise((2, 1, 4, 4))}, tmp_path / "one")
    assert last_layer(network, network.trace(prepared(network.card.preprocessing))) is None


def test_it_may_read_the_photo_itself(tmp_path):
    network = built([node("Flatten", "input", "list"), node("Gemm", "list d", "logits")], {"d": noise((16, 2))}, tmp_path / "two")
    trace = network.trace(prepared(network.card.preprocessing))
    layer = last_layer(network, trace)
    assert layer
    np.testing.assert_allclose(layer.logits, trace.prediction.logits, rtol=1e-5, atol=1e-5)
