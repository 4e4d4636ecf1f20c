"""Steps at the very beginning of a graph that scale the pixels: they prepare the photo, as a card's mean and deviation do."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto

from convoscope.card import Preprocessing
from convoscope.graph.reading import constants, graph_input, input_name

_DIGITS = 6  # after the point, of a mean: float32 has no more
_STEPS = ("Add", "Sub", "Mul", "Div")


@dataclass(frozen=True)
class Scaling:
    """(value − offset) / divisor for each channel. offset, divisor: float64 (C,), or (1,) for all channels alike."""

    offset: NDArray[np.float64]
    divisor: NDArray[np.float64]

    def after(self, preprocessing: Preprocessing) -> Preprocessing:
        """Both as one."""
        mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
        moved = (mean + std * self.offset).round(_DIGITS) + 0.0  # no −0
        joined = {"mean": tuple(moved.tolist()), "std": tuple((std * self.divisor).tolist())}
        return preprocessing.model_copy(update=joined)


def take_scaling(model: ModelProto) -> Scaling:
    """Takes the steps that scale each channel off the beginning of the graph; returns what they do."""
    name, outputs = input_name(model.graph), {output.name for output in model.graph.output}
    sizes = graph_input(model.graph).type.tensor_type.shape.dim
    channels = sizes[1].dim_value if len(sizes) > 1 else 0
    offset, divisor = np.zeros(1), np.ones(1)
    while True:
        readers = [node for node in model.graph.node if name in node.input]
        step = readers[0] if len(readers) == 1 else None
        if step is None or step.op_type not in _STEPS or step.output[0] in outputs:
            break
        value = _per_channel(step, name, channels, constants(model.graph))
        if value is None:
            break
        if step.op_type in ("Add", "Sub"):
            offset = offset + divisor * (value if step.op_type == "Sub" else -value)
        elif (value > 0).all():
            divisor = divisor * (value if step.op_type == "Div" else 1 / value)
        else:
            break
        _leave_out(model, step, name)
    return Scaling(offset, divisor)


def _per_channel(step: NodeProto, name: str, channels: int, fixed: dict[str, NDArray[Any]]) -> NDArray[np.float64] | None:
    """float64 (C,) or (1,): what the step adds, subtracts, multiplies or divides by; None if it does something else."""
    first, second = step.input
    if first != name and step.op_type in ("Add", "Mul"):
        first, second = second, first
    value = fixed.get(second)
    if first != name or value is None or (value.size > 1 and not (value.ndim > 2 and channels == value.size == value.shape[-3])):
        return None
    return value.reshape(-1).astype(np.float64)


def _leave_out(model: ModelProto, step: NodeProto, name: str) -> None:
    for node in model.graph.node:
        node.input[:] = [name if each == step.output[0] else each for each in node.input]
    model.graph.node.remove(step)
