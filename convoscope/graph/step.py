"""What a rule of differentiation is given: one step of the network, and a hand that writes further steps into the graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper, shape_inference

from convoscope.graph.reading import GraphError, constants
from convoscope.window import Axis, axes

BATCH = -1  # stands in shapes for the number of pictures, which is open


class GradientError(GraphError):
    """A gradient that cannot be written; its text names the operator or tensor in the way."""


@dataclass(frozen=True)
class Writer:
    """Adds nodes to a graph. shapes: of its own tensors, with BATCH; fixed: those of them that have a constant value.

    prefix: of the names that it gives.
    """

    prefix: str
    graph: GraphProto
    opset: int
    shapes: Mapping[str, tuple[int | None, ...]]
    fixed: Mapping[str, NDArray[Any]]

    @classmethod
    def on(cls, model: ModelProto, prefix: str) -> "Writer":
        """For a model that may be changed. Shapes are read from it by ONNX's shape inference."""
        opset = next(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
        return cls(prefix, model.graph, opset, _shapes(model), constants(model.graph))

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Adds one step; its output's name."""
        output = f"{self.prefix}/{len(self.graph.node)}"
        self.graph.node.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, value: NDArray[Any]) -> str:
        name = f"{self.prefix}/constant/{len(self.graph.initializer)}"
        self.graph.initializer.append(numpy_helper.from_array(value, name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def shape(self, name: str) -> tuple[int, ...]:
        """Raises GradientError if more than the number of pictures is open."""
        found = self.shapes.get(name)
        sizes = [] if found is None else [size for size in found if size is not None]
        if found is None or len(sizes) < len(found):
            raise GradientError(f"the shape of the tensor {name} is not fixed in the graph")
        return tuple(sizes)

    def reshape(self, name: str, shape: Sequence[int]) -> str:
        return self("Reshape", name, self.integers(*shape))

    def sum(self, name: str, over: Sequence[int]) -> str:
        """Over some axes, which stay with size 1."""
        if self.opset < 13:
            return self("ReduceSum", name, axes=over, keepdims=1)
        return self("ReduceSum", name, self.integers(*over), keepdims=1)

    def cut(self, name: str, axis: int, first: int, last: int, every: int = 1) -> str:
        """name[first:last:every] along one axis."""
        return self("Slice", name, *map(self.integers, (first, last, axis, every)))

    def mask(self, condition: str) -> str:
        """Numbers 0 and 1: multiplying by them is far quicker in ONNX Runtime than Where."""
        return self("Cast", condition, to=1)

    def add(self, names: Sequence[str]) -> str:
        return names[0] if len(names) == 1 else self("Sum", *names)


@dataclass(frozen=True)
class Step:
    """One node y = f(x₀, x₁, …) of the network. dy: the name of the gradient with respect to y."""

    node: NodeProto
    dy: str
    write: Writer

    @property
    def x(self) -> Sequence[str]:
        return tuple(self.node.input)

    @property
    def y(self) -> str:
        return str(self.node.output[0])

    def fitted(self, gradient: str, at: int) -> str:
        """The sum of a gradient of y's shape over the axes along which input number `at` was spread."""
        own, full = self.write.shape(self.x[at]), self.write.shape(self.y)
        missing = len(full) - len(own)
        spread = [axis for axis, size in enumerate(full) if axis < missing or (own[axis - missing] == 1 and size != 1)]
        summed = self.write.sum(gradient, spread) if spread else gradient
        return self.write.reshape(summed, own) if missing else summed

    def window(self, kernel: Sequence[int]) -> tuple[Axis, Axis]:
        """How a convolution or pooling slides over its input."""
        taken, given = self.write.shape(self.x[0]), self.write.shape(self.y)
        if len(taken) != 4:
            raise GradientError(f"the operator {self.node.op_type} slides over {len(taken) - 2} axes; only 2 are supported")
        return axes(self.node, kernel, taken[2:], given[2:])


def _shapes(model: ModelProto) -> dict[str, tuple[int | None, ...]]:
    """Axis 0 is BATCH where it is open; None stands for any other open size."""
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    found = {}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        if value.type.tensor_type.HasField("shape"):
            sizes = [each.dim_value if each.HasField("dim_value") else None for each in value.type.tensor_type.shape.dim]
            found[value.name] = tuple(BATCH if size is None and axis == 0 else size for axis, size in enumerate(sizes))
    return {name: value.shape for name, value in constants(model.graph).items()} | found
