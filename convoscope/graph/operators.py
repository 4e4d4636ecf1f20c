"""The operators that a network may be made of: what all who follow numbers through its graph must know of each.

How one is computed stands in `recipe`, its gradient in `rules`.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Operator:
    """title: what a page calls it.

    reads: what one output depends on, the "number" in its place of the first input, the numbers in its "place" of all inputs,
    or "more". positive: whether no output is negative: "always", if the "first" input or "all" inputs have no negative number,
    or "unknown". bends: whether networks have it in the place of ReLU.
    """

    title: str
    reads: Literal["number", "place", "more"] = "more"
    positive: Literal["always", "first", "all", "unknown"] = "unknown"
    bends: bool = False


OPERATORS = {
    "Conv": Operator("convolution"),
    "Gemm": Operator("dense"),
    "MatMul": Operator("dense"),
    "BatchNormalization": Operator("batch normalisation", "place"),
    "LayerNormalization": Operator("layer normalisation"),
    "Relu": Operator("ReLU", "number", "always", bends=True),
    "LeakyRelu": Operator("leaky ReLU", "number", bends=True),
    "PRelu": Operator("parametric ReLU", "place", bends=True),
    "Clip": Operator("clip", "number", bends=True),
    "Sigmoid": Operator("sigmoid", "number", "always", bends=True),
    "HardSigmoid": Operator("hard sigmoid", "number", "always", bends=True),
    "HardSwish": Operator("hard swish", "number", bends=True),
    "Tanh": Operator("tanh", "number", bends=True),
    "Elu": Operator("ELU", "number", bends=True),
    "Gelu": Operator("GELU", "number", bends=True),
    "Erf": Operator("error function", "number", bends=True),
    "Softplus": Operator("softplus", "number", "always", bends=True),
    "Sqrt": Operator("square root", "number", "always"),
    "MaxPool": Operator("max pooling", positive="first"),
    "AveragePool": Operator("average pooling", positive="first"),
    "GlobalAveragePool": Operator("global average pooling", positive="first"),
    "ReduceMean": Operator("mean", positive="first"),
    "Pad": Operator("zero padding", positive="first"),
    "Gather": Operator("choice of channels", positive="first"),
    "Add": Operator("sum", "place", "all"),
    "Sub": Operator("difference", "place"),
    "Mul": Operator("product", "place", "all"),
    "Div": Operator("quotient", "place", "all"),
    "Concat": Operator("join", positive="all"),
    "Flatten": Operator("flatten", positive="first"),
    "Reshape": Operator("reshape", positive="first"),
    "Identity": Operator("identity", "number", "first"),
    "Dropout": Operator("dropout", "number", "first"),
    "Softmax": Operator("softmax", positive="always"),
    "Constant": Operator("constant"),
}
BENDS = frozenset(name for name, operator in OPERATORS.items() if operator.bends)
GATES = frozenset({"Sigmoid", "HardSigmoid"})  # multiplied into maps they are no bend by themselves
