"""What a visitor has chosen, and the caches that all visitors share: the only place that touches either.

A selection lives in the session and stands in the URL. Of a visitor's photo the session keeps the reduced pixels, for the
length of the visit; traces are recomputed, with one small cache for everybody.
"""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from convoscope.benchmark import Benchmark, read_benchmarks
from convoscope.card import ModelError
from convoscope.evaluation import Evaluation, read_evaluation
from convoscope.evidence import Evidence, LinearHead, linear_head
from convoscope.history import LOG, Epoch, History, open_history, read_log
from convoscope.layers import Layer, Stage
from convoscope.network import Answer, Network, Prediction, Trace, load
from convoscope.photo import Photo, PhotoError, read
from convoscope.prepare import Crop, Prepared, centre_crop, fit_crop, prepare
from ui import server, uploads
from ui.chapters import CHAPTERS
from ui.links import OWN, Selection, from_link, own_name, to_link
from ui.samples import Sample, samples_for

MODELS = Path(os.environ.get("CONVOSCOPE_MODELS", Path(__file__).parent.parent / "models"))
RESULTS = Path(__file__).parent.parent / "bench" / "results"
FIRST_MODEL = "photo"
TRACES = 4  # that are kept for all visitors, at about 3 MB each
TRACE_LIFE = 600  # seconds that what was computed from a photo is kept


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
        return prepare(self.photo, self.crop, self.network.card.preprocessing)

    @property
    def _key(self) -> tuple[str | int, ...]:
        return (self.photo.sha256, self.crop.left, self.crop.top, self.crop.side, self.network.key)

    @cached_property
    def trace(self) -> Trace:
        return _trace(self._key, self)

    @cached_property
    def course(self) -> dict[int, Answer]:
        """The answer at each moment of training that was kept, by step; empty if none was. Raises ModelError."""
        return _course(self._key, self)

    @property
    def prediction(self) -> Prediction:
        return self.trace.prediction

    @property
    def answer(self) -> int:
        """Index of the class that is looked at: the chosen one, or the most probable."""
        return self.prediction.best.index if self.selection.answer is None else self.selection.answer

    @cached_property
    def evidence(self) -> Evidence | None:
        head = _head(self.network.key, self.network)
        return head.evidence(self.trace, self.answer) if head else None

    @property
    def jpeg(self) -> NDArray[np.uint8]:
        """The photo as the bytes of a JPEG file, for the browser."""
        return _jpeg(self.photo.sha256, self.photo)

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
        return _report(self.network.key, self.selection.model, self.network)

    @property
    def step(self) -> int:
        """The moment of training that is looked at: of those kept the nearest to the chosen one, or the first."""
        return min(self.course, key=lambda step: abs(step - (self.selection.step or 0)))

    @property
    def at_its_step(self) -> Self:
        """The same visit with the network as it was at that moment."""
        return replace(self, network=_moment(self.network.key, self.step, self))

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


# ---- networks and caches, shared by all visitors


@st.cache_resource(show_spinner=False)
def networks() -> dict[str, Network | str]:
    """Every folder in `models/`, the first model first: a network, or the sentence that says why there is none."""
    found: dict[str, Network | str] = {}
    folders = (path.parent for path in MODELS.glob("[!.]*/card.json"))
    for folder in sorted(folders, key=lambda path: (path.name != FIRST_MODEL, path.name)):
        try:
            found[folder.name] = load(folder)
        except ModelError as failure:
            found[folder.name] = str(failure)
    uploads.bound()
    server.settle()
    return found


@st.cache_resource(show_spinner=False, max_entries=TRACES, ttl=TRACE_LIFE)
def _trace(key: tuple[str | int, ...], _visit: Visit) -> Trace:
    return _visit.network.trace(_visit.prepared)


@st.cache_resource(show_spinner=False, max_entries=8)
def _head(key: str, _network: Network) -> LinearHead | None:
    return linear_head(_network)


@st.cache_resource(show_spinner=False, max_entries=2)
def _history(key: str, model: str, _network: Network) -> History | None:
    return open_history(MODELS / model, _network)


@st.cache_resource(show_spinner=False, max_entries=2)
def _moment(key: str, step: int, _visit: Visit) -> Network:
    history = _history(key, _visit.selection.model, _visit.network)
    assert history is not None
    return history.at(step)


@st.cache_resource(show_spinner="Looking at your photo through its training …", max_entries=16, ttl=TRACE_LIFE)
def _course(key: tuple[str | int, ...], _visit: Visit) -> dict[int, Answer]:
    history = _history(_visit.network.key, _visit.selection.model, _visit.network)
    return {step: history.at(step).predict(_visit.prepared).best for step in history.steps} if history else {}


@st.cache_resource(show_spinner=False, max_entries=8)
def _report(key: str, model: str, _network: Network) -> Report:
    evaluation: Evaluation | None = None
    epochs: tuple[Epoch, ...] = ()
    problems: list[str] = []
    try:
        evaluation = read_evaluation(MODELS / model, _network.card)
    except ModelError as failure:
        problems.append(str(failure))
    try:
        epochs = read_log(MODELS / model / LOG)
    except ModelError as failure:
        problems.append(str(failure))
    return Report(evaluation, epochs, tuple(problems))


@st.cache_resource(show_spinner=False, max_entries=1, scope="session")
def _jpeg(key: str, _photo: Photo) -> NDArray[np.uint8]:
    file = io.BytesIO()
    Image.fromarray(_photo.pixels).save(file, "JPEG", quality=88)
    return np.frombuffer(file.getvalue(), np.uint8)


@st.cache_resource(show_spinner=False, max_entries=16)
def _sample_photo(channels: str, name: str, _sample: Sample) -> Photo:
    return _sample.open()


@st.cache_resource(show_spinner=False)
def benchmarks() -> tuple[Benchmark, ...]:
    """What was measured of the app; none where that is damaged or not shipped."""
    try:
        return read_benchmarks(RESULTS)
    except ModelError:
        return ()


# ---- one visitor


def usable() -> dict[str, Network]:
    return {name: network for name, network in networks().items() if isinstance(network, Network)}


def open_visit(page: str) -> Visit:
    """To be called once at the top of each page: brings session and URL together.

    Parameters in the URL that the session did not write itself come from a link or from the browser's history, and win;
    but not over what the visitor chose just now, before the browser had heard of the last change.
    """
    server.in_use()
    if target := st.session_state.pop("go_to", None):
        st.switch_page(target)
    if st.session_state.get("page") != page:
        st.session_state.page, st.session_state.view, st.session_state.problem = page, None, None
    given = st.query_params.to_dict()
    notes: tuple[str, ...] = ()
    followed = bool(given) and given != st.session_state.get("written") and not st.session_state.get("chosen_now")
    if "selection" not in st.session_state or followed:
        st.session_state.selection, notes = from_link(given, usable(), own=own_photo())
        st.session_state.view, st.session_state.problem = None, None
    selection: Selection = st.session_state.selection
    photo, title = _photo(selection)
    crop = fit_crop(selection.crop, photo) if selection.crop else centre_crop(photo)
    if selection.crop and crop != selection.crop:
        notes = (*notes, "The crop in the link does not lie inside the photo; the nearest one that does is shown.")
        selection = st.session_state.selection = replace(selection, crop=crop)
    written = to_link(selection, usable()[selection.model].card)
    if given != written:
        st.query_params.from_dict(written)
    st.session_state.written, st.session_state.chosen_now = written, False
    network = usable()[selection.model]
    return Visit(selection, network, photo, title, crop, notes, st.session_state.get("problem"))


def select(**changes: Any) -> None:
    """Changes the selection. A new model keeps what it has too; a new photo starts with its centre."""
    selection = replace(st.session_state.selection, **changes)
    if "model" in changes:
        network = usable()[selection.model]
        names = [sample.name for sample in samples_for(network.card)]
        if not selection.photo.startswith(OWN) and selection.photo not in names:
            selection = replace(selection, photo=names[0], crop=None)
        selection = replace(selection, answer=None, layer=None, stage=None, channel=None, cell=None, step=None)
    if "photo" in changes:
        selection = replace(selection, crop=None, answer=None)
    if "layer" in changes:
        selection = replace(selection, stage=None, channel=None, cell=None)
        st.session_state.view = None
    if "stage" in changes and selection.channel is not None:
        stage = next(each for each in usable()[selection.model].stages if each.tensor == selection.stage)
        selection = replace(selection, channel=selection.channel if selection.channel < stage.shape[0] else None)
    st.session_state.selection = selection
    st.session_state.chosen_now = True
    st.session_state.problem = None


def bound(field: str, shown: object) -> dict[str, Any]:
    """Arguments that make a widget show a value, and tie it to a field of the selection: key, on_change, args."""
    key = f"choose_{field}"
    st.session_state[key] = shown
    return {"key": key, "on_change": _take_widget, "args": (field, key)}


def component_key(name: str, visit: Visit) -> str:
    """A key under which a component is mounted anew for another model or photo."""
    return f"{name}-{visit.selection.model}-{visit.photo.sha256[:12]}"


def taken(key: str, name: str, take: Callable[[Any], None]) -> Callable[[], None]:
    """A callback that hands on what a component has triggered under `name`."""
    return lambda: take(getattr(st.session_state[key], name))


def uploader_key() -> str:
    """Another key after each file, so that the next one finds the uploader empty."""
    return f"upload_{st.session_state.get('uploads', 0)}"


def take_upload(key: str) -> None:
    """Reads the file in the uploader or camera with this key: it becomes the photo, or the page says why not."""
    file = st.session_state[key]
    if file is None:
        return
    st.session_state.uploads = st.session_state.get("uploads", 0) + 1
    st.session_state.camera = False
    st.session_state.chosen_now = True
    try:
        photo = read(file.getvalue())
    except PhotoError as failure:
        st.session_state.problem = str(failure)
        return
    finally:
        uploads.let_go()
    st.session_state.pop("photo", None)  # or Streamlit keeps the one before it until the next run
    st.session_state.photo = photo
    select(photo=own_name(photo))


def camera_is_on() -> bool:
    return bool(st.session_state.get("camera", False))


def toggle_camera() -> None:
    st.session_state.camera = not camera_is_on()
    st.session_state.chosen_now = True


def own_photo() -> str | None:
    """The name of the visitor's own photo, if there is one."""
    return own_name(st.session_state.photo) if "photo" in st.session_state else None


def go_to_layer(number: int) -> None:
    """Chooses the layer with this number (0: the photo itself) and asks for its page."""
    if number:
        select(layer=usable()[st.session_state.selection.model].layers[number - 1].name)
        st.session_state.go_to = "pages/layers.py"


def guesses() -> dict[tuple[str, str, str], int]:
    """What the visitor has answered, by `Visit.question`: the number of the option."""
    kept: dict[tuple[str, str, str], int] = st.session_state.get("guesses", {})
    return kept


def take_guess(question: tuple[str, str, str], key: str) -> None:
    """Keeps what the widget with this key holds as the answer to the question."""
    st.session_state.guesses = guesses() | {question: st.session_state[key]}
    st.session_state.chosen_now = True


def go_to_unit() -> None:
    """Asks for the page of the chosen channel."""
    st.session_state.go_to = "pages/unit.py"


def forget_problem() -> None:
    st.session_state.problem = None
    st.session_state.chosen_now = True


def as_first_shown(view: tuple[object, ...], value: int | None) -> int | None:
    """The value that this view was opened with: what a component starts from and then changes by itself."""
    if st.session_state.get("view") != view:
        st.session_state.view, st.session_state.view_value = view, value
    first: int | None = st.session_state.view_value
    return first


def _take_widget(field: str, key: str) -> None:
    if st.session_state[key] is not None:
        select(**{field: st.session_state[key]})


def _photo(selection: Selection) -> tuple[Photo, str]:
    if selection.photo.startswith(OWN):
        return st.session_state.photo, "your photo"
    card = usable()[selection.model].card
    sample = next(each for each in samples_for(card) if each.name == selection.photo)
    return _sample_photo(card.preprocessing.channels, sample.name, sample), sample.title
