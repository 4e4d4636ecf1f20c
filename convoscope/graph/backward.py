"""The gradient of a score with respect to any tensors, written into the graph in standard ONNX operators.

Reverse-mode differentiation on the graph itself: the steps between the tensors asked for and the score are gone through
backwards, each by its operator's rule, so that any ONNX runtime computes gradients without a training framework.
"""

from collections.abc import Sequence

from onnx import ModelProto, NodeProto, TensorProto, helper

from convoscope.graph.reading import copied
from convoscope.graph.rules import RULES
from convoscope.graph.step import GradientError, Step, Writer

__all__ = ["LOGIT_WEIGHTS", "GradientError", "backward", "gradient_of"]

LOGIT_WEIGHTS = "logit_weights"


def gradient_of(tensor: str) -> str:
    """The name of the output that holds the gradient with respect to a tensor."""
    return f"gradient({tensor})"


def backward(model: ModelProto, tensors: Sequence[str], logits: str) -> ModelProto:
    """A copy of the model with one more input and, after its own outputs, one more for each of the tensors asked for.

    The input LOGIT_WEIGHTS, float32 (N, classes), says what is differentiated: Σ logits · weights for each picture. One-hot
    asks for one logit, +1 and −1 for the difference of two. logits: the name of a tensor (N, classes).
    The output gradient_of(tensor), float32, has the shape of the tensor, which may be the input, any tensor computed
    from it, or weights; a gradient with respect to weights is the sum over the pictures.

    Raises GradientError for an operator without a rule between them, naming it, and for a tensor the logits do not depend on.
    """
    extended = copied(model)
    write = Writer.on(extended, "gradient")
    own = len(extended.graph.node)
    weights = helper.make_tensor_value_info(LOGIT_WEIGHTS, TensorProto.FLOAT, [None, write.shape(logits)[1]])
    extended.graph.input.append(weights)
    found = _gradients(list(extended.graph.node), frozenset(tensors), logits, write)
    for tensor in dict.fromkeys(tensors):
        if tensor not in found:
            raise GradientError(f"{logits} does not depend on {tensor} in a way that has a gradient")
        extended.graph.node.append(helper.make_node("Identity", [found[tensor]], [gradient_of(tensor)]))
        extended.graph.output.append(helper.make_tensor_value_info(gradient_of(tensor), TensorProto.FLOAT, None))
    _prune(extended, own)
    return extended


def _gradients(nodes: Sequence[NodeProto], asked: frozenset[str], logits: str, write: Writer) -> dict[str, str]:
    """For every tensor between those asked for and the logits, the name of the gradient with respect to it."""
    between = set(asked)
    for node in nodes:
        if between.intersection(node.input):
            between.update(node.output)
    parts: dict[str, list[str]] = {logits: [LOGIT_WEIGHTS]}
    found = {}
    for node in reversed(nodes):
        if node.output[0] in parts and between.intersection(node.input):
            found[node.output[0]] = write.add(parts[node.output[0]])
            if node.op_type not in RULES:
                raise GradientError(f"the gradient cannot be led through the operator {node.op_type}")
            rule = RULES[node.op_type]
            for name, part in zip(node.input, rule(Step(node, found[node.output[0]], write)), strict=False):
                if name in between and part is not None:
                    parts.setdefault(name, []).append(part)
    return {name: found.get(name) or write.add(each) for name, each in parts.items()}


def _prune(model: ModelProto, own: int) -> None:
    """Takes out the added steps, those after the first `own`, that lead to no output."""
    needed = {output.name for output in model.graph.output}
    kept = []
    for node in reversed(model.graph.node[own:]):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    del model.graph.node[own:]
    model.graph.node.extend(reversed(kept))
