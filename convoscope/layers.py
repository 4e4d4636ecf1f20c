"""What a graph is made of, layer by layer: stages, shapes, parameters and multiply-adds, read from the graph itself.

A layer begins at each operator with weights (Conv, Gemm, MatMul) and takes in what follows up to the next one: its
normalisation, ReLU, pooling. What precedes the first belongs to the first.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto

from convoscope.graph.operators import GATES, NONLINEARITIES, OPERATORS
from convoscope.graph.reading import WEIGHTED, attribute, computing_nodes, constants
from convoscope.window import described

_TAKES_SETTINGS = frozenset(["Clip", "Dropout", "Pad"])  # their bounds, ratio and value are inputs, but not parameters
_ARITHMETIC = frozenset(["Add", "Sub", "Mul", "Div"])  # of single numbers: part of a formula, such as the ½ of a GELU
_WEIGHTS_OF = re.compile(r"(\.(weight|kernel)|/(weight|kernel|ReadVariableOp(:0)?))(/both)?$")  # PyTorch; Keras; two_classes


@dataclass(frozen=True)
class Stage:
    """One tensor of the network.

    shape: without the batch axis, (C, H, W) or (F,). signed: whether a value can be negative. window: what slides over its input,
    in words: '3 × 3, stride 2, padding 1'; '' if nothing does.
    multiply_adds: per photo, of convolutions and dense steps; all else is not counted.
    """

    tensor: str
    operator: str
    shape: tuple[int, ...]
    signed: bool
    window: str
    parameters: int
    multiply_adds: int

    @property
    def title(self) -> str:
        if self.operator == "Reshape" and len(self.shape) == 1:
            return "flatten"
        return OPERATORS[self.operator].title

    @property
    def palette(self) -> Literal["signed", "positive"]:
        """What its values are coloured by (see `render`)."""
        return "signed" if self.signed else "positive"

    @property
    def is_maps(self) -> bool:
        """Whether it has a height and a width beyond 1 × 1, and so can be drawn as activation maps."""
        return len(self.shape) == 3 and self.shape[1:] != (1, 1)


@dataclass(frozen=True)
class Layer:
    """A step with weights and what follows it.

    number: from 1. name: of the weighted step's tensor in the graph. module: where its weights lie in the network that was
    exported, 'stages.0.conv_dw', as far as the graph has kept it.
    """

    number: int
    name: str
    title: str
    module: str
    stages: tuple[Stage, ...]

    @property
    def step_titles(self) -> dict[str, str]:
        """By tensor; of several alike each has its number."""
        titles = [stage.title for stage in self.stages]
        return {
            stage.tensor: f"{title} {titles[: at + 1].count(title)}" if titles.count(title) > 1 else title
            for at, (stage, title) in enumerate(zip(self.stages, titles, strict=True))
        }

    @property
    def weighted(self) -> Stage:
        return next(stage for stage in self.stages if stage.tensor == self.name)

    @property
    def map_stages(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in self.stages if stage.is_maps)

    @property
    def activated(self) -> Stage:
        """What comes out of its ReLU, or of what it has in its place; where it has neither, of its weighted step."""
        at = next((at for at, stage in enumerate(self.stages) if not stage.signed or stage.operator in NONLINEARITIES), None)
        return self.weighted if at is None else self.stages[nonlinearity_end(self.stages, at)]

    def shown_stage(self, tensor: str | None) -> Stage | None:
        """The stage with maps of this name; else the one that is `activated`, else the first; None if no stage has maps."""
        stages = self.map_stages
        named = next((stage for stage in stages if stage.tensor == tensor), None)
        return named or (self.activated if self.activated in stages else next(iter(stages), None))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.stages[-1].shape

    @property
    def parameters(self) -> int:
        return sum(stage.parameters for stage in self.stages)

    @property
    def multiply_adds(self) -> int:
        return sum(stage.multiply_adds for stage in self.stages)


def nonlinearity_end(stages: Sequence[Stage], at: int) -> int:
    """Where the nonlinearity ends that begins at this stage: older graphs make SiLU, hard swish, Mish and GELU of several."""
    operator, end = stages[at].operator, at
    if operator == "Erf":  # of x / √2; one more; times x, and halved, unless x was before
        for expected in ("Add", "Mul", "Mul"):
            if end + 1 < len(stages) and stages[end + 1].operator == expected:
                end += 1
        return end
    if operator == "Softplus" and at + 1 < len(stages) and stages[at + 1].operator == "Tanh":
        end += 1
    elif operator not in GATES:
        return at
    return next((later for later in range(end + 1, len(stages)) if stages[later].operator == "Mul"), at)


def layer_names(model: ModelProto) -> tuple[str, ...]:
    """The name of each layer, in the order of the graph."""
    fixed = constants(model.graph)
    return tuple(node.output[0] for node in computing_nodes(model.graph) if _has_weights(node, fixed))


def read_layers(model: ModelProto, shapes: Mapping[str, tuple[int, ...]], titles: Mapping[str, str]) -> tuple[Layer, ...]:
    """The layers of a supported graph. shapes: of every tensor, without the batch axis. titles: by layer name."""
    fixed = constants(model.graph)
    positive: set[str] = set()
    groups: list[list[Stage]] = [[]]
    weighted: list[NodeProto] = []
    for node in computing_nodes(model.graph):
        if _is_positive(node, positive, fixed):
            positive.add(node.output[0])
        stage = Stage(
            tensor=node.output[0],
            operator=node.op_type,
            shape=shapes[node.output[0]],
            signed=node.output[0] not in positive,
            window=described(node, fixed),
            parameters=_parameters(node, fixed),
            multiply_adds=_multiply_adds(node, shapes, fixed),
        )
        if _has_weights(node, fixed):
            if weighted:
                groups.append([])
            weighted.append(node)
        groups[-1].append(stage)
    return tuple(
        Layer(number, node.output[0], titles[node.output[0]], _module(node), tuple(stages))
        for number, (node, stages) in enumerate(zip(weighted, groups, strict=True), start=1)
    )


def _module(node: NodeProto) -> str:
    """From the name of its weights, or of the node: '/stem/stem.0/Conv'; '' where the exporter has made up both."""
    path = _WEIGHTS_OF.sub("", node.input[1])
    if path != node.input[1]:
        return path
    found: list[str] = []
    for scope in node.name.split("/")[1:-1] if node.name.startswith("/") else ():
        if found and scope.startswith(f"{found[-1]}."):
            found[-1] = scope
        else:
            found.append(scope)
    return ".".join(found)


def _has_weights(node: NodeProto, fixed: Mapping[str, NDArray[Any]]) -> bool:
    return node.op_type in WEIGHTED and node.input[1] in fixed


def _parameters(node: NodeProto, fixed: Mapping[str, NDArray[Any]]) -> int:
    """Learned numbers: of batch normalisation gain and shift, not the mean and variance that it has counted."""
    if node.op_type in _TAKES_SETTINGS:
        return 0
    learned = node.input[:3] if node.op_type == "BatchNormalization" else node.input
    sizes = [_float_size(fixed.get(name)) for name in learned]
    return sum(size for size in sizes if size > 1 or node.op_type not in _ARITHMETIC)


def _float_size(value: NDArray[Any] | None) -> int:
    return value.size if value is not None and value.dtype.kind == "f" else 0


def _multiply_adds(node: NodeProto, shapes: Mapping[str, tuple[int, ...]], fixed: Mapping[str, NDArray[Any]]) -> int:
    if not _has_weights(node, fixed):
        return 0
    weights = fixed[node.input[1]]
    if node.op_type == "Conv":
        return math.prod(shapes[node.output[0]]) * math.prod(weights.shape[1:])
    outputs = shapes[node.output[0]]
    return math.prod(outputs) * (weights.size // (outputs[-1] if outputs else 1))


def _is_positive(node: NodeProto, positive: set[str], fixed: Mapping[str, NDArray[Any]]) -> bool:
    if node.op_type == "Mul" and node.input[0] == node.input[1]:
        return True
    if node.op_type == "Clip":
        low = fixed.get(node.input[1], -np.inf) if len(node.input) > 1 else attribute(node, "min", -np.inf)
        return bool(np.asarray(low) >= 0)
    given = OPERATORS[node.op_type].positive
    if given in ("first", "all"):
        names = node.input if given == "all" else node.input[:1]
        return all(name in positive or (name in fixed and bool((fixed[name] >= 0).all())) for name in names)
    return given == "always"
