"""The whole way from a foreign graph to one of Convoscope's, with the proof that it answers the same."""

from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, helper

from convoscope.adoption.colours import take_red_first
from convoscope.adoption.folding import fold
from convoscope.adoption.layout import channels_first, is_channel_last, picture_sizes
from convoscope.adoption.merging import merge
from convoscope.adoption.precision import is_half, to_float32
from convoscope.card import Preprocessing
from convoscope.graph.reading import GraphError, check_operators, copied, input_name, picture_type, unsupported
from convoscope.graph.settle import settle

TOLERANCE = 1e-4  # of the largest answer: what the same sums in another order may differ by
HALF_TOLERANCE = 0.05  # where they were rounded to half precision on the way


@dataclass(frozen=True)
class Adopted:
    """difference: the largest between the answers before and after, as a share of the largest; None if nothing changed."""

    model: ModelProto
    difference: float | None


def adopt(model: ModelProto, made: Preprocessing, *, blue_first: bool = False) -> Adopted:
    """The model is left as it is, and given back where it needs nothing.

    blue_first: it takes blue, green and red. made: of the model that is given back, which takes red first.
    Raises GraphError for operators that cannot be written otherwise, and where the answers differ by more than `TOLERANCE`
    or, for half precision, `HALF_TOLERANCE`.
    """
    settled = copied(model)
    _fix_size(settled, made)
    adopted = copied(settle(settled))
    rewritten = to_float32(adopted)
    fold(adopted)
    padded = any(node.op_type == "Pad" for node in adopted.graph.node)
    if padded or unsupported(adopted) or is_channel_last(adopted):
        rewritten = True
        channels_first(adopted)
        merge(adopted)
        check_operators(adopted)
    if blue_first:
        rewritten = True
        take_red_first(adopted)
    if not rewritten and len(adopted.graph.node) == len(settled.graph.node):
        return Adopted(model, None)
    difference = _difference(settled, adopted, made, blue_first)
    if not difference <= (HALF_TOLERANCE if is_half(model) else TOLERANCE):
        raise GraphError(f"written in supported operators its answers differ by {difference:.2g} of the largest")
    return Adopted(adopted, difference)


def _fix_size(model: ModelProto, made: Preprocessing) -> None:
    """The height and width of the pictures, where the graph leaves them open: other shapes follow from them."""
    sizes = picture_sizes(model)
    if len(sizes) == 4:
        for size in sizes[1:3] if is_channel_last(model) else sizes[2:]:
            if not size.HasField("dim_value"):
                size.dim_value = made.size


def _difference(before: ModelProto, after: ModelProto, made: Preprocessing, blue_first: bool) -> float:
    pixels = np.random.default_rng(0).integers(0, 256, (1, made.channel_count, made.size, made.size)) / 255
    mean, std = (np.array(values).reshape(1, -1, 1, 1) for values in (made.mean, made.std))
    picture = (pixels - mean) / std
    asked = picture[:, ::-1] if blue_first else picture
    asked = asked.transpose(0, 2, 3, 1) if is_channel_last(before) else asked
    own, new = _answers(before, asked), _answers(after, picture)
    if own.shape != new.shape:
        return np.inf
    return float(np.abs(own - new).max() / max(np.abs(own).max(), np.finfo(np.float32).tiny))


def _answers(model: ModelProto, picture: NDArray[np.float64]) -> NDArray[np.float64]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    asked = copied(model)
    name = asked.graph.output[0].name
    last = next((node for node in asked.graph.node if node.output[0] == name), None)
    if last is not None and last.op_type == "Softmax":  # it would hide differences of large logits
        asked.graph.output.append(helper.make_empty_tensor_value_info(last.input[0]))
    session = onnxruntime.InferenceSession(asked.SerializeToString(), options, providers=["CPUExecutionProvider"])
    taken = picture_type(model)
    if np.issubdtype(taken, np.integer):
        picture = picture.round()
    return np.asarray(session.run(None, {input_name(model.graph): picture.astype(taken)})[-1], np.float64)
