"""A model folder → predictions and traces, by ONNX Runtime."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import ModelProto

from convoscope.cached import cached_property
from convoscope.card import Card, ModelError, read_card
from convoscope.graph.reading import GraphError, check_operators, computing_nodes, constants
from convoscope.graph.stored import StoredModel
from convoscope.graph.tap import tap
from convoscope.layers import Layer, Stage, layer_names, read_layers
from convoscope.prepare import Prepared

RUNTIME_FAILURES = (
    onnxruntime.capi.onnxruntime_pybind11_state.Fail,
    onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument,
    onnxruntime.capi.onnxruntime_pybind11_state.InvalidGraph,
    onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf,
    onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented,
    onnxruntime.capi.onnxruntime_pybind11_state.RuntimeException,
)
LET_GO = onnxruntime.RunOptions()
LET_GO.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")


@dataclass(frozen=True)
class Answer:
    """One class with its probability (0-1) and its logit."""

    index: int
    name: str
    probability: float
    logit: float


@dataclass(frozen=True)
class Prediction:
    """logits, probabilities: float64 (classes,). Probabilities are the softmax of logits / temperature."""

    classes: tuple[str, ...]
    logits: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """Every class, the most probable first."""
        order = np.argsort(-self.probabilities, kind="stable")
        names = (self.classes[index] for index in order)
        return tuple(map(Answer, order.tolist(), names, self.probabilities[order].tolist(), self.logits[order].tolist()))

    @property
    def best(self) -> Answer:
        return self.answers[0]


@dataclass(frozen=True)
class Activation:
    """values: float32 of the stage's shape, read-only."""

    stage: Stage
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Trace:
    """Every tensor the network computed for one photo, in the order of the graph."""

    prediction: Prediction
    activations: tuple[Activation, ...]

    @cached_property
    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """By name, of the stage's shape."""
        return {each.stage.tensor: each.values for each in self.activations}

    def values(self, stage: Stage) -> NDArray[np.float32]:
        return self.tensors[stage.tensor]


@dataclass(frozen=True)
class Network:
    """A loaded model folder. `predict`, `trace` and `logits` may run in many threads at once.

    read_model: gives the graph with its weights, which nobody may change.
    weights: values that stand in for the graph's own, for a session of an `adjustable` graph; moment: what they are called.
    """

    card: Card
    read_model: Callable[[], ModelProto]
    layers: tuple[Layer, ...]
    session: onnxruntime.InferenceSession
    logits_name: str
    weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    moment: str = ""

    @cached_property
    def key(self) -> str:
        """Tells it from every other network: the same graph with another card or other weights is another network."""
        return hashlib.sha256((self.card.model_dump_json() + self.moment).encode()).hexdigest()

    @property
    def model(self) -> ModelProto:
        """Raises GraphError if its file was written over since it was loaded."""
        return self.read_model()

    @property
    def constants(self) -> dict[str, NDArray[Any]]:
        """What the graph holds by name: weights, those that stand in for them, settings."""
        return constants(self.model.graph) | dict(self.weights)

    @property
    def stages(self) -> Iterator[Stage]:
        return (stage for layer in self.layers for stage in layer.stages)

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        return sum(layer.multiply_adds for layer in self.layers)

    def logits(self, tensors: NDArray[np.float32]) -> NDArray[np.float64]:
        """float32 (N, C, S, S) → float64 (N, classes)."""
        (logits,) = self.session.run([self.logits_name], self._feeds(tensors))
        return np.asarray(logits, np.float64)

    def predict(self, prepared: Prepared) -> Prediction:
        return self.prediction(self.logits(prepared.tensor)[0])

    def trace(self, prepared: Prepared) -> Trace:
        arrays = self.session.run(None, self._feeds(prepared.tensor))
        activations = []
        for stage, array in zip(self.stages, arrays, strict=True):
            array.flags.writeable = False
            activations.append(Activation(stage, array[0]))
        logits = next(each.values for each in activations if each.stage.tensor == self.logits_name)
        return Trace(self.prediction(logits.astype(np.float64)), tuple(activations))

    def prediction(self, logits: NDArray[np.float64]) -> Prediction:
        """logits: (classes,)."""
        return Prediction(self.card.classes, logits, self.probabilities(logits))

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """(…, classes) → float64 (…, classes), 0-1, calibrated where the card says how."""
        return softmax(logits.astype(np.float64) / self.card.temperature)

    def _feeds(self, tensors: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return {self.session.get_inputs()[0].name: tensors, **self.weights}


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def load(folder: Path, threads: int = 1) -> Network:
    """Reads `card.json` and `model.onnx`, checks them against each other, and opens one session. threads: per run.

    Steps at the beginning of the graph that scale the pixels become part of how its card prepares a photo.
    Raises ModelError.
    """
    card = read_card(folder)
    try:
        read_model = StoredModel(folder / "model.onnx", card.sha256)
        model = read_model()
        card = card.model_copy(update={"preprocessing": read_model.scaling.after(card.preprocessing)})
        check_operators(model)
        session = open_session(tap(model), threads)
        logits_name = _logits_name(model)
        shapes = _probe(session, card, logits_name)
        _check_classes(folder, card, shapes[logits_name])
        _check_layers(folder, card, model)
        layers = read_layers(model, shapes, {layer.name: layer.title for layer in card.layers})
    except (GraphError, DecodeError, *RUNTIME_FAILURES) as failure:
        reason = str(failure).partition("\n")[0].rstrip(".")  # ONNX Runtime goes on for lines
        raise ModelError(f"{folder.name}/model.onnx cannot be used: {reason}.") from failure
    except (IndexError, KeyError, StopIteration, ValueError) as failure:
        raise ModelError(f"{folder.name}/model.onnx cannot be used: its graph cannot be read.") from failure
    return Network(card, read_model, layers, session, logits_name)


def open_session(model: ModelProto, threads: int, pooled: bool = False) -> onnxruntime.InferenceSession:
    """pooled: what runs have needed stays in a pool, for the next, until after a run with `LET_GO`.

    Without, the system gives and takes each large block anew, which costs graphs of many steps almost as much as computing.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = pooled
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    session._model_bytes = None  # kept for a session on another device, as large as the weights
    return session


def _probe(session: onnxruntime.InferenceSession, card: Card, logits_name: str) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor without its batch axis, from one run on zeros.

    Raises GraphError if it takes pictures of another shape, or one at a time only, or if a number is not finite.
    """
    made, given = card.preprocessing, session.get_inputs()[0]
    name, taken = given.name, given.shape[1:]
    prepared = [made.channel_count, made.size, made.size]
    fits = [own == size or not isinstance(size, int) for size, own in zip(taken, prepared, strict=False)]
    if len(taken) != len(prepared) or not all(fits):
        takes, gets = (" × ".join(map(str, sizes)) for sizes in (taken, prepared))
        raise GraphError(f"it takes pictures of {takes} numbers, and its card prepares {gets}")
    zeros = np.zeros((2, made.channel_count, made.size, made.size), np.float32)
    arrays = session.run(None, {name: zeros[:1]})
    try:
        together = session.run([logits_name], {name: zeros})[0].shape[0]
    except RUNTIME_FAILURES:
        together = 1
    if together != len(zeros):
        raise GraphError("it takes one picture at a time; export it with an open batch axis")
    for output, array in zip(session.get_outputs(), arrays, strict=True):
        if not np.isfinite(array).all():
            raise GraphError(f"what it computes in {output.name} is not finite")
    return {output.name: array.shape[1:] for output, array in zip(session.get_outputs(), arrays, strict=True)}


def _logits_name(model: ModelProto) -> str:
    """The first output, or what goes into its softmax. Raises GraphError if no layer leads to it."""
    made_by = {node.output[0]: node for node in computing_nodes(model.graph)}
    name = next((str(output.name) for output in model.graph.output), "")
    if name not in made_by or not layer_names(model):
        raise GraphError("its graph has no layer of fixed weights between the input and the output")
    last = made_by[name]
    if last.op_type in ("Sigmoid", "HardSigmoid"):
        raise GraphError(
            "it ends in a sigmoid, a probability for each class by itself; here those of all classes are shares of one whole, "
            "as of a softmax"
        )
    return str(last.input[0]) if last.op_type == "Softmax" and last.input[0] in made_by else name


def _check_classes(folder: Path, card: Card, shape: tuple[int, ...]) -> None:
    if shape != (len(card.classes),):
        found = "one number" if shape == (1,) else f"{' × '.join(map(str, shape))} numbers"
        raise ModelError(f"{folder.name}/card.json, classes: {len(card.classes)} names for an output of {found}.")


def _check_layers(folder: Path, card: Card, model: ModelProto) -> None:
    named, found = tuple(layer.name for layer in card.layers), layer_names(model)
    if named != found:
        raise ModelError(f"{folder.name}/card.json, layers: names {', '.join(named)}, but the graph has {', '.join(found)}.")
