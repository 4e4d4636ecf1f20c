"""The engine: from the bytes of a photo to every number a network computes from it.

Knows numpy, Pillow, onnx and onnxruntime; never streamlit, never torch.
"""
