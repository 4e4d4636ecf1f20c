"""How to differentiate each operator: one function each, from a step to the gradients with respect to its inputs, in order.

An input may be left out at the end, or have None, where no gradient is defined. Steps that slide a window over
maps are in `window_rules`. All formulas are the chain rule; d stands for "the gradient of the score with respect to".
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from convoscope.graph.reading import attribute, averaged_axes
from convoscope.graph.step import GradientError, Step
from convoscope.graph.window_rules import average_pool, convolution, max_pool

Rule = Callable[[Step], Sequence[str | None]]


def relu(step: Step) -> list[str]:
    """dx = dy · [y > 0]"""
    return [step.write("Mul", step.dy, step.write.mask(step.write("Cast", step.y, to=9)))]


def leaky_relu(step: Step) -> list[str]:
    """dx = dy · (α + (1 − α) · [x > 0])"""
    alpha = attribute(step.node, "alpha", 0.01)
    positive = step.write.mask(step.write("Greater", step.x[0], step.write.number(0)))
    slope = step.write("Add", step.write("Mul", positive, step.write.number(1 - alpha)), step.write.number(alpha))
    return [step.write("Mul", step.dy, slope)]


def clip(step: Step) -> list[str]:
    """dx = dy · [y = x]"""
    changed = step.write("Cast", step.write("Sub", step.y, step.x[0]), to=9)
    return [step.write("Mul", step.dy, step.write.mask(step.write("Not", changed)))]


def sigmoid(step: Step) -> list[str]:
    """dx = dy · y · (1 − y)"""
    rest = step.write("Sub", step.write.number(1), step.y)
    return [step.write("Mul", step.dy, step.write("Mul", step.y, rest))]


def tanh(step: Step) -> list[str]:
    """dx = dy · (1 − y²)"""
    return [step.write("Mul", step.dy, step.write("Sub", step.write.number(1), step.write("Mul", step.y, step.y)))]


def hard_sigmoid(step: Step) -> list[str]:
    """dx = dy · α · [0 < y < 1]"""
    inside = step.write("And", *_between(step, step.y, 0, 1))
    alpha = step.write.number(attribute(step.node, "alpha", 0.2))
    return [step.write("Mul", step.dy, step.write("Mul", step.write.mask(inside), alpha))]


def hard_swish(step: Step) -> list[str]:
    """dx = dy · ([x ≥ 3] + [−3 < x < 3] · (x / 3 + ½))"""
    x = step.x[0]
    inside = step.write.mask(step.write("And", *_between(step, x, -3, 3)))
    slope = step.write("Add", step.write("Mul", x, step.write.number(1 / 3)), step.write.number(0.5))
    above = step.write.mask(step.write("Not", step.write("Less", x, step.write.number(3))))
    return [step.write("Mul", step.dy, step.write("Add", above, step.write("Mul", inside, slope)))]


def elu(step: Step) -> list[str]:
    """dx = dy · (1 where x > 0, elsewhere y + α)"""
    positive = step.write.mask(step.write("Greater", step.x[0], step.write.number(0)))
    below = step.write("Add", step.y, step.write.number(attribute(step.node, "alpha", 1.0)))
    rest = step.write("Mul", step.write("Sub", step.write.number(1), positive), below)
    return [step.write("Mul", step.dy, step.write("Add", positive, rest))]


def square_root(step: Step) -> list[str]:
    """dx = dy / 2y, and 0 where y = 0: the length of a silent map has no slope there, and `torch.norm` takes this one, too"""
    zero = step.write.mask(step.write("Equal", step.y, step.write.number(0)))
    rest = step.write("Mul", step.dy, step.write("Sub", step.write.number(1), zero))
    return [step.write("Div", rest, step.write("Sum", step.y, step.y, zero))]


def error_function(step: Step) -> list[str]:
    """dx = dy · 2/√π · exp(−x²)"""
    return [step.write("Mul", step.dy, _bell(step, step.write("Mul", step.x[0], step.x[0]), 2 / math.sqrt(math.pi)))]


def softplus(step: Step) -> list[str]:
    """dx = dy / (1 + exp(−x))"""
    return [step.write("Mul", step.dy, step.write("Sigmoid", step.x[0]))]


def gelu(step: Step) -> list[str]:
    """With Φ and φ of the normal distribution: dx = dy · (Φ(x) + x φ(x)); for the approximation by tanh its own derivative"""
    if attribute(step.node, "approximate", b"none") == b"tanh":
        return _gelu_by_tanh(step)
    x, write = step.x[0], step.write
    half = write.number(0.5)
    below = write("Add", write("Mul", write("Erf", write("Mul", x, write.number(math.sqrt(0.5)))), half), half)
    bell = _bell(step, write("Mul", write("Mul", x, x), half), 1 / math.sqrt(2 * math.pi))
    return [write("Mul", step.dy, write("Add", below, write("Mul", x, bell)))]


def _gelu_by_tanh(step: Step) -> list[str]:
    """With u = √(2/π) (x + 0.044715 x³) and t = tanh u: dx = dy · (½ (1 + t) + ½ x (1 − t²) u′)"""
    x, write = step.x[0], step.write
    scale, cubic, one, half = math.sqrt(2 / math.pi), 0.044715, write.number(1), write.number(0.5)
    square = write("Mul", x, x)
    inner = write("Add", write("Mul", square, write.number(scale * cubic)), write.number(scale))
    curve = write("Tanh", write("Mul", x, inner))
    slope = write("Add", write("Mul", square, write.number(3 * scale * cubic)), write.number(scale))
    rest = write("Sub", one, write("Mul", curve, curve))
    sides = write("Add", write("Add", one, curve), write("Mul", write("Mul", x, rest), slope))
    return [write("Mul", step.dy, write("Mul", sides, half))]


def _bell(step: Step, exponent: str, height: float) -> str:
    """height · exp(−exponent)"""
    return step.write("Mul", step.write("Exp", step.write("Neg", exponent)), step.write.number(height))


def parametric_relu(step: Step) -> list[str]:
    """dx = dy · (slope + (1 − slope) · [x > 0]), dslope = Σ dy · x · [x ≤ 0]"""
    x, slope = step.x
    positive = step.write.mask(step.write("Greater", x, step.write.number(0)))
    rest = step.write("Sub", step.write.number(1), positive)
    steepness = step.write("Add", step.write("Mul", rest, slope), positive)
    return [step.write("Mul", step.dy, steepness), step.fitted(step.write("Mul", step.write("Mul", step.dy, x), rest), 1)]


def pad(step: Step) -> list[str]:
    """dx = dy without the border"""
    shape, dx = step.write.shape(step.x[0]), step.dy
    for axis in (2, 3):
        before = int(step.write.fixed[step.x[1]][axis])
        dx = step.write.cut(dx, axis, before, before + shape[axis])
    return [dx]


def choose(step: Step) -> list[str]:
    """dx = dy where a channel was chosen, 0 elsewhere"""
    shape, chosen = step.write.shape(step.x[0]), step.write.fixed[step.x[1]].tolist()
    none = step.write("Mul", step.write.cut(step.dy, 1, 0, 1), step.write.number(0))
    back = [chosen.index(channel) if channel in chosen else len(chosen) for channel in range(shape[1])]
    return [step.write("Gather", step.write("Concat", step.dy, none, axis=1), step.write.integers(*back), axis=1)]


def layer_normalisation(step: Step) -> list[str]:
    """With z = (x − mean) / deviation over the channels and g = dy · gain: dx = (g − mean g − z · mean gz) / deviation"""
    x, gain, _ = step.x
    write, epsilon = step.write, step.write.number(attribute(step.node, "epsilon", 1e-5))
    share = write.number(1 / write.shape(x)[1])

    def mean(name: str) -> str:
        return write("Mul", write.sum(name, [1]), share)

    centred = write("Sub", x, mean(x))
    deviation = write("Sqrt", write("Add", mean(write("Mul", centred, centred)), epsilon))
    normal, scaled = write("Div", centred, deviation), write("Mul", step.dy, gain)
    along = write("Mul", normal, mean(write("Mul", scaled, normal)))
    dx = write("Div", write("Sub", write("Sub", scaled, mean(scaled)), along), deviation)
    return [dx, step.fitted(write("Mul", step.dy, normal), 1), step.fitted(step.dy, 2)]


def _between(step: Step, name: str, low: float, high: float) -> tuple[str, str]:
    return step.write("Greater", name, step.write.number(low)), step.write("Less", name, step.write.number(high))


def identity(step: Step) -> list[str]:
    """dx = dy"""
    return [step.dy]


def reshape(step: Step) -> list[str]:
    """dx = dy in the shape of x"""
    return [step.write.reshape(step.dy, step.write.shape(step.x[0]))]


def concat(step: Step) -> list[str]:
    """dxᵢ = the part of dy that came from xᵢ"""
    axis = int(attribute(step.node, "axis", 1)) % len(step.write.shape(step.y))
    ends = np.cumsum([0, *(step.write.shape(name)[axis] for name in step.x)])
    return [step.write.cut(step.dy, axis, int(first), int(last)) for first, last in pairwise(ends)]


def add(step: Step) -> list[str]:
    """da = dy, db = dy"""
    return [step.fitted(step.dy, 0), step.fitted(step.dy, 1)]


def subtract(step: Step) -> list[str]:
    """da = dy, db = −dy"""
    return [step.fitted(step.dy, 0), step.fitted(step.write("Neg", step.dy), 1)]


def multiply(step: Step) -> list[str]:
    """da = dy · b, db = dy · a"""
    a, b = step.x
    return [step.fitted(step.write("Mul", step.dy, b), 0), step.fitted(step.write("Mul", step.dy, a), 1)]


def divide(step: Step) -> list[str]:
    """da = dy / b, db = −dy · y / b"""
    _, b = step.x
    da = step.write("Div", step.dy, b)
    return [step.fitted(da, 0), step.fitted(step.write("Neg", step.write("Mul", da, step.y)), 1)]


def global_average(step: Step) -> list[str]:
    """dx = dy / (H · W) at each position"""
    sides = step.write.shape(step.x[0])[2:]
    return [step.write("Mul", step.dy, step.write.constant(np.full((1, 1, *sides), 1 / np.prod(sides), np.float32)))]


def reduce_mean(step: Step) -> list[str]:
    """dx = dy / (numbers averaged) at each of them"""
    shape = step.write.shape(step.x[0])
    over = averaged_axes(step.node, step.write.fixed, len(shape))
    if 0 in over:
        raise GradientError("a ReduceMean averages over the pictures of a batch")
    spread = np.ones([size if axis in over else 1 for axis, size in enumerate(shape)], np.float32)
    kept = step.write.reshape(step.dy, [1 if axis in over else size for axis, size in enumerate(shape)])
    return [step.write("Mul", kept, step.write.constant(spread / spread.size))]


def batch_normalisation(step: Step) -> list[str]:
    """With z = (x − mean) / √(variance + ε): dx = dy · scale / √(variance + ε), dscale = Σ dy · z, dbias = Σ dy"""
    x, scale, _, mean, variance = step.x
    epsilon = step.write.number(attribute(step.node, "epsilon", 1e-5))
    shape = step.write.shape(x)
    per_channel = [1, shape[1], *(1 for _ in shape[2:])]
    others = [axis for axis in range(len(shape)) if axis != 1]
    deviation = step.write.reshape(step.write("Sqrt", step.write("Add", variance, epsilon)), per_channel)
    normal = step.write("Div", step.write("Sub", x, step.write.reshape(mean, per_channel)), deviation)
    dx = step.write("Mul", step.dy, step.write("Div", step.write.reshape(scale, per_channel), deviation))
    sums = [step.write.sum(each, others) for each in (step.write("Mul", step.dy, normal), step.dy)]
    return [dx, *(step.write.reshape(each, [shape[1]]) for each in sums)]


def gemm(step: Step) -> list[str]:
    """y = αAB + βC: dA = α dy Bᵀ, dB = α Aᵀ dy, dC = β dy; all turned where A or B enters turned"""
    a, b = step.x[:2]
    turned_a, turned_b = attribute(step.node, "transA", 0), attribute(step.node, "transB", 0)
    alpha, none = attribute(step.node, "alpha", 1.0), step.write.constant(np.zeros(1, np.float32))
    if turned_a:
        da = step.write("Gemm", b, step.dy, none, alpha=alpha, transA=turned_b, transB=1)
    else:
        da = step.write("Gemm", step.dy, b, none, alpha=alpha, transB=1 - turned_b)
    if turned_b:
        db = step.write("Gemm", step.dy, a, none, alpha=alpha, transA=1, transB=turned_a)
    else:
        db = step.write("Gemm", a, step.dy, none, alpha=alpha, transA=1 - turned_a)
    if not any(step.x[2:]):
        return [da, db]
    beta = step.write.number(attribute(step.node, "beta", 1.0))
    return [da, db, step.fitted(step.write("Mul", step.dy, beta), 2)]


def matrix_product(step: Step) -> list[str]:
    """dA = dy Bᵀ, dB = Aᵀ dy, each summed over the axes along which it was spread"""
    shapes = [step.write.shape(name) for name in step.x]
    if min(map(len, shapes)) < 2:
        raise GradientError("a MatMul has an input with one axis")
    turned = [
        step.write("Transpose", name, perm=[*range(len(shape) - 2), len(shape) - 1, len(shape) - 2])
        for name, shape in zip(step.x, shapes, strict=True)
    ]
    products = [step.write("MatMul", step.dy, turned[1]), step.write("MatMul", turned[0], step.dy)]
    rank = max(map(len, shapes))
    for at, shape in enumerate(shapes):
        spread = list(range(rank - len(shape)))
        if spread:
            products[at] = step.write.reshape(step.write.sum(products[at], spread), shape)
    return products


def softmax(step: Step) -> list[str]:
    """dx = y · (dy − Σ dy · y)"""
    rank = len(step.write.shape(step.y))
    if step.write.opset < 13:  # it took all axes from this one on
        over = list(range(attribute(step.node, "axis", 1) % rank, rank))
    else:
        over = [attribute(step.node, "axis", -1) % rank]
    mean = step.write.sum(step.write("Mul", step.dy, step.y), over)
    return [step.write("Mul", step.y, step.write("Sub", step.dy, mean))]


RULES: dict[str, Rule] = {
    "Conv": convolution,
    "Relu": relu,
    "LeakyRelu": leaky_relu,
    "Clip": clip,
    "Sigmoid": sigmoid,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": hard_swish,
    "Tanh": tanh,
    "Elu": elu,
    "Gelu": gelu,
    "Erf": error_function,
    "Softplus": softplus,
    "Sqrt": square_root,
    "PRelu": parametric_relu,
    "Pad": pad,
    "Gather": choose,
    "LayerNormalization": layer_normalisation,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalAveragePool": global_average,
    "ReduceMean": reduce_mean,
    "BatchNormalization": batch_normalisation,
    "Add": add,
    "Sub": subtract,
    "Mul": multiply,
    "Div": divide,
    "Concat": concat,
    "Flatten": reshape,
    "Reshape": reshape,
    "Identity": identity,
    "Dropout": identity,
    "Gemm": gemm,
    "MatMul": matrix_product,
    "Softmax": softmax,
}
