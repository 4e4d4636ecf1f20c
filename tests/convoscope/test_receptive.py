from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import ModelProto, helper, numpy_helper

from convoscope.graph.reading import input_name
from convoscope.graph.tap import tap
from convoscope.network import Network, load
from convoscope.receptive import Box, receptive_fields, same_place
from tests import shipped
from tests.convoscope.zoo import ZOO
from tests.examples import examples
from tests.graphs import card, model, node, noise, write

SIZE = 9
MOST = 64  # channels of a step that are tried; of more, every second or third
GONE = {
    "Relu",
    "LeakyRelu",
    "PRelu",
    "Gelu",
    "Erf",
    "Softplus",
    "Sqrt",
    "LayerNormalization",
    "Clip",
    "Dropout",
    "Softmax",
}  # replaced by Identity: what stays is linear


def linearised(built: ModelProto) -> ModelProto:
    """A copy with positive weights, means for maxima, and nothing that bends: an output changes with each cell it depends on."""
    copy = ModelProto()
    copy.CopyFrom(built)
    for tensor in copy.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if value.dtype.kind == "f":
            tensor.CopyFrom(numpy_helper.from_array(np.asarray(np.abs(value) + 0.1, np.float32), tensor.name))
    for each in copy.graph.node:
        if each.op_type == "Constant" and numpy_helper.to_array(each.attribute[0].t).dtype.kind == "f":
            value = numpy_helper.to_array(each.attribute[0].t)
            each.attribute[0].t.CopyFrom(numpy_helper.from_array(np.asarray(np.abs(value) + 0.1, np.float32)))
        elif each.op_type in GONE:
            first = each.input[0]
            each.CopyFrom(helper.make_node("Identity", [first], [each.output[0]]))
        elif each.op_type == "MaxPool":
            kept = [item for item in each.attribute if item.name != "storage_order"]
            del each.attribute[:]
            each.attribute.extend(kept)
            each.op_type = "AveragePool"
    return copy


def changes(built: ModelProto, channels: int, size: int) -> dict[str, NDArray[np.bool_]]:
    """By tensor: bool (size, size, *shape), which of its values change with which cell of the input."""
    tapped = tap(linearised(built))
    session = onnxruntime.InferenceSession(tapped.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = np.zeros((size * size + 1, channels, size, size), np.float32)
    for cell in range(size * size):
        inputs[cell, :, cell // size, cell % size] = 1e3
    runs = [session.run(None, {input_name(built.graph): each[None]}) for each in inputs]
    found = {}
    for output, arrays in zip(session.get_outputs(), zip(*runs, strict=True), strict=True):
        values = np.concatenate(arrays)
        found[output.name] = (values[:-1] != values[-1:]).reshape(size, size, *values.shape[1:])
    return found


def box_of(changed: NDArray[np.bool_]) -> Box:
    rows, columns = np.nonzero(changed.any(1))[0], np.nonzero(changed.any(0))[0]
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1) if len(rows) else Box(0, 0, 0, 0)


def assert_exact(network: Network) -> None:
    made = network.card.preprocessing
    found = changes(network.model, made.channel_count, made.size)
    for stage in network.stages:
        if stage.operator == "Softmax":
            continue  # its copy is not linear
        for channel in range(0, stage.shape[0], -(-stage.shape[0] // MOST)):
            fields = receptive_fields(network, stage, channel)
            cells = found[stage.tensor][:, :, channel]
            cells = cells.reshape(made.size, made.size, *(stage.shape[1:] or (1, 1)))
            for y in range(cells.shape[2]):
                for x in range(cells.shape[3]):
                    assert fields.seen(y, x) == box_of(cells[:, :, y, x]), (stage.tensor, channel, y, x)


@pytest.mark.parametrize("name", ZOO)
def test_the_box_holds_just_the_cells_that_matter_in_odd_networks(name: str, tmp_path: Path) -> None:
    assert_exact(ZOO[name].load(tmp_path))


def test_the_box_holds_just_the_cells_that_matter_where_operands_are_repeated(tmp_path: Path) -> None:
    built = model(
        [
            node("Conv", "input k", "conv"),
            node("Conv", "conv wide", "one", pads=[2, 0, 2, 0]),
            node("GlobalAveragePool", "conv", "gate"),
            node("Add", "conv one", "both"),
            node("Concat", "both one", "joined", axis=1),
            node("Add", "conv gate", "gated"),
            node("Concat", "joined gated", "last", axis=1),
            node("Flatten", "last", "flat"),
            node("Gemm", "flat d", "logits"),
        ],
        {
            "k": noise((4, 3, 3, 3)),
            "wide": noise((1, 4, 5, 1)),
            "d": noise((9 * 49, 5)),
        },
        (3, SIZE, SIZE),
    )
    assert_exact(load(write(tmp_path, built, card(built, SIZE, 3, 5))))


def test_the_box_holds_just_the_cells_that_matter_in_a_shipped_network() -> None:
    network = shipped.network("shapes")
    found = changes(network.model, 1, 32)
    rng = np.random.default_rng(0)
    for stage in network.stages:
        fields = receptive_fields(network, stage, 3)
        cells = found[stage.tensor][:, :, 3].reshape(32, 32, *(stage.shape[1:] or (1, 1)))
        for y, x in rng.integers(0, cells.shape[2:], (20, 2)):
            assert fields.seen(int(y), int(x)) == box_of(cells[:, :, y, x])


@st.composite
def graphs(draw: st.DrawFn) -> ModelProto:
    """Three to five steps with windows of every kind, sums and joins in between, and a dense end."""
    steps: list[onnx.NodeProto] = []
    weights = {}
    name, channels, size = "input", 3, SIZE
    for number in range(draw(st.integers(3, 5))):
        kind = draw(st.sampled_from(["Conv", "Conv", "MaxPool", "AveragePool", "Relu", "Add", "Concat"]))
        made = f"t{number}"
        if kind in ("Conv", "MaxPool", "AveragePool"):
            kernel = [draw(st.integers(1, min(3, size))) for _ in range(2)]
            dilation = [draw(st.integers(1, 2)) if kind == "Conv" and 2 * (k - 1) < size else 1 for k in kernel]
            pads = [draw(st.integers(0, k - 1)) for k in kernel * 2]
            stride = draw(st.integers(1, 2))
            shared = {"kernel_shape": kernel, "strides": [stride] * 2}
            if kind == "Conv":
                group = draw(st.sampled_from([1, 2])) if channels % 2 == 0 else 1
                weights[f"k{number}"] = noise((4, channels // group, *kernel))
                inputs, channels = f"{name} k{number}", 4
                shared |= {"group": group, "dilations": dilation}
            else:
                inputs = name
            if draw(st.booleans()):
                shared |= {"pads": pads}
            else:
                shared |= {"auto_pad": draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER", "VALID"]))}
                shared |= {"dilations": [1, 1]} if kind == "Conv" else {}
            steps.append(node(kind, inputs, made, **shared))
            size = 0
        elif kind == "Relu":
            steps.append(node("Relu", name, made))
        elif kind == "Add":
            weights[f"k{number}"] = noise((channels, channels, 3, 1))
            steps += [
                node("Conv", f"{name} k{number}", f"side{number}", pads=[1, 0, 1, 0]),
                node("Add", f"side{number} {name}", made),
            ]
        else:
            weights[f"k{number}"] = noise((2, channels, 1, 3))
            steps += [
                node("Conv", f"{name} k{number}", f"side{number}", pads=[0, 1, 0, 1]),
                node("Concat", f"{name} side{number}", made, axis=1),
            ]
            channels += 2
        name = made
        size = size or _height(steps, weights, name)
    return _with_head(steps, weights, name)


def _shape(steps: list[onnx.NodeProto], weights: dict[str, NDArray[np.float32]], name: str) -> tuple[int, ...]:
    built = model(steps, weights, (3, SIZE, SIZE), output=name)
    session = onnxruntime.InferenceSession(built.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"input": np.zeros((1, 3, SIZE, SIZE), np.float32)})[0].shape


def _height(steps: list[onnx.NodeProto], weights: dict[str, NDArray[np.float32]], name: str) -> int:
    return min(_shape(steps, weights, name)[2:])


def _with_head(steps: list[onnx.NodeProto], weights: dict[str, NDArray[np.float32]], name: str) -> ModelProto:
    flat = int(np.prod(_shape(steps, weights, name)[1:]))
    tail = [node("Flatten", name, "flat"), node("Gemm", "flat d", "logits")]
    return model([*steps, *tail], {**weights, "d": noise((flat, 3))}, (3, SIZE, SIZE))


@examples(20)
@given(graphs())
def test_the_box_holds_just_the_cells_that_matter_in_random_networks(built: ModelProto) -> None:
    with TemporaryDirectory() as folder:
        assert_exact(load(write(Path(folder), built, card(built, SIZE, 3, 3))))


def test_the_photo_network_sees_as_much_as_its_steps_add_up_to() -> None:
    """By hand: each 3 × 3 adds 2 cells of what it reads, each pooling one cell and doubles them; so 3, 4, 8, 10, 18 … pixels."""
    network = shipped.network("photo")
    sees, cell = 1, 1
    for stage in network.stages:
        if stage.operator not in ("Conv", "Relu", "MaxPool"):
            continue
        sees += cell * {"Conv": 2, "Relu": 0, "MaxPool": 1}[stage.operator]
        cell *= 2 if stage.operator == "MaxPool" else 1
        reach = receptive_fields(network, stage, 0).reach(0, 0)
        assert (reach.height, reach.width) == (sees, sees), stage.tensor
    assert sees > network.card.preprocessing.size


def test_at_a_corner_the_box_is_cut_and_the_reach_is_not() -> None:
    network = shipped.network("shapes")
    fields = receptive_fields(network, network.layers[0].stages[0], 0)
    assert (fields.seen(0, 31), fields.reach(0, 31)) == (Box(0, 30, 2, 32), Box(-1, 30, 2, 33))


def test_another_step_shows_the_same_place_of_the_photo() -> None:
    """Where sizes agree the cell stays; a pooling of 2 × 2 halves row and column, and back again the cell is one of the four."""
    network = shipped.network("photo")
    steps = {stage.tensor: stage for stage in network.stages}
    first, last = steps["conv1"], network.layers[-2].map_stages[0]
    end, edge = first.shape[1] - 1, last.shape[1] - 1
    assert same_place(network, steps["conv1"], steps["relu1"], (40, 7)) == (40, 7)
    assert same_place(network, steps["relu1"], steps["pool1"], (41, 7)) == (20, 3)
    assert same_place(network, steps["pool1"], steps["relu1"], (20, 3)) in [(40, 6), (40, 7), (41, 6), (41, 7)]
    assert same_place(network, first, last, (end, 0)) == (edge, 0)
    assert same_place(network, last, first, (end, end)) == same_place(network, last, first, (edge, edge))
    assert same_place(network, last, steps["logits"], (edge - 1, 0)) is None


def test_the_nearest_cell_is_that_whose_middle_is_nearest() -> None:
    network = shipped.network("photo")
    steps = [stage for stage in network.stages if stage.is_maps]
    for before in steps[::4]:
        for after in steps[::3]:
            fields = receptive_fields(network, after, 0)
            row, column = before.shape[1] // 3, before.shape[2] - 1
            place = receptive_fields(network, before, 0).middle(row, column)
            across, down = (np.array([fields.middle(cell, cell)[axis] for cell in range(after.shape[1])]) for axis in (1, 0))
            distances = np.hypot(down[:, None] - place[0], across - place[1])
            found = same_place(network, before, after, (row, column))
            assert found is not None
            assert distances[found] == distances.min()
