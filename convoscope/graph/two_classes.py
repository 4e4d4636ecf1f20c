"""A network that tells two classes apart by one number → the same with a score for each, as networks of more classes have them.

sigmoid(z) is the second share of softmax(−z/2, z/2), so what makes z is halved, and negated for the first class.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

from convoscope.graph.reading import attribute, computing_nodes, constants


def score_both(model: ModelProto) -> ModelProto:
    """Changes a model whose one output is one number of a dense step, with a sigmoid or without; returns it, or any other."""
    made_by = {node.output[0]: node for node in computing_nodes(model.graph)}
    fixed = constants(model.graph)
    last = next((made_by[output.name] for output in model.graph.output[:1] if output.name in made_by), None)
    summed = made_by.get(last.input[0]) if last is not None and last.op_type == "Sigmoid" else last
    added = _fixed_at(summed, fixed) if summed is not None and summed.op_type == "Add" else None
    dense = summed if added is None or summed is None else made_by.get(summed.input[1 - added])
    if last is None or summed is None or dense is None or dense.op_type not in ("Gemm", "MatMul"):
        return model
    weights, axis = fixed.get(dense.input[1], np.zeros(0)), 0 if attribute(dense, "transB", 0) else 1
    biases = [(dense, 2)] if any(dense.input[2:]) else []
    biases += [(summed, added)] if added is not None else []
    single = all(fixed.get(node.input[at], np.zeros(0)).size == 1 for node, at in biases)
    if weights.ndim != 2 or weights.shape[axis] != 1 or not single:
        return model
    _replace(model, dense, 1, np.concatenate([-weights, weights], axis) / 2)
    for node, at in biases:
        bias = fixed[node.input[at]].reshape(1)
        _replace(model, node, at, np.concatenate([-bias, bias]) / 2)
    if last is not summed:
        last.op_type = "Softmax"
        last.attribute.append(helper.make_attribute("axis", 1))
    model.graph.output[0].type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    return model


def _fixed_at(node: NodeProto, fixed: dict[str, NDArray[Any]]) -> int | None:
    return next((at for at, name in enumerate(node.input) if name in fixed), None)


def _replace(model: ModelProto, node: NodeProto, at: int, values: NDArray[np.floating]) -> None:
    name = f"{node.input[at]}/both"
    model.graph.initializer.append(numpy_helper.from_array(values, name))
    node.input[at] = name
