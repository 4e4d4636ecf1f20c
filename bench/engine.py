"""From bytes to every activation map, without a browser. Peer: the same network in PyTorch, with a hook on every step."""

import io
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from PIL import Image
from torch import nn

from bench.timing import median, ratio, took
from convoscope.benchmark import Row
from convoscope.evidence import linear_head
from convoscope.network import Network, Prediction, load, open_session
from convoscope.photo import read
from convoscope.prepare import centre_crop, prepare
from train.network import TrainingNetwork
from train.start import read_start, recipe_of

FOLDER = Path("models/photo")
TIMES = 30


def rows() -> list[Row]:
    phone = _phone_photo()
    network = load(FOLDER)
    photo = read(phone)
    prepared = prepare(photo, centre_crop(photo), network.card.preprocessing)
    model = onnx.load(FOLDER / "model.onnx")
    bare = open_session(model, threads=1)
    torch.set_num_threads(1)
    hooked = _hooked(len(network.card.classes))

    decode = median(lambda: read(phone), 10)
    whole = median(lambda: np.asarray(Image.open(io.BytesIO(phone)).convert("RGB")), 5)
    floor = median(lambda: bare.run(None, {"input": prepared.tensor}), TIMES)
    predict = median(lambda: network.predict(prepared), TIMES)
    trace = median(lambda: network.trace(prepared), TIMES)
    with torch.inference_mode():
        peer = median(lambda: hooked(torch.from_numpy(prepared.tensor)), TIMES)
    ours = median(lambda: _answer(phone, network), 10)
    naive = median(lambda: _naive_answer(phone, bare, network), 5)
    head = linear_head(network)
    assert head is not None
    traced = network.trace(prepared)
    return [
        took("prediction from the network's input", predict, ratio(predict, floor, "bare ONNX Runtime", 1.1)),
        took("trace of every tensor", trace, ratio(trace, floor, "bare ONNX Runtime", 1.25)),
        took("the same in PyTorch with hooks", peer, ratio(trace, peer, "of it is our trace", 0.7)),
        took("12-megapixel JPEG to prediction", ours, ratio(ours, naive, "the naive way at full size", 0.35)),
        took("12-megapixel JPEG to Photo", decode, ratio(decode, whole, "decoding it at full size")),
        took("Photo to input", median(lambda: prepare(photo, centre_crop(photo), network.card.preprocessing), TIMES)),
        took("evidence for one class", median(lambda: head.evidence(traced, 0), TIMES)),
        took("load of the model folder", median(lambda: load(FOLDER), 5)),
    ]


def _answer(data: bytes, network: Network) -> Prediction:
    photo = read(data)
    return network.predict(prepare(photo, centre_crop(photo), network.card.preprocessing))


def _naive_answer(data: bytes, session: InferenceSession, network: Network) -> NDArray[np.float32]:
    made = network.card.preprocessing
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB").resize((made.size, made.size)), np.float32) / 255
    mean, std = np.asarray(made.mean, np.float32), np.asarray(made.std, np.float32)
    tensor = ((pixels - mean) / std).transpose(2, 0, 1)[None]
    return np.asarray(session.run(None, {"input": tensor})[0])


def _phone_photo() -> bytes:
    small = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((4000, 3000), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def twin_of(classes: int) -> nn.Sequential:
    """The network of FOLDER in PyTorch, for inference."""
    start = read_start(FOLDER)
    plain = TrainingNetwork(recipe_of(FOLDER.name, False, start), classes).plain()
    plain.load_state_dict({name: start.weights[name] for name in plain.state_dict()})
    return plain.eval().requires_grad_(False)


def _hooked(classes: int) -> nn.Sequential:
    """The twin, which keeps what every step made of the last photo."""
    twin, kept = twin_of(classes), dict[nn.Module, torch.Tensor]()
    for step in twin:
        step.register_forward_hook(lambda step, _inputs, output: kept.update({step: output}))
    return twin
