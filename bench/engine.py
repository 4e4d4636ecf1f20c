"""From bytes to every activation map, without a browser. Peer: the same network in PyTorch, with a hook on every step."""

import io
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from PIL import Image
from torch import nn

from bench.timing import Row, median, ratio
from convoscope.evidence import linear_head
from convoscope.network import load, open_session
from convoscope.photo import read
from convoscope.prepare import centre_crop, prepare
from train.network import TrainingNetwork
from train.recipes import PHOTO

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
    hooked, kept = _hooked(model, len(network.card.classes))

    decode = median(lambda: read(phone), 10)
    whole = median(lambda: np.asarray(Image.open(io.BytesIO(phone)).convert("RGB")), 5)
    floor = median(lambda: bare.run(None, {"input": prepared.tensor}), TIMES)
    trace = median(lambda: network.trace(prepared), TIMES)
    with torch.inference_mode():
        peer = median(lambda: (kept.clear(), hooked(torch.from_numpy(prepared.tensor))), TIMES)
    head = linear_head(network)
    assert head is not None
    traced = network.trace(prepared)
    return [
        Row("12-megapixel JPEG to Photo", decode, ratio(decode, whole, "decoding it at full size")),
        Row("Photo to input", median(lambda: prepare(photo, centre_crop(photo), network.card.preprocessing), TIMES)),
        Row("trace of every tensor", trace, ratio(trace, floor, "ONNX Runtime without the extra outputs")),
        Row("the same in PyTorch with hooks", peer, ratio(trace, peer, "is what our trace takes of it")),
        Row("evidence for one class", median(lambda: head.evidence(traced, 0), TIMES)),
        Row("load of the model folder", median(lambda: load(FOLDER), 5)),
    ]


def _phone_photo() -> bytes:
    small = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((4000, 3000), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def _hooked(model: onnx.ModelProto, classes: int) -> tuple[nn.Sequential, list[torch.Tensor]]:
    plain = TrainingNetwork(PHOTO, classes).plain()
    weights = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in model.graph.initializer}
    plain.load_state_dict({name: weights[name] for name in plain.state_dict()})
    kept: list[torch.Tensor] = []
    for step in plain:
        step.register_forward_hook(lambda _step, _inputs, output: kept.append(output))
    return plain, kept
