"""Gradients of a score with respect to a photo and to what the network makes of it, by ONNX Runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from convoscope.graph.backward import LOGIT_WEIGHTS, backward, gradient_of
from convoscope.graph.reading import input_name
from convoscope.network import LET_GO, Network, open_session
from convoscope.why.question import Question
from convoscope.why.surgery import graph_of


@dataclass(frozen=True)
class Slopes:
    """Of some pictures. scores: float64 (N,). values, gradients: float32 with N in front, by the name of the tensor.

    given: the name of the network's input.
    """

    scores: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float32]]
    gradients: Mapping[str, NDArray[np.float32]]
    given: str

    @property
    def photo(self) -> NDArray[np.float32]:
        """With respect to the pictures, (N, C, S, S)."""
        return self.gradients[self.given]


@dataclass(frozen=True)
class Gradients:
    """A session that gives, besides the logits, values and gradients of some tensors. May run in many threads at once."""

    network: Network
    session: InferenceSession
    tensors: tuple[str, ...]

    def of(self, photos: NDArray[np.float32], question: Question, more: bool = False) -> Slopes:
        """photos: float32 (N, C, S, S), as `Prepared.tensor` has them. more: the memory is kept, for other runs follow."""
        given = input_name(self.network.model.graph)
        weights = question.weights(len(self.network.card.classes))
        feeds = {given: photos, LOGIT_WEIGHTS: np.tile(weights, (len(photos), 1)), **self.network.weights}
        inner = [tensor for tensor in self.tensors if tensor != given]
        wanted = [self.network.logits_name, *inner, *map(gradient_of, self.tensors)]
        logits, *arrays = self.session.run(wanted, feeds, None if more else LET_GO)
        values = {given: photos, **dict(zip(inner, arrays, strict=False))}
        return Slopes(question.score(logits), values, dict(zip(self.tensors, arrays[len(inner) :], strict=True)), given)


def open_gradients(network: Network, tensors: Sequence[str] = (), photo: bool = True) -> Gradients:
    """For tensors that lie between the photo and the logits, and for the photo itself. Opening takes a moment: keep it.

    Raises GradientError if an operator on the way has no rule, naming it.
    """
    asked = (*((input_name(network.model.graph),) if photo else ()), *tensors)
    extended = backward(graph_of(network, tensors), asked, network.logits_name)
    return Gradients(network, open_session(extended, threads=1, pooled=True), asked)
