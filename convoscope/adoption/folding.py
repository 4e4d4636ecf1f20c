"""What does not depend on the picture, computed once: weights that are standardised, turned or joined on the way."""

import numpy as np
import onnxruntime
from onnx import ModelProto, helper, numpy_helper

from convoscope.graph.reading import computing_nodes, constants, copied

_STAY = frozenset({"Constant", "Identity"})  # have a fixed value as they stand


def fold(model: ModelProto) -> None:
    """Changes the model: steps on constants alone become constants."""
    moving = {node.output[0] for node in computing_nodes(model.graph)}
    fixed = constants(model.graph)
    steps = [node for node in model.graph.node if node.output[0] not in moving and node.output[0] not in fixed]
    if not steps:
        return
    names = [name for node in steps for name in node.output if name]
    asked = copied(model)
    del asked.graph.node[:], asked.graph.output[:], asked.graph.input[:]
    asked.graph.node.extend(node for node in model.graph.node if node.output[0] not in moving)
    asked.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(asked.SerializeToString(), providers=["CPUExecutionProvider"])
    for name, value in zip(names, session.run(None, {}), strict=True):
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    kept = [node for node in model.graph.node if node.output[0] in moving or node.op_type in _STAY]
    del model.graph.node[:]
    model.graph.node.extend(kept)
