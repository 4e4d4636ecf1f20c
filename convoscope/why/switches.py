"""A gain on every channel of every layer, and what an answer depends on: each channel of a layer silenced in turn."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from convoscope.graph.gate import gain_of, gate
from convoscope.graph.reading import input_name
from convoscope.graph.silence import SILENT, silence
from convoscope.layers import Stage
from convoscope.network import LET_GO, Network, open_session
from convoscope.why.question import Question, batches
from convoscope.why.surgery import graph_of

_TOGETHER = 32  # variants in one run


@dataclass(frozen=True)
class Dependence:
    """logits: float64 (classes,), with no channel silent. without: (C, classes), with each in turn."""

    tensor: str
    logits: NDArray[np.float64]
    without: NDArray[np.float64]

    def drops(self, question: Question) -> NDArray[np.float64]:
        """float64 (C,): how far the score falls without each channel; negative where it rises."""
        return np.asarray(question.score(self.logits) - question.score(self.without))

    def ranked(self, question: Question) -> tuple[int, ...]:
        """The channels, the one that the score falls most without first."""
        return tuple(int(channel) for channel in np.argsort(-self.drops(question), kind="stable"))

    @property
    def turning(self) -> tuple[int, ...]:
        """The channels without each of which another class wins."""
        return tuple(int(each) for each in np.flatnonzero(self.without.argmax(1) != self.logits.argmax()))


@dataclass(frozen=True)
class Switchboard:
    """stages: what has switches, one for each layer but the last. May be used by many threads at once."""

    network: Network
    session: InferenceSession
    stages: tuple[Stage, ...]

    def answer(self, photo: NDArray[np.float32], gains: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float64]:
        """Logits, float64 (V, classes), one row per variant.

        photo: float32 (1, C, S, S). gains: by tensor, (V, C) or (1, C): 0 silences a channel, 1 leaves it as it is; what is not
        named has 1. Raises ValueError for gains that fit no stage or one another.
        """
        _check_gains(self.stages, gains)
        feeds = {input_name(self.network.model.graph): photo, **self.network.weights}
        rows = []
        variants = max(map(len, gains.values()), default=1)
        for part in batches(variants, _TOGETHER):
            chosen = {gain_of(tensor): values if len(values) == 1 else values[part] for tensor, values in gains.items()}
            exact = {name: np.asarray(values, np.float32) for name, values in chosen.items()}
            more = None if part.stop < variants else LET_GO
            rows.append(self.session.run([self.network.logits_name], feeds | exact, more)[0])
        return np.concatenate(rows).astype(np.float64)

    def without_each(self, photo: NDArray[np.float32], stage: Stage, gains: Mapping[str, NDArray[np.floating]]) -> Dependence:
        """What the answer depends on in one stage while these gains hold, (1, C) each."""
        alone = 1 - np.eye(stage.shape[0])
        rows = self.answer(photo, {**gains, stage.tensor: gains.get(stage.tensor, 1) * alone})
        return Dependence(stage.tensor, self.answer(photo, gains)[0], rows)


@dataclass(frozen=True)
class LeaveOneOut:
    """A session for one stage."""

    network: Network
    session: InferenceSession
    stage: Stage

    def of(self, photo: NDArray[np.float32]) -> Dependence:
        """photo: float32 (1, C, S, S)."""
        feeds = {input_name(self.network.model.graph): photo, **self.network.weights}
        channels = np.arange(self.stage.shape[0])
        rows = []
        for part in batches(len(channels), _TOGETHER):
            more = None if part.stop < len(channels) else LET_GO
            rows.append(self.session.run([self.network.logits_name], {**feeds, SILENT: channels[part]}, more)[0])
        return Dependence(self.stage.tensor, self.network.logits(photo)[0], np.concatenate(rows).astype(np.float64))


def switched_stages(network: Network) -> tuple[Stage, ...]:
    """For each layer but the last, what comes out of its ReLU, or of what it has in its place."""
    return tuple(
        layer.activated for layer in network.layers if all(stage.tensor != network.logits_name for stage in layer.stages)
    )


def open_switchboard(network: Network) -> Switchboard:
    """Opening takes a moment: keep it. Of a network with a single layer it has no stages."""
    stages = switched_stages(network)
    return Switchboard(
        network, open_session(gate(graph_of(network), [stage.tensor for stage in stages]), threads=1, pooled=True), stages
    )


def open_leave_one_out(network: Network, stage: Stage) -> LeaveOneOut:
    """Quicker than a switchboard with one channel off at a time: what lies before the stage is computed once for many."""
    return LeaveOneOut(network, open_session(silence(graph_of(network), stage.tensor), threads=1, pooled=True), stage)


def _check_gains(stages: tuple[Stage, ...], gains: Mapping[str, NDArray[np.floating]]) -> None:
    channels = {stage.tensor: stage.shape[0] for stage in stages}
    for tensor, values in gains.items():
        if tensor not in channels:
            raise ValueError(f"{tensor} has no switches")
        if values.ndim != 2 or values.shape[1] != channels[tensor]:
            raise ValueError(f"gains for {tensor} are of shape {values.shape}; they must be (variants, {channels[tensor]})")
    counts = {len(values) for values in gains.values()} - {1}
    if len(counts) > 1:
        raise ValueError(f"gains are for {' and '.join(map(str, sorted(counts)))} variants; all must be for as many, or for one")
