"""Layer normalisation over the channels at each place (Ba, Kiros and Hinton, 2016), as a function of the model's own.

ONNX's own LayerNormalization works on the last axes, where channels in front do not lie.
"""

from onnx import FunctionProto, ModelProto, helper, parser

from convoscope.graph.reading import OWN_DOMAIN

_FUNCTION = """
<opset_import: ["" : {opset}], domain: "convoscope">
LayerNormalization <epsilon> (x, gain, shift) => (y) {{
    {axis}
    mean = {mean_of}(x{on_axis})
    centred = Sub (x, mean)
    squares = Mul (centred, centred)
    variance = {mean_of}(squares{on_axis})
    least = Constant <value_float: float = @epsilon> ()
    raised = Add (variance, least)
    deviation = Sqrt (raised)
    normal = Div (centred, deviation)
    scaled = Mul (normal, gain)
    y = Add (scaled, shift)
}}
"""


def declare(model: ModelProto) -> None:
    """Adds the function to the model, if it is not there. A node of it: inputs x (N, C, …), gain and shift (C, …); epsilon."""
    if any(each.domain == OWN_DOMAIN for each in model.functions):
        return
    opset = next(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
    model.functions.append(_function(opset))
    model.opset_import.append(helper.make_opsetid(OWN_DOMAIN, 1))
    model.ir_version = max(model.ir_version, 8)  # the first with functions


def _function(opset: int) -> FunctionProto:
    if opset < 18:  # axes became an input
        parts = {"axis": "", "mean_of": "ReduceMean <axes = [1], keepdims = 1> ", "on_axis": ""}
    else:
        axis = "axis = Constant <value_ints = [1]> ()"
        parts = {"axis": axis, "mean_of": "ReduceMean <keepdims = 1> ", "on_axis": ", axis"}
    return parser.parse_function(_FUNCTION.format(opset=opset, **parts))
