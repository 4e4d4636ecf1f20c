"""What a visitor has chosen.

The selection lives in the session and stands in the URL. The visitor's own photos, and files offered, have modules of their own.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import streamlit as st

from convoscope.layers import Stage
from convoscope.network import Network
from convoscope.photo import Photo
from convoscope.prepare import centre_crop, fit_crop
from convoscope.receptive import same_place
from ui import own_photos, server
from ui.gains import within
from ui.links import OWN, Field, Selection, from_link, to_link
from ui.samples import samples_for
from ui.shared import edition, sample_photo, usable
from ui.undisturbed import undisturbed
from ui.visit import Visit

Value = TypeVar("Value")

_LEFT_OPEN = {  # by what is chosen: what the page then picks by itself again
    "model": ("answer", "against", "layer", "stage", "channel", "cell", "step", "patch", "stride", "strength", "switches"),
    "photo": ("crop", "answer", "against", "strength"),
    "patch": ("stride",),
    "change": ("strength",),
    "layer": ("stage", "channel"),
}


def open_visit(page: str) -> Visit:
    """To be called once at the top of each page: brings session and URL together.

    Parameters in the URL that the session did not write itself come from a link or from the browser's history, and win;
    but not over what the visitor chose just now, before the browser had heard of the last change.
    """
    server.in_use()
    with undisturbed():
        return _brought_together(page)


def _brought_together(page: str) -> Visit:
    before, st.session_state.edition = st.session_state.get("edition"), edition()
    others = before not in (None, st.session_state.edition)  # networks than those that were chosen among
    st.session_state.networks = usable(st.session_state.edition)
    if (target := st.session_state.pop("go_to", None)) and not others:
        st.switch_page(target, query_params=link())
    if st.session_state.get("page") != page:
        st.session_state.page, st.session_state.view, st.session_state.problem = page, None, None
    given = st.query_params.to_dict()
    notes: tuple[str, ...] = ()
    followed = given != st.session_state.get("written") and not st.session_state.get("chosen_now")
    if "selection" not in st.session_state or followed or others:
        st.session_state.selection, notes = from_link(given, _networks(), own_photos.names())
        st.session_state.view, st.session_state.problem, st.session_state.moving = None, None, False
        st.session_state.followed = times_followed() + 1
    selection: Selection = st.session_state.selection
    photo, title = _photo(selection.model, selection.photo)
    crop = fit_crop(selection.crop, photo) if selection.crop else centre_crop(photo)
    if selection.crop and crop != selection.crop:
        notes = (*notes, "The crop in the link does not lie inside the photo; the nearest one that does is shown.")
        selection = st.session_state.selection = replace(selection, crop=crop)
    if not st.session_state.get("moving"):
        written = link()
        if not given and selection == from_link({}, _networks())[0]:
            written = given  # or this page would be two entries of the browser's history
        if given != written:
            st.query_params.from_dict(written)
        st.session_state.written = written
    st.session_state.chosen_now, st.session_state.drawn = False, selection.model
    network = _networks()[selection.model]
    return Visit(selection, network, photo, title, crop, notes, problem_with("photo"))


def link() -> dict[str, str]:
    """The selection as the URL's parameters. With them a page is one entry of the browser's history, not two."""
    selection: Selection = st.session_state.selection
    return to_link(selection, _networks()[selection.model])


def select(**changes: Any) -> None:
    """Changes the selection. A new model keeps the layer and the photos that it has too, or takes up the photo that it was left
    with; a new photo starts with its centre.

    In another layer or step the pinned cell is the one in the same place of the photo. A click on a page that was drawn before
    another network or layer was chosen, or before a photo was let go, is passed over.
    """
    before: Selection = st.session_state.selection
    if before.model != st.session_state.drawn:
        changes = {field: value for field, value in changes.items() if field not in _LEFT_OPEN["model"]}
    if changes.get("model", before.model) not in _networks():  # the run that follows says so
        return
    left_open: dict[str, Any] = dict.fromkeys(field for each in changes for field in _LEFT_OPEN.get(each, ()))
    selection = replace(before, **(left_open | changes))
    if not _has(selection, changes.keys()):
        return
    if "model" in changes:
        network = _networks()[selection.model]
        if selection.layer is None and before.layer in {layer.name for layer in network.layers}:
            selection = replace(selection, layer=before.layer)
        names = [sample.name for sample in samples_for(network.card)]
        if not selection.photo.startswith(OWN) and selection.photo not in names:
            st.session_state.left, before_it = selection.photo, st.session_state.get("left")
            selection = replace(selection, photo=before_it if before_it in names else names[0], crop=None)
        if selection.other and not selection.other.startswith(OWN) and selection.other not in names:
            selection = replace(selection, other=None)
    if {"layer", "view"} & changes.keys():
        st.session_state.view = None
    if "stage" in changes and selection.channel is not None:
        channels = _step(_networks()[selection.model], selection).shape[0]
        selection = replace(selection, channel=selection.channel if selection.channel < channels else None)
    if selection.cell and {"layer", "stage"} & changes.keys() and "cell" not in changes:
        network = _networks()[selection.model]
        cell = same_place(network, _step(network, before), _step(network, selection), selection.cell)
        selection = replace(selection, cell=cell)
    st.session_state.selection = selection
    st.session_state.moving, st.session_state.problem = False, None
    chosen()


def chosen() -> None:
    """To be called where something was chosen: it wins over a URL in which it does not stand yet."""
    st.session_state.chosen_now = True


def show_own(photo: Photo, field: Field) -> None:
    """Shows a photo of the visitor's own."""
    before: Selection = st.session_state.selection
    select(**{field: own_photos.keep(photo, before.photo, before.other)})


def problem_with(field: Field) -> str | None:
    """Why the file just offered for the photo, or for the "other" one, is not shown."""
    problem: str | None = st.session_state.get("problem")
    return problem if st.session_state.get("offered") == field else None


def forget_problem() -> None:
    st.session_state.problem = None
    chosen()


def unfolded() -> frozenset[str]:
    """The layers, by name, whose steps stand apart in the network at a glance."""
    layers: frozenset[str] = st.session_state.get("unfolded", frozenset())
    return layers


def unfold(layers: Iterable[str]) -> None:
    st.session_state.unfolded = frozenset(layers)
    chosen()


def bound(field: str, shown: object, *among: object) -> dict[str, Any]:
    """Arguments that make a widget show a value, and tie it to a field of the selection: key, on_change, args.

    among: of a widget in a popover what its choices depend on. While that is closed the browser holds on to what was chosen in it
    and sends it with every click elsewhere; so for other choices, or another value, it is another widget.
    """
    key = "_".join(("choose", field, *map(str, (*among, shown) if among else ())))
    st.session_state[key] = shown
    return {"key": key, "on_change": _take_widget, "args": (field, key)}


def component_key(name: str, visit: Visit) -> str:
    """A key under which a component is mounted anew for another model or photo."""
    return f"{name}-{visit.selection.model}-{visit.photo.sha256[:12]}"


def taken(key: str, name: str, take: Callable[[Any], None]) -> Callable[[], None]:
    """A callback that hands on what a component has triggered under `name`; nothing of one that has left the page meanwhile."""

    def hand_on() -> None:
        if key in st.session_state:
            take(getattr(st.session_state[key], name))

    return hand_on


def beside(visit: Visit) -> Visit:
    """The same visit with the photo to compare with: the chosen one, at first another sample."""
    name = _other(visit.selection)
    return visit.of_photo(name, *_photo(visit.selection.model, name))


def swap() -> None:
    """The photo and the one to compare with change places: those chosen now, not those on a page drawn a click ago."""
    before: Selection = st.session_state.selection
    select(photo=_other(before), other=before.photo)


def go_to_layer(number: int) -> None:
    """Chooses the layer with this number (0: the photo itself) and asks for its page."""
    model = st.session_state.selection.model
    if number and model == st.session_state.drawn and model in _networks():
        select(layer=_networks()[model].layers[number - 1].name)
        st.session_state.go_to, st.session_state.come_for_maps = "pages/layers.py", True


def come_for_maps() -> bool:
    """Whether a click elsewhere has led to the maps of a layer: once for each click."""
    come: bool = st.session_state.pop("come_for_maps", False)
    return come


@dataclass(frozen=True)
class Guess:
    """option: its number. right: whether the first guess at the question was."""

    option: int
    right: bool


def guesses() -> dict[tuple[str, str, str], Guess]:
    """What the visitor has answered, by `Visit.question`."""
    kept: dict[tuple[str, str, str], Guess] = st.session_state.get("guesses", {})
    return kept


def take_guess(question: tuple[str, str, str], key: str, right: int) -> None:
    """Keeps what the widget with this key holds as the answer to the question. right: the number of the right option."""
    option, before = st.session_state[key], guesses().get(question)
    st.session_state.guesses = guesses() | {question: Guess(option, before.right if before else option == right)}
    chosen()


def go_to(page: str) -> None:
    """Asks for another page, by its file."""
    st.session_state.go_to = page


def as_first_shown(view: tuple[object, ...], value: Value) -> Value:
    """The value that this view was opened with: what a component starts from and then changes by itself."""
    if st.session_state.get("view") != view:
        st.session_state.view, st.session_state.view_value = view, value
    first: Value = st.session_state.view_value
    return first


def keep_gains(model: str, turned: Mapping[str, Any]) -> None:
    """The gains as the browser has them: they hold for other photos and on other pages too. moving: others follow at once.

    While a slider moves the URL stays as it is, or each place on its way would be an entry of the browser's history.
    """
    if model == st.session_state.selection.model and model in _networks():
        select(switches=within(turned["gains"], _networks()[model]) or None)
        st.session_state.moving = turned["moving"]


def times_followed() -> int:
    """How many links, and entries of the browser's history, were followed: what a component has kept before is out of date."""
    followed: int = st.session_state.get("followed", 0)
    return followed


def _has(selection: Selection, fields: Collection[str]) -> bool:
    """Whether what these fields name is there."""
    chosen_photos = [getattr(selection, field) for field in ("photo", "other") if field in fields]
    if any(name and name.startswith(OWN) and name not in own_photos.names() for name in chosen_photos):
        return False
    layers = _networks()[selection.model].layers
    layer = next((layer for layer in layers if layer.name == selection.layer), layers[0])
    return "stage" not in fields or selection.stage in (None, *(stage.tensor for stage in layer.stages))


def _networks() -> dict[str, Network]:
    """Those there were when this run began, or, before it does, the run before: a folder may come or go at any moment."""
    networks: dict[str, Network] = st.session_state.networks
    return networks


def _step(network: Network, selection: Selection) -> Stage:
    """The one whose cells are looked at: the chosen step of the layer, or that with its weights."""
    layer = next((layer for layer in network.layers if layer.name == selection.layer), network.layers[0])
    return next(stage for stage in layer.stages if stage.tensor == (selection.stage or layer.name))


def _take_widget(field: str, key: str) -> None:
    if st.session_state[key] is not None:
        select(**{field: st.session_state[key]})


def _other(selection: Selection) -> str:
    samples = samples_for(_networks()[selection.model].card)
    return selection.other or next(each.name for each in samples if each.name != selection.photo)


def _photo(model: str, name: str) -> tuple[Photo, str]:
    """The photo with this name and its title."""
    if name.startswith(OWN):
        return own_photos.photo_named(name), own_photos.title_of(name)
    card = _networks()[model].card
    sample = next(each for each in samples_for(card) if each.name == name)
    return sample_photo((card.preprocessing.channels, sample.name), sample), sample.title
