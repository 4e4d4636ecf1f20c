"""How the new graph holds the tensors of the old one: by what name, its axes and numbers in what order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper

from convoscope.graph.step import Writer

FRONT = (0, 3, 1, 2)  # of a channel-last tensor: its axes as they are held


@dataclass(frozen=True)
class Held:
    """name: in the new graph. axes: its axis i is the old tensor's axes[i].

    order: of flattened maps, its number k is the old tensor's number order[k]; None if they are in their old order.
    """

    name: str
    axes: tuple[int, ...]
    order: NDArray[np.intp] | None = None

    @property
    def is_as_it_was(self) -> bool:
        return self.axes == tuple(range(len(self.axes))) and self.order is None


class Layout:
    def __init__(self, model: ModelProto) -> None:
        self.model, self.write = model, Writer.on(model, "adopted")
        self.held: dict[str, Held] = {}

    def as_it_was(self, name: str) -> str:
        """A tensor of the new graph that has the old one's axes."""
        if name not in self.held or self.held[name].is_as_it_was:
            return self.held[name].name if name in self.held else name
        held = self.held[name]
        turned = held.name
        if held.order is not None:
            turned = self.write("Gather", turned, self.write.constant(np.argsort(held.order)), axis=1)
        if held.axes != tuple(range(len(held.axes))):
            back = [held.axes.index(axis) for axis in range(len(held.axes))]
            shape = [size for size in self.write.shapes.get(name, ()) if size is not None]
            if len(shape) == len(back) and moves_only_ones(held.axes, shape):
                turned = self.write.reshape(turned, [0, *shape[1:]])
            else:
                turned = self.write("Transpose", turned, perm=back)
        self.held[name] = Held(turned, tuple(range(len(held.axes))))
        return turned

    def emit(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:
        self.write.graph.node.append(helper.make_node(operator, inputs, [output], **attributes))

    def keep(self, node: NodeProto, inputs: Sequence[str]) -> None:
        """The node as it is, on other inputs."""
        kept = NodeProto()
        kept.CopyFrom(node)
        kept.input[:] = inputs
        self.write.graph.node.append(kept)

    def as_it_stands(self, node: NodeProto) -> None:
        self.keep(node, [self.as_it_was(name) if name else name for name in node.input])
        for name in node.output:
            self.held[name] = Held(name, tuple(range(len(self.write.shapes.get(name, ())))))

    def fixed(self, name: str) -> NDArray[Any] | None:
        return self.write.fixed.get(name)


def moves_only_ones(axes: Sequence[int], shape: Sequence[int]) -> bool:
    """Whether the numbers lie in memory as if the axes were in their old order."""
    large = [axis for axis in axes if shape[axis] != 1]
    return large == sorted(large)
