"""Gradients of a score with respect to a photo and to what the network makes of it, by ONNX Runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from convoscope.graph.backward import LOGIT_WEIGHTS, backward, gradient_of
from convoscope.graph.reading import input_name
from convoscope.network import Network, open_session
from convoscope.why.question import Question
from convoscope.why.surgery import graph_of


@dataclass(frozen=True)
class Slopes:
    """Of some pictures. scores: float64 (N,). photo: the gradient with respect to the pictures, float32 (N, C, S, S).

    values, gradients: of the other tensors asked for, float32 with N in front, by the name of the tensor.
    """

    scores: NDArray[np.float64]
    photo: NDArray[np.float32]
    values: Mapping[str, NDArray[np.float32]]
    gradients: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Gradients:
    """A session that gives, besides the logits, values and gradients of some tensors. May run in many threads at once."""

    network: Network
    session: InferenceSession
    tensors: tuple[str, ...]

    def of(self, photos: NDArray[np.float32], question: Question) -> Slopes:
        """photos: float32 (N, C, S, S), as `Prepared.tensor` has them."""
        given = input_name(self.network.model.graph)
        weights = question.weights(len(self.network.card.classes))
        feeds = {given: photos, LOGIT_WEIGHTS: np.tile(weights, (len(photos), 1)), **self.network.weights}
        gradients = map(gradient_of, (given, *self.tensors))
        logits, *arrays = self.session.run([self.network.logits_name, *self.tensors, *gradients], feeds)
        count = len(self.tensors)
        return Slopes(
            question.score(logits),
            arrays[count],
            dict(zip(self.tensors, arrays, strict=False)),
            dict(zip(self.tensors, arrays[count + 1 :], strict=True)),
        )


def open_gradients(network: Network, tensors: Sequence[str] = ()) -> Gradients:
    """For the photo and, if asked for, tensors that lie between it and the logits. Opening takes a moment: keep it.

    Raises GradientError if an operator on the way has no rule, naming it.
    """
    asked = [input_name(network.model.graph), *tensors]
    extended = backward(graph_of(network, tensors), asked, network.logits_name)
    return Gradients(network, open_session(extended, threads=1), tuple(tensors))
