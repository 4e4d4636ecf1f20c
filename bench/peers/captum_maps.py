"""A peer: captum's maps of one photo in PyTorch, on one thread, and the milliseconds of processor time that each takes.

`python captum_maps.py FOLDER LAYER CLASS STEPS TIMES`: FOLDER holds network.pt and photo.npy, and gets captum.npz.
"""

import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerGradCam, Saliency

folder, layer = Path(sys.argv[1]), sys.argv[2]
target, steps, times = map(int, sys.argv[3:])
torch.set_num_threads(1)
network = torch.load(folder / "network.pt", weights_only=False)
photo = torch.from_numpy(np.load(folder / "photo.npy")).requires_grad_()
methods = {
    "saliency": lambda: Saliency(network).attribute(photo, target).amax(1),
    "integrated": lambda: IntegratedGradients(network).attribute(photo, 0, target, n_steps=steps, method="riemann_middle").sum(1),
    "grad_cam": lambda: LayerGradCam(network, network.get_submodule(layer)).attribute(photo, target)[:, 0],
}
kept = {}
for name, draw in methods.items():
    kept[name] = draw()[0].detach().numpy()
    taken = []
    for _ in range(times):
        started = time.process_time()
        draw()
        taken.append((time.process_time() - started) * 1000)
    kept[f"{name}_ms"] = np.array(median(taken))
np.savez(folder / "captum.npz", **kept)
