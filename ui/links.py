"""A selection ↔ the parameters of a URL."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from convoscope.card import Card
from convoscope.network import Network
from convoscope.photo import Photo
from convoscope.prepare import Crop
from convoscope.why.what_if import STRENGTHS
from convoscope.words import listed, plain
from ui.chapters import CHAPTERS
from ui.gains import Gains, from_word, to_word
from ui.samples import samples_for
from ui.views import CHANGES, GRADIENT_MAPS, VIEWS, middle, patches, strides

Field = Literal["photo", "other"]  # the photo, and the one to compare it with
UNIT = "pages/unit.py"  # the page on which one number is made
OWN = "own-"  # how the name of a visitor's own photo begins; what follows tells one from another
ORDERS = ("strength", "number")
SCALES = ("layer", "map", "network")
SEVERAL = "squares"  # of a photo are looked at
_OF_THE_PHOTO = {"crop": "its crop", "answer": "the class asked about", "against": "the class to compare that with"}
_STEP = re.compile("[0-9]{1,9}")
_CELL = re.compile("([0-9]{1,4}),([0-9]{1,4})")
_CROP = re.compile(",".join([r"(-?[0-9]{1,5})"] * 3))


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
    strength: int | None = None
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
        "strength": _digits(selection.strength),
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
    link: Mapping[str, str], models: Mapping[str, Network], own: Sequence[str] = ()
) -> tuple[Selection, tuple[str, ...]]:
    """The selection a link asks for, and sentences on what is not there.

    own: the names of the visitor's own photos, the last one last. Crop and class belong to the link's photo: without it they
    are dropped.
    """
    asked = _Asked(dict(link))
    model = asked.one_of("model", models) or next(iter(models))
    network = models[model]
    samples = [sample.name for sample in samples_for(network.card)]
    photo = asked.photo("photo", samples, own, last=own[-1] if own else None) or samples[0]
    if photo != link.get("photo", photo):
        asked.leave_out_what_is_of_the_photo()
    layer = asked.one_of("layer", [layer.name for layer in network.layers])
    chosen = next((each for each in network.layers if each.name == layer), network.layers[0])
    stage = asked.one_of("stage", [stage.tensor for stage in chosen.stages])
    shown = next((each for each in chosen.stages if each.tensor == stage), chosen.shown_stage(None))
    sizes = patches(network.card.preprocessing.size)
    patch = asked.number("patch", sizes)
    selection = Selection(
        model=model,
        photo=photo,
        crop=asked.crop(),
        answer=asked.class_index("answer", network.card),
        layer=layer,
        stage=stage,
        channel=asked.number("channel", range(shown.shape[0] if shown else 0)),
        cell=asked.cell(),
        order=asked.one_of("order", ORDERS) or ORDERS[0],
        scale=asked.one_of("scale", SCALES) or SCALES[0],
        step=asked.step(),
        chapter=asked.one_of("chapter", CHAPTERS),
        view=asked.one_of("view", VIEWS),
        against=asked.class_index("against", network.card),
        other=asked.photo("other", samples, own, last=None),
        change=asked.one_of("change", CHANGES),
        strength=asked.number("strength", range(STRENGTHS + 1)),
        patch=patch,
        stride=asked.number("stride", strides(patch or middle(sizes))),
        map=asked.one_of("map", GRADIENT_MAPS),
        switches=asked.switches(network) if model == link.get("model", model) else None,
        several=asked.one_of("several", [SEVERAL]) is not None,
    )
    return selection, asked.sentences


@dataclass
class _Asked:
    """The parameters of a link, read one by one; None for what is not given or not here.

    missing: what the link asks for that is not here, named in one sentence. said: what else is to be said, after it.
    """

    link: dict[str, str]
    missing: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> tuple[str, ...]:
        said = tuple(dict.fromkeys(self.said))
        if not self.missing:
            return said
        are = "is" if len(self.missing) == 1 else "are"
        return (f"The link asks for {listed(self.missing)}, which {are} not here.", *said)

    def one_of(self, name: str, known: Iterable[str]) -> str | None:
        value = self.link.get(name)
        if value is None or value in known:
            return value
        self.missing.append(f"the {name} {self._quoted(name)}")
        return None

    def number(self, name: str, known: Iterable[int]) -> int | None:
        chosen = self.one_of(name, map(str, known))
        return None if chosen is None else int(chosen)

    def class_index(self, name: str, card: Card) -> int | None:
        chosen = self.one_of(name, card.classes)
        return None if chosen is None else card.classes.index(chosen)

    def photo(self, name: Field, samples: Iterable[str], own: Iterable[str], last: str | None) -> str | None:
        """A sample or one of the visitor's own photos. last: what is shown in place of one that is not here."""
        asked = self.link.get(name, "")
        if asked in own:
            return asked
        if not asked.startswith(OWN.rstrip("-")):
            return self.one_of(name, samples)
        self.said.append(
            "This link was made with a photo of somebody's own, perhaps yours before a reload or a long break. Such photos are "
            f"not stored, so here is {'the one you chose last' if last else 'a sample'}."
        )
        return last

    def leave_out_what_is_of_the_photo(self) -> None:
        gone = [what for name, what in _OF_THE_PHOTO.items() if self.link.pop(name, None) is not None]
        if gone:
            self.said.append(f"Left out, as parts of that photo's link: {listed(gone)}.")

    def switches(self, network: Network) -> Gains | None:
        if "switches" not in self.link:
            return None
        found = from_word(self.link["switches"], network)
        if found is None:
            self.said.append(f"The link's switches {self._quoted('switches')} are not layers with their channels.")
            return None
        gains, missing = found
        if missing:
            channels = "a channel" if len(missing) == 1 else f"{len(missing)} channels"
            first = f", {missing[0]}" if len(missing) == 1 else f", the first of them {missing[0]}"
            others = "; the others are as the link says" if gains else ""
            self.said.append(f"The link switches {channels} that this network does not have{first}{others}.")
        return gains or None

    def step(self) -> int | None:
        match = self._of_form("step", _STEP, "a whole number")
        return int(match[0]) if match else None

    def cell(self) -> tuple[int, int] | None:
        match = self._of_form("cell", _CELL, "a row and a column")
        return (int(match[1]), int(match[2])) if match else None

    def crop(self) -> Crop | None:
        match = self._of_form("crop", _CROP, "three whole numbers")
        return Crop(*map(int, match.groups())) if match else None

    def _of_form(self, name: str, form: re.Pattern[str], what: str) -> re.Match[str] | None:
        match = form.fullmatch(self.link.get(name, ""))
        if name in self.link and not match:
            self.said.append(f"The link's {name} {self._quoted(name)} is not {what}.")
        return match

    def _quoted(self, name: str) -> str:
        return f"“{plain(self.link[name][:40])}”"


def _digits(number: int | None) -> str | None:
    return None if number is None else str(number)


def _class_name(index: int | None, card: Card) -> str | None:
    return None if index is None else card.classes[index]
