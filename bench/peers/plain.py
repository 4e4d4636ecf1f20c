"""A peer: the same network in a Streamlit app as one writes it first."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import streamlit as st
from PIL import Image

FOLDER = Path("models/photo")


@st.cache_resource
def load() -> tuple[onnxruntime.InferenceSession, dict]:
    return onnxruntime.InferenceSession(FOLDER / "model.onnx"), json.loads((FOLDER / "card.json").read_text())


session, card = load()
st.title("What is in my photo?")
file = st.file_uploader("Choose a photo")
if file is not None:
    photo = Image.open(file).convert("RGB")
    st.image(photo)
    made = card["preprocessing"]
    pixels = np.asarray(photo.resize((made["size"], made["size"])), np.float32) / 255
    tensor = ((pixels - made["mean"]) / made["std"]).astype(np.float32).transpose(2, 0, 1)[None]
    (logits,) = session.run(None, {session.get_inputs()[0].name: tensor})
    powers = np.exp(logits[0] - logits[0].max())
    shares = powers / powers.sum()
    best = np.argsort(-shares)[:5]
    st.write(f"This is: {card['classes'][best[0]]}")
    st.bar_chart({card["classes"][index]: float(shares[index]) for index in best})
