"""A model that lies on disk, parsed when it is asked for: its weights take as much memory as those that the session holds."""

import os
import threading
import time
import weakref
from pathlib import Path

import onnx
from onnx import ModelProto

from convoscope.graph.reading import GraphError
from convoscope.graph.settle import settle

HELD = 10.0  # seconds


class StoredModel:
    """Called by many threads at once, it gives them the settled model, which none may change. What replaces the file is not seen.

    held: seconds for which the parsed model stays in memory after it was last asked for.
    Raises OSError; called, also DecodeError, and GraphError if the file was written over or cannot be settled.
    """

    def __init__(self, path: Path, held: float = HELD) -> None:
        self._file = path.open("rb")
        weakref.finalize(self, self._file.close)
        self._written, self._held = self._last_written(), held
        self._lock = threading.Lock()
        self._model: ModelProto | None = None

    def __call__(self) -> ModelProto:
        with self._lock:
            self._asked = time.monotonic()
            if self._model is None:
                self._model = self._read()
                self._look_after(self._held)
            return self._model

    def _read(self) -> ModelProto:
        if self._last_written() != self._written:
            raise GraphError("its file was written over since it was loaded")
        self._file.seek(0)
        return settle(onnx.load_model_from_string(self._file.read()))

    def _last_written(self) -> int:
        return os.fstat(self._file.fileno()).st_mtime_ns

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
