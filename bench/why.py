"""What asking why costs, beside plain passes of the same network. Peers: PyTorch's autograd, and captum, which draws on it."""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from bench.engine import FOLDER, TIMES, twin_of
from bench.serving import PEERS_PYTHON, ROOT
from bench.timing import median, ratio, took
from convoscope.benchmark import Row
from convoscope.evidence import linear_head
from convoscope.network import Network, load, open_session
from convoscope.why.full_gradient import open_full_gradients
from convoscope.why.gradients import open_gradients
from convoscope.why.heat import grad_cam, integrated, saliency
from convoscope.why.occlusion import occlude
from convoscope.why.question import Question
from convoscope.why.surgery import lean
from convoscope.why.switches import open_leave_one_out, switched_stages
from convoscope.why.trust import Trial

CHANNELS = 160  # of the layers that are left out one by one
STEPS = 32  # of a deletion curve, and as many of an insertion curve


def rows() -> list[Row]:
    network = load(FOLDER)
    model = onnx.load(FOLDER / "model.onnx")
    bare = open_session(model, threads=1)
    side = network.card.preprocessing.size
    photo = np.random.default_rng(0).normal(size=(1, 3, side, side)).astype(np.float32)
    question = Question(3)
    gradients, full = open_gradients(network), open_full_gradients(network)
    twin = twin_of(len(network.card.classes))
    torch.set_num_threads(1)
    wide = [open_leave_one_out(network, stage) for stage in switched_stages(network) if stage.shape[0] == CHANNELS]
    trial = Trial(lean(network), photo, question, STEPS)
    values = saliency(gradients, photo, question).values

    floor = median(lambda: bare.run(None, {"input": photo}), TIMES)
    gradient = median(lambda: saliency(gradients, photo, question), TIMES)
    peer = median(lambda: _torch_saliency(twin, photo, question), TIMES)
    parts = median(lambda: full.of(photo, question).values, TIMES)
    left_out = statistics.mean(median(partial(layer.of, photo), 5) for layer in wide)
    curves = median(lambda: trial.curves(values), 5)
    patches = median(lambda: list(occlude(trial.network, photo, question, side // 6, side // 16)), 3)
    return [
        took("gradient map", gradient, ratio(gradient, floor, "a forward pass", 4)),
        took("the same in PyTorch", peer, ratio(gradient, peer, "of it is our map", 1)),
        took("logit as a sum over photo and biases", parts, ratio(parts, floor, "a forward pass")),
        took(
            f"{CHANNELS} channels left out one by one, mean of {len(wide)} layers",
            left_out,
            ratio(left_out, CHANNELS * floor, "as many forward passes", 0.6),
        ),
        took(f"deletion and insertion curve, {STEPS} steps", curves, ratio(curves, 2 * (STEPS + 1) * floor, "as many passes")),
        took("occlusion map", patches),
        *_beside_captum(network, twin, photo, question),
    ]


def _beside_captum(network: Network, twin: nn.Sequential, photo: NDArray[np.float32], question: Question) -> list[Row]:
    """In processor time: ours uses two threads where captum has one. The maps are the same, but for kinks that rounding moves."""
    head = linear_head(network)
    assert head is not None
    layer = head.stage.tensor
    gradients = open_gradients(network, [layer], photo=False)
    plain = open_gradients(network)
    ours: dict[str, tuple[str, Callable[[], NDArray[np.float64]]]] = {
        "saliency": ("saliency", lambda: saliency(plain, photo, question).values),
        "integrated": (f"integrated gradients, {STEPS} steps", lambda: integrated(plain, photo, question, STEPS).values),
        "grad_cam": ("Grad-CAM at the last maps", lambda: grad_cam(gradients, photo, question, layer).values),
    }
    theirs = _captum(twin, photo, question, layer)
    rows = []
    for name, (title, draw) in ours.items():
        own, against = median(draw, 10, time.process_time), "captum is not here to compare with: `make .venv-peers/done`"
        if theirs:
            np.testing.assert_allclose(draw(), theirs[name], atol=1e-2 * np.abs(theirs[name]).max())
            against = ratio(own, float(theirs[f"{name}_ms"]), "captum's", 1)
        rows.append(took(f"{title}, processor time", own, against))
    return rows


def _captum(twin: nn.Sequential, photo: NDArray[np.float32], question: Question, layer: str) -> dict[str, NDArray[np.float32]]:
    """Its maps, and their times, by name; nothing if it is not installed."""
    if not (ROOT / PEERS_PYTHON).exists():
        return {}
    with tempfile.TemporaryDirectory() as folder:
        torch.save(twin, Path(folder) / "network.pt")
        np.save(Path(folder) / "photo.npy", photo)
        asked = [layer, str(question.index), str(STEPS), "10"]
        subprocess.run([PEERS_PYTHON, "bench/peers/captum_maps.py", folder, *asked], cwd=ROOT, check=True)
        with np.load(Path(folder) / "captum.npz") as file:
            return dict(file)


def _torch_saliency(twin: nn.Module, photo: np.ndarray, question: Question) -> np.ndarray:
    x = torch.tensor(photo, requires_grad=True)
    (gradient,) = torch.autograd.grad(twin(x)[0, question.index], x)
    return np.asarray(gradient[0].abs().amax(0).numpy())
