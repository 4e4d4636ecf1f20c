"""A selection ↔ the parameters of a URL."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from convoscope.card import Card
from convoscope.network import Network
from convoscope.photo import Photo
from convoscope.prepare import Crop
from convoscope.words import listed, plain
from ui.chapters import CHAPTERS
from ui.gains import Gains, from_word, to_word
from ui.samples import samples_for
from ui.views import CHANGES, GRADIENT_MAPS, VIEWS, middle, patches, strides

OWN = "own-"  # how the name of a visitor's own photo begins; what follows tells one from another
ORDERS = ("strength", "number")
SCALES = ("layer", "map", "network")
SEVERAL = "squares"  # of a photo are looked at
_OF_THE_PHOTO = {"crop": "its crop", "answer": "the class asked about", "against": "the class to compare that with"}
_STEP = re.compile("[0-9]{1,9}")
_CELL = re.compile("([0-9]{1,4}),([0-9]{1,4})")
_CROP = re.compile(",".join([r"(-?[0-9]{1,5})"] * 3))


@dataclass
class _Notes:
    """What a link asks for that is not here is named in one sentence; what else is to be said follows."""

    missing: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> tuple[str, ...]:
        if not self.missing:
            return tuple(self.said)
        are = "is" if len(self.missing) == 1 else "are"
        return (f"The link asks for {listed(self.missing)}, which {are} not here.", *self.said)


@dataclass(frozen=True)
class Selection:
    """What is chosen, by name. None: what the page picks by itself."""

    model: str
    photo: str
    crop: Crop | None = None
    answer: int | None = None
    layer: str | None = None
    stage: str | None = None
    channel: int | None = None
    cell: tuple[int, int] | None = None
    order: str = ORDERS[0]
    scale: str = SCALES[0]
    step: int | None = None
    chapter: str | None = None
    view: str | None = None
    against: int | None = None
    other: str | None = None
    change: str | None = None
    patch: int | None = None
    stride: int | None = None
    map: str | None = None
    switches: Gains | None = None
    several: bool = False


def to_link(selection: Selection, network: Network) -> dict[str, str]:
    """The URL's parameters: what is chosen and not left to the page."""
    card = network.card
    crop = f"{selection.crop.left},{selection.crop.top},{selection.crop.side}" if selection.crop else None
    link = {
        "model": selection.model,
        "photo": selection.photo,
        "crop": crop,
        "answer": _class_name(selection.answer, card),
        "layer": selection.layer,
        "stage": selection.stage,
        "channel": _digits(selection.channel),
        "cell": None if selection.cell is None else f"{selection.cell[0]},{selection.cell[1]}",
        "order": selection.order if selection.order != ORDERS[0] else None,
        "scale": selection.scale if selection.scale != SCALES[0] else None,
        "step": _digits(selection.step),
        "chapter": selection.chapter,
        "view": selection.view,
        "against": _class_name(selection.against, card),
        "other": selection.other,
        "change": selection.change,
        "patch": _digits(selection.patch),
        "stride": _digits(selection.stride),
        "map": selection.map,
        "switches": to_word(selection.switches, network) if selection.switches else None,
        "several": SEVERAL if selection.several else None,
    }
    return {name: value for name, value in link.items() if value is not None}


def own_name(photo: Photo) -> str:
    """The name of a visitor's own photo."""
    return OWN + photo.sha256[:8]


def from_link(
    link: Mapping[str, str], models: Mapping[str, Network], own: str | None, own_other: str | None = None
) -> tuple[Selection, tuple[str, ...]]:
    """The selection a link asks for, and sentences on what is not there.

    own, own_other: the names of the visitor's own photo, and of the one to compare with. Crop and class belong to the link's
    photo: without it they are dropped.
    """
    notes = _Notes()
    model = _one_of(link, "model", tuple(models), notes) or next(iter(models))
    network = models[model]
    samples = tuple(sample.name for sample in samples_for(network.card))
    photo = _photo_of(link, "photo", samples, own, notes) or samples[0]
    if photo != link.get("photo", photo):
        if gone := [what for name, what in _OF_THE_PHOTO.items() if name in link]:
            notes.said.append(f"Left out, as parts of that photo's link: {listed(gone)}.")
        link = {name: value for name, value in link.items() if name not in _OF_THE_PHOTO}
    layer = _one_of(link, "layer", tuple(layer.name for layer in network.layers), notes)
    chosen = next((each for each in network.layers if each.name == layer), network.layers[0])
    stage = _one_of(link, "stage", tuple(stage.tensor for stage in chosen.stages), notes)
    shown = next((each for each in chosen.stages if each.tensor == stage), chosen.shown_stage(None))
    channels = shown.shape[0] if shown else 0
    sizes = patches(network.card.preprocessing.size)
    patch = _number_of(link, "patch", sizes, notes)
    selection = Selection(
        model=model,
        photo=photo,
        crop=_crop_of(link, notes),
        answer=_class_of(link, "answer", network.card, notes),
        layer=layer,
        stage=stage,
        channel=_number_of(link, "channel", range(channels), notes),
        cell=_cell_of(link, notes),
        order=_one_of(link, "order", ORDERS, notes) or ORDERS[0],
        scale=_one_of(link, "scale", SCALES, notes) or SCALES[0],
        step=_step_of(link, notes),
        chapter=_one_of(link, "chapter", tuple(CHAPTERS), notes),
        view=_one_of(link, "view", tuple(VIEWS), notes),
        against=_class_of(link, "against", network.card, notes),
        other=_photo_of(link, "other", samples, own_other, notes),
        change=_one_of(link, "change", CHANGES, notes),
        patch=patch,
        stride=_number_of(link, "stride", strides(patch or middle(sizes)), notes),
        map=_one_of(link, "map", tuple(GRADIENT_MAPS), notes),
        switches=_switches_of(link, network, notes) if model == link.get("model", model) else None,
        several=_one_of(link, "several", (SEVERAL,), notes) is not None,
    )
    return selection, notes.sentences


def _digits(number: int | None) -> str | None:
    return None if number is None else str(number)


def _class_name(index: int | None, card: Card) -> str | None:
    return None if index is None else card.classes[index]


def _class_of(link: Mapping[str, str], name: str, card: Card, notes: _Notes) -> int | None:
    chosen = _one_of(link, name, card.classes, notes)
    return None if chosen is None else card.classes.index(chosen)


def _photo_of(link: Mapping[str, str], name: str, samples: tuple[str, ...], own: str | None, notes: _Notes) -> str | None:
    """A sample or the visitor's own photo; None where the page is to pick one."""
    asked = link.get(name, "")
    if asked == own:
        return own
    if not asked.startswith(OWN.rstrip("-")):
        return _one_of(link, name, samples, notes)
    notes.said.append(
        "This link was made with a photo of somebody's own, perhaps yours before a reload. Such photos are not stored, "
        f"so here is {'the one you chose last' if own else 'a sample'}."
    )
    return own


def _one_of(link: Mapping[str, str], name: str, known: tuple[str, ...], notes: _Notes) -> str | None:
    value = link.get(name)
    if value is None or value in known:
        return value
    notes.missing.append(f"the {name} “{plain(value[:40])}”")
    return None


def _number_of(link: Mapping[str, str], name: str, known: Iterable[int], notes: _Notes) -> int | None:
    chosen = _one_of(link, name, tuple(map(str, known)), notes)
    return None if chosen is None else int(chosen)


def _switches_of(link: Mapping[str, str], network: Network, notes: _Notes) -> Gains | None:
    if "switches" not in link:
        return None
    found = from_word(link["switches"], network)
    if found is None:
        notes.said.append(f"The link's switches “{plain(link['switches'][:40])}” are not layers with their channels.")
        return None
    gains, missing = found
    if missing:
        channels = "a channel" if len(missing) == 1 else f"{len(missing)} channels"
        first = f", {missing[0]}" if len(missing) == 1 else f", the first of them {missing[0]}"
        others = "; the others are as the link says" if gains else ""
        notes.said.append(f"The link switches {channels} that this network does not have{first}{others}.")
    return gains or None


def _step_of(link: Mapping[str, str], notes: _Notes) -> int | None:
    if "step" not in link:
        return None
    if _STEP.fullmatch(link["step"]):
        return int(link["step"])
    notes.said.append(f"The link's step “{plain(link['step'][:40])}” is not a whole number.")
    return None


def _cell_of(link: Mapping[str, str], notes: _Notes) -> tuple[int, int] | None:
    if "cell" not in link:
        return None
    if match := _CELL.fullmatch(link["cell"]):
        return int(match[1]), int(match[2])
    notes.said.append(f"The link's cell “{plain(link['cell'][:40])}” is not a row and a column.")
    return None


def _crop_of(link: Mapping[str, str], notes: _Notes) -> Crop | None:
    if "crop" not in link:
        return None
    if match := _CROP.fullmatch(link["crop"]):
        return Crop(*map(int, match.groups()))
    notes.said.append(f"The link's crop “{plain(link['crop'][:40])}” is not three whole numbers.")
    return None
