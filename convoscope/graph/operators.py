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
    or "unknown". nonlinear: whether networks have it in the place of ReLU.
    """

    title: str
    reads: Literal["number", "place", "more"] = "more"
    positive: Literal["always", "first", "all", "unknown"] = "unknown"
    nonlinear: bool = False


OPERATORS = {
    "Conv": Operator("convolution"),
    "Gemm": Operator("dense"),
    "MatMul": Operator("dense"),
    "BatchNormalization": Operator("batch normalisation", "place"),
    "LayerNormalization": Operator("layer normalisation"),
    "Relu": Operator("ReLU", "number", "always", nonlinear=True),
    "LeakyRelu": Operator("leaky ReLU", "number", nonlinear=True),
    "PRelu": Operator("parametric ReLU", "place", nonlinear=True),
    "Clip": Operator("clip", "number", nonlinear=True),
    "Sigmoid": Operator("sigmoid", "number", "always", nonlinear=True),
    "HardSigmoid": Operator("hard sigmoid", "number", "always", nonlinear=True),
    "HardSwish": Operator("hard swish", "number", nonlinear=True),
    "Tanh": Operator("tanh", "number", nonlinear=True),
    "Elu": Operator("ELU", "number", nonlinear=True),
    "Gelu": Operator("GELU", "number", nonlinear=True),
    "Erf": Operator("error function", "number", nonlinear=True),
    "Softplus": Operator("softplus", "number", "always", nonlinear=True),
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
NONLINEARITIES = frozenset(name for name, operator in OPERATORS.items() if operator.nonlinear)
GATES = frozenset({"Sigmoid", "HardSigmoid"})  # multiplied into maps they are no nonlinearity by themselves
