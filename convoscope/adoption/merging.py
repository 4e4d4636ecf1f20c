"""What exporters leave beside a convolution though it is part of it: zeros around its input, factors and offsets of channels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

from convoscope.graph.reading import attribute, constants, is_zero_padding


def merge(model: ModelProto) -> None:
    """Changes the model: one Conv in the place of Pad → Conv, and of Conv → Mul or Add of constants."""
    merging = _Merging(model)
    while any(merging.pad(node) or merging.scale(node) or merging.choose(node) for node in list(model.graph.node)):
        pass
    used = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


class _Merging:
    def __init__(self, model: ModelProto) -> None:
        self.graph = model.graph
        self.fixed = constants(model.graph)

    def pad(self, node: NodeProto) -> bool:
        """Zeros that only convolutions read."""
        if node.op_type != "Pad" or not is_zero_padding(node, self.fixed):
            return False
        takers = [each for each in self.graph.node if node.output[0] in each.input]
        pads = self.fixed[node.input[1]].reshape(2, -1)
        plain = all(each.op_type == "Conv" and attribute(each, "auto_pad", b"NOTSET") in (b"NOTSET", b"VALID") for each in takers)
        if not takers or not plain:
            return False
        for conv in takers:
            own = np.array(attribute(conv, "pads", [0, 0, 0, 0]))
            _set(conv, pads=(own + pads[:, 2:].ravel()).tolist(), auto_pad="NOTSET")
            conv.input[0] = node.input[0]
        self.graph.node.remove(node)
        return True

    def scale(self, node: NodeProto) -> bool:
        """A factor or an offset per channel, right after a convolution that nothing else reads."""
        if node.op_type not in ("Mul", "Add"):
            return False
        other = next((name for name in node.input if name in self.fixed), None)
        before = next((each for each in self.graph.node if each.output[0] in node.input), None)
        if other is None or before is None or before.op_type != "Conv" or before.input[1] not in self.fixed:
            return False
        takers = sum(before.output[0] in each.input for each in self.graph.node)
        given = any(output.name == before.output[0] for output in self.graph.output)
        kernels, value = self.fixed[before.input[1]], self.fixed[other]
        per_channel = _per_channel(value, len(kernels))
        if takers != 1 or given or per_channel is None or any(name not in self.fixed for name in before.input[2:]):
            return False
        bias = self.fixed[before.input[2]] if any(before.input[2:]) else np.zeros(len(kernels), np.float32)
        if node.op_type == "Mul":
            self._give(before, 1, kernels * per_channel.reshape(-1, 1, 1, 1))
            if any(before.input[2:]):
                self._give(before, 2, bias * per_channel)
        else:
            self._give(before, 2, bias + per_channel)
        before.output[0] = node.output[0]
        self.graph.node.remove(node)
        return True

    def choose(self, node: NodeProto) -> bool:
        """Channels chosen of channels that were chosen."""
        before = next((each for each in self.graph.node if each.output[0] == node.input[0]), None) if node.input else None
        if node.op_type != "Gather" or before is None or before.op_type != "Gather":
            return False
        if not (attribute(node, "axis", 0) == attribute(before, "axis", 0) == 1) or before.input[1] not in self.fixed:
            return False
        self._give(node, 1, self.fixed[before.input[1]][self.fixed[node.input[1]]])
        node.input[0] = before.input[0]
        if not any(before.output[0] in each.input for each in self.graph.node):
            self.graph.node.remove(before)
        return True

    def _give(self, node: NodeProto, at: int, value: NDArray[Any]) -> None:
        """A constant of the node's own: by the name that it has, where nothing else reads that."""
        name = node.input[at] if len(node.input) > at else ""
        own = next((each for each in self.graph.initializer if each.name == name), None)
        if own is None or sum(list(each.input).count(name) for each in self.graph.node) > 1:
            name = f"{node.name or node.output[0]}/{at}/{len(self.graph.initializer)}"
            own = self.graph.initializer.add()
        own.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), name))
        self.fixed[name] = value
        if len(node.input) <= at:
            node.input.append(name)
        else:
            node.input[at] = name


def _per_channel(value: NDArray[Any], channels: int) -> NDArray[Any] | None:
    shape = (1,) * (4 - value.ndim) + value.shape
    if len(shape) != 4 or shape[0] != 1 or shape[1] not in (1, channels) or shape[2:] != (1, 1):
        return None
    return np.broadcast_to(value.reshape(-1), (channels,))


def _set(node: NodeProto, **values: Any) -> None:
    kept = [each for each in node.attribute if each.name not in values]
    del node.attribute[:]
    node.attribute.extend([*kept, *(helper.make_attribute(name, value) for name, value in values.items())])
