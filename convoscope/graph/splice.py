"""Other values in place of a tensor, for all that comes after it: what gates and silencing have in common."""

from collections.abc import Callable, Mapping, Set

import numpy as np
from onnx import ModelProto, NodeProto, helper

from convoscope.graph.reading import GraphError, computing_nodes, copied
from convoscope.graph.step import Writer

Change = Callable[[Writer, str], str]  # writes the steps that make the other values; takes and gives a tensor's name


def splice(model: ModelProto, prefix: str, changes: Mapping[str, Change]) -> ModelProto:
    """A copy of the model in which each tensor named is what its change makes of it. The tensors keep their names.

    prefix: of the names of all that is added. The number of pictures may be another behind a change than before it.
    Raises GraphError for a tensor that the network does not compute.
    """
    spliced = copied(model)
    _open_batch(spliced)
    write = Writer.on(spliced, prefix)
    unknown = set(changes) - {node.output[0] for node in computing_nodes(model.graph)}
    if unknown:
        raise GraphError(f"its graph computes no tensor {min(unknown)}")
    nodes, behind = list(spliced.graph.node), set(changes)
    del spliced.graph.node[:]
    for node in nodes:
        if behind.intersection(node.input):
            behind.update(node.output)
            if node.op_type == "Concat":
                _spread(node, behind, write)
        spliced.graph.node.append(node)
        if node.output[0] in changes:
            tensor, before = node.output[0], f"{prefix}/{node.output[0]}"
            spliced.graph.node[-1].output[0] = before
            after = changes[tensor](write, before)
            spliced.graph.node.append(helper.make_node("Identity", [after], [tensor]))
    return spliced


def _spread(concat: NodeProto, behind: Set[str], write: Writer) -> None:
    """Joins what may have come from one picture with what may be many variants: unlike other steps, Concat does not spread."""
    names = list(concat.input)
    ones = write.constant(np.ones(len(write.shape(names[0])) - 1, np.int64))
    counts = {name: write.cut(write("Shape", name), 0, 0, 1) for name in dict.fromkeys(names) if name in behind}
    for at, name in enumerate(names):
        for other, count in counts.items():
            if other != name:
                concat.input[at] = write("Expand", concat.input[at], write("Concat", count, ones, axis=0))


def _open_batch(model: ModelProto) -> None:
    """What was declared of the number of pictures need no longer hold."""
    del model.graph.value_info[:]
    for output in model.graph.output:
        if output.type.tensor_type.shape.dim:
            output.type.tensor_type.shape.dim[0].Clear()
