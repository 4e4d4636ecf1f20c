"""What a page shows: the selection with all that it stands for, computed when it is asked for.

What is computed from a photo is kept in small caches that all visitors share, for some minutes.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import streamlit as st

from convoscope.cached import cached_property
from convoscope.card import ModelError
from convoscope.evaluation import Evaluation, read_evaluation
from convoscope.evidence import Evidence
from convoscope.history import LOG, Epoch, History, open_history, read_log
from convoscope.layers import Layer, Stage
from convoscope.network import Answer, Network, Prediction, Trace
from convoscope.novelty import Doubt, doubt
from convoscope.photo import Photo
from convoscope.prepare import Crop, Prepared, centre_crop, prepare
from convoscope.squares import Several, look_several_times
from convoscope.why.question import Question
from ui import shared
from ui.chapters import CHAPTERS
from ui.kept import kept
from ui.links import Selection
from ui.samples import Sample, samples_for
from ui.tools import Tools

TRACES = 2  # that are kept, at about 6 MB each: those of two photos that are compared
FINDINGS = 16  # that are kept, at most at a few MB each
TRACE_LIFE = 600  # seconds that what was computed from a photo is kept

Finding = TypeVar("Finding")


@dataclass(frozen=True)
class Report:
    """What was measured of a network and how it was trained. problems: sentences on files that are damaged."""

    evaluation: Evaluation | None
    epochs: tuple[Epoch, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Visit:
    """Everything a page shows: the selection with what it stands for.

    notes: what a link asked for that is not there. problem: why the file just offered is not shown; then nothing else is.
    """

    selection: Selection
    network: Network
    photo: Photo
    photo_title: str
    crop: Crop
    notes: tuple[str, ...]
    problem: str | None

    @cached_property
    def prepared(self) -> Prepared:
        return _prepared(self._key, self)

    @property
    def _key(self) -> tuple[str | int, ...]:
        return (self.photo.sha256, self.crop.left, self.crop.top, self.crop.side, self.network.key)

    @property
    def _folder(self) -> tuple[str, str]:
        """A copy of a network may have been measured, and have learned, otherwise."""
        return self.network.key, self.selection.model

    @cached_property
    def trace(self) -> Trace:
        return _trace(self._key, self)

    @cached_property
    def course(self) -> dict[int, Answer]:
        """The answer at each moment of training that was kept, by step; empty if none was. Raises ModelError."""
        return _course((self.selection.model, *self._key), self)

    @property
    def prediction(self) -> Prediction:
        return self.trace.prediction

    @cached_property
    def doubt(self) -> Doubt | None:
        """None where the card has no limits. Raises ModelError if they are of another network."""
        return doubt(self.network, self.trace)

    @property
    def doubted(self) -> bool:
        """False, too, where the limits are of another network: the first page says so."""
        try:
            return self.doubt is not None and self.doubt.warns
        except ModelError:
            return False

    @property
    def unnamed(self) -> Sample | None:
        """The sample that is shown, if no class is called what it shows."""
        card = self.network.card
        return next((each for each in self.samples if each.name == self.selection.photo and not each.is_known_to(card)), None)

    @property
    def answer(self) -> int:
        """Index of the class that is looked at: the chosen one, or the most probable."""
        return self.prediction.best.index if self.selection.answer is None else self.selection.answer

    @cached_property
    def evidence(self) -> Evidence | None:
        head = self.tools.head
        return head.evidence(self.trace, self.answer) if head else None

    @property
    def several(self) -> Several:
        return self.once(("several",), lambda: look_several_times(self.network, self.photo, self.crop))

    @property
    def tools(self) -> Tools:
        return _tools(self.network.key, self.network)

    @property
    def asked(self) -> Question:
        """What is to be explained: the class looked at, or by how much it is ahead of another."""
        against = self.selection.against
        return Question(self.answer, None if against == self.answer else against)

    def once(self, what: tuple[Hashable, ...], find: Callable[[], Finding]) -> Finding:
        """What is found out about this photo, computed once for all who ask; those who ask meanwhile wait.

        what: its name, with `asked` if it depends on the question.
        """
        found: Finding = _findings((*self._key, *what), find)
        return found

    @property
    def layer(self) -> Layer:
        layers = self.network.layers
        return next((layer for layer in layers if layer.name == self.selection.layer), layers[0])

    @property
    def stage(self) -> Stage | None:
        """The chosen stage of the layer, or the one to begin with; None if it has no maps."""
        return self.layer.shown_stage(self.selection.stage)

    @property
    def report(self) -> Report:
        return _report(self._folder, self.network)

    @property
    def step(self) -> int:
        """The moment of training that is looked at: of those kept the nearest to the chosen one, or the first."""
        return min(self.course, key=lambda step: abs(step - (self.selection.step or 0)))

    @property
    def at_its_step(self) -> Self:
        """The same visit with the network as it was at that moment."""
        return replace(self, network=_moment((*self._folder, self.step), self.network))

    def of_photo(self, name: str, photo: Photo, title: str) -> Self:
        """The same visit with another photo in place of its own: the square in its middle."""
        selection = replace(self.selection, photo=name, crop=None)
        return replace(self, selection=selection, photo=photo, photo_title=title, crop=centre_crop(photo))

    @property
    def chapter(self) -> str:
        """Of the guided tour: the chosen one, or the first."""
        return self.selection.chapter or next(iter(CHAPTERS))

    @property
    def question(self) -> tuple[str, str, str]:
        """What the question of this chapter is about: chapter, network, photo."""
        return self.chapter, self.network.key, self.photo.sha256

    @property
    def samples(self) -> tuple[Sample, ...]:
        return samples_for(self.network.card)


@kept(entries=FINDINGS, life=TRACE_LIFE)
def _prepared(_key: tuple[str | int, ...], visit: Visit) -> Prepared:
    return prepare(visit.photo, visit.crop, visit.network.card.preprocessing)


@kept(entries=TRACES, life=TRACE_LIFE)
def _trace(_key: tuple[str | int, ...], visit: Visit) -> Trace:
    return visit.network.trace(visit.prepared)


@kept(entries=4)
def _tools(_key: str, network: Network) -> Tools:
    return Tools(network)


@kept(entries=FINDINGS, life=TRACE_LIFE)
def _findings(_key: tuple[Hashable, ...], find: Callable[[], Any]) -> Any:
    return find()


@kept(entries=2)
def _history(key: tuple[str, str], network: Network) -> History | None:
    """key: the network's, and the name of its folder."""
    return open_history(shared.MODELS / key[1], network)


@kept(entries=2)
def _moment(key: tuple[str, str, int], network: Network) -> Network:
    """key: the network's, the name of its folder, and the step."""
    history = _history(key[:2], network)
    assert history is not None
    return history.at(key[2])


@kept(entries=FINDINGS, life=TRACE_LIFE)
def _course(_key: tuple[str | int, ...], visit: Visit) -> dict[int, Answer]:
    history = _history(visit._folder, visit.network)
    if history is None:
        return {}
    with st.spinner("Looking at your photo through its training …"):
        return {step: history.at(step).predict(visit.prepared).best for step in history.steps}


@kept(entries=8, life=shared.LOOK)
def _report(key: tuple[str, str], network: Network) -> Report:
    """key: the network's, and the name of its folder."""
    folder = shared.MODELS / key[1]
    evaluation: Evaluation | None = None
    epochs: tuple[Epoch, ...] = ()
    problems: list[str] = []
    try:
        evaluation = read_evaluation(folder, network.card)
    except ModelError as failure:
        problems.append(str(failure))
    try:
        epochs = read_log(folder / LOG)
    except ModelError as failure:
        problems.append(str(failure))
    return Report(evaluation, epochs, tuple(problems))
