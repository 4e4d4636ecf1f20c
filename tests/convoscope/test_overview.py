import numpy as np
import pytest

from convoscope.network import Network, Trace
from convoscope.overview import ANSWERS, CHANNELS, Column, columns, foldable, reduced
from tests import shipped
from tests.convoscope.zoo import ZOO
from tests.graphs import prepared


def made(network: Network, unfolded: bool = False) -> tuple[tuple[Column, ...], Trace]:
    given = prepared(network.card.preprocessing)
    trace = network.trace(given)
    return columns(network, given, trace, foldable(network) if unfolded else ()), trace


def test_a_small_network_shows_every_channel_by_number_and_every_class():
    found, trace = made(shipped.network("shapes"))
    assert [column.tensor for column in found] == ["input", "relu1", "relu2", "relu3", "logits"]
    assert [column.channels for column in found[:-1]] == [(0,), *[tuple(range(8))] * 3]
    assert found[-1].channels == tuple(answer.index for answer in trace.prediction.answers)
    assert all(column.left_out == 0 for column in found)


def test_a_large_network_shows_the_strongest_and_says_how_many_it_leaves_out():
    found, trace = made(shipped.network("photo"))
    for column in found[1:-1]:
        peaks = column.values.max((1, 2))
        assert len(column.channels) == CHANNELS
        assert peaks[list(column.channels)].tolist() == np.sort(peaks)[::-1][:CHANNELS].tolist()
    assert [column.left_out for column in found] == [
        0,
        *[count - CHANNELS for count in shipped.counts("photo")],
        len(trace.prediction.answers) - ANSWERS,
    ]
    assert found[-1].channels == tuple(answer.index for answer in trace.prediction.answers[:ANSWERS])


def test_unfolded_the_steps_of_a_layer_stand_side_by_side():
    counts = shipped.counts("photo")
    found, _ = made(shipped.network("photo"), unfolded=True)
    by_name = {column.tensor: column for column in found}
    assert list(by_name)[:5] == ["input", "conv1", "relu1", "pool1", "conv2"]
    assert list(by_name)[-3:] == [f"relu{len(counts)}", "average", "logits"]
    assert by_name["conv2"].channels == by_name["relu2"].channels == by_name["pool2"].channels
    assert by_name["average"].values.shape == (counts[-1], 1, 1)
    np.testing.assert_array_equal(by_name["relu2"].flows["conv2"].weights, np.eye(counts[1])[list(by_name["relu2"].channels)])


@pytest.mark.parametrize("unfolded", [False, True])
@pytest.mark.parametrize("name", [*ZOO, "shapes", "photo"])
def test_all_that_a_shown_channel_gets_is_accounted_for(tmp_path, name, unfolded):
    network = ZOO[name].load(tmp_path) if name in ZOO else shipped.network(name)
    found, trace = made(network, unfolded)
    values = {each.stage.tensor: each.values for each in trace.activations}
    assert [found[0].tensor, found[-1].tensor] == ["input", network.logits_name]
    for position, column in enumerate(found[1:], 1):
        before = {each.tensor for each in found[:position]}
        assert column.flows.keys() <= before
        assert sum(flow.weights.sum(1) for flow in column.flows.values()) == pytest.approx(np.ones(len(column.channels)))
        assert all((np.abs(flow.nets) <= flow.weights + 1e-12).all() for flow in column.flows.values())
        np.testing.assert_array_equal(column.values.ravel(), values[column.tensor].ravel())


def test_edges_follow_a_graph_that_branches(tmp_path):
    found, _ = made(ZOO["residual"].load(tmp_path))
    flows = {column.tensor: set(column.flows) for column in found}
    assert flows == {
        "input": set(),
        "relu1": {"input"},
        "relu2": {"relu1"},
        "side": {"relu1", "relu2"},
        "logits": {"relu1", "relu2", "side"},
    }


def test_a_dense_layer_before_the_last_is_a_column_of_numbers(tmp_path):
    found, trace = made(ZOO["dense"].load(tmp_path))
    hidden = found[2]
    assert hidden.tensor == "relu2"
    assert hidden.values.shape == (7, 1, 1)
    assert hidden.stage is not None
    np.testing.assert_array_equal(hidden.values[:, 0, 0], trace.values(hidden.stage))


def test_maps_are_reduced_by_whole_squares_of_cells():
    maps = np.random.default_rng(0).normal(size=(2, 7, 10)).astype(np.float32)
    assert reduced(maps, 10) is maps
    small = reduced(maps, 4)
    assert small.shape == (2, 3, 4)
    for row in range(3):
        for column in range(4):
            cells = maps[:, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            np.testing.assert_allclose(small[:, row, column], cells.mean((1, 2)), atol=1e-6)
