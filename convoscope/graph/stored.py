"""A model that lies on disk, parsed when it is asked for: its weights take as much memory as those that the session holds."""

import hashlib
import threading
import time
import weakref
from math import inf
from pathlib import Path

import onnx
from onnx import ModelProto

from convoscope.graph.reading import GraphError, check_weights_inside
from convoscope.graph.scaling import Scaling, take_scaling
from convoscope.graph.settle import settle
from convoscope.graph.two_classes import score_both

HELD = 10.0  # seconds


class StoredModel:
    """Called by many threads at once, it gives them the settled model, which none may change. What replaces the file is not seen.

    sha256: of the file, hexadecimal. held: seconds for which the parsed model stays in memory after it was last asked for.
    Raises OSError; called, also DecodeError, and GraphError if the file holds something else now or cannot be settled.
    """

    def __init__(self, path: Path, sha256: str, held: float = HELD) -> None:
        self._file = path.open("rb")
        weakref.finalize(self, self._file.close)
        self._sha256, self._held = sha256, held
        self._lock = threading.Lock()
        self._model: ModelProto | None = None
        self._scaling: Scaling | None = None
        self._asked = -inf

    @property
    def scaling(self) -> Scaling:
        """What its first steps do to the pixels: the model that is given begins after them. Raises what a call does."""
        self()
        assert self._scaling is not None
        return self._scaling

    def __call__(self) -> ModelProto:
        with self._lock:
            self._asked = time.monotonic()
            if self._model is None:
                self._model = self._read()
                self._look_after(self._held)
            return self._model

    def _read(self) -> ModelProto:
        self._file.seek(0)
        data = self._file.read()
        if hashlib.sha256(data).hexdigest() != self._sha256:
            raise GraphError("its file was written over since it was loaded")
        model = onnx.load_model_from_string(data)
        check_weights_inside(model)
        self._scaling = take_scaling(settle(model))
        return score_both(model)

    def _look_after(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._let_go_if_unused)
        timer.daemon = True
        timer.start()

    def _let_go_if_unused(self) -> None:
        with self._lock:
            rest = self._asked + self._held - time.monotonic()
            if rest > 0:
                self._look_after(rest)
            else:
                self._model = None
