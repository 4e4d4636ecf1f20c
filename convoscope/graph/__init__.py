"""Model surgery: pure functions on `onnx.ModelProto` that work on any supported graph."""
