"""A peer: the same network behind Gradio's image input and label, as its documentation has it. Concurrency is the default: 1."""

import json
from pathlib import Path

import gradio as gr
import numpy as np
import onnxruntime
from PIL import Image

FOLDER = Path("models/photo")
session = onnxruntime.InferenceSession(FOLDER / "model.onnx")
card = json.loads((FOLDER / "card.json").read_text())
made = card["preprocessing"]


def classify(photo: Image.Image) -> dict[str, float]:
    pixels = np.asarray(photo.resize((made["size"], made["size"])), np.float32) / 255
    tensor = ((pixels - made["mean"]) / made["std"]).astype(np.float32).transpose(2, 0, 1)[None]
    (logits,) = session.run(None, {session.get_inputs()[0].name: tensor})
    powers = np.exp(logits[0] - logits[0].max())
    return dict(zip(card["classes"], map(float, powers / powers.sum()), strict=True))


with gr.Blocks() as app:
    photo = gr.Image(type="pil", sources=["upload"])
    label = gr.Label(num_top_classes=5)
    photo.upload(classify, photo, label)

app.launch()
