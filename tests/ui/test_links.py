import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoscope.network import load
from convoscope.prepare import Crop
from convoscope.why.what_if import STRENGTHS
from tests import shipped
from tests.pages.app import ROOT
from ui.chapters import CHAPTERS
from ui.gains import within
from ui.links import ORDERS, SCALES, Selection, from_link, to_link
from ui.samples import DRAWINGS, PHOTOS
from ui.views import CHANGES, GRADIENT_MAPS, VIEWS, middle, patches, strides

MODELS = {name: load(ROOT / "models" / name) for name in ("photo", "shapes")}


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    model = draw(st.sampled_from(sorted(MODELS)))
    network = MODELS[model]
    layer = draw(st.none() | st.sampled_from([layer for layer in network.layers if layer.map_stages]))
    shown = layer or network.layers[0]
    crop = st.builds(Crop, *[st.integers(0, 1280)] * 3)
    patch = draw(st.none() | st.sampled_from(patches(network.card.preprocessing.size)))
    return Selection(
        model=model,
        photo=draw(st.sampled_from([sample.name for sample in (PHOTOS if model == "photo" else DRAWINGS)])),
        crop=draw(st.none() | crop),
        answer=draw(st.none() | st.integers(0, len(network.card.classes) - 1)),
        layer=layer and layer.name,
        stage=draw(st.none() | st.sampled_from([stage.tensor for stage in shown.stages])),
        channel=draw(st.none() | st.integers(0, shown.map_stages[0].shape[0] - 1)),
        cell=draw(st.none() | st.tuples(st.integers(0, 9999), st.integers(0, 9999))),
        order=draw(st.sampled_from(ORDERS)),
        scale=draw(st.sampled_from(SCALES)),
        step=draw(st.none() | st.integers(0, 10**9 - 1)),
        chapter=draw(st.none() | st.sampled_from(sorted(CHAPTERS))),
        view=draw(st.none() | st.sampled_from(sorted(VIEWS))),
        against=draw(st.none() | st.integers(0, len(network.card.classes) - 1)),
        other=draw(st.none() | st.sampled_from([sample.name for sample in (PHOTOS if model == "photo" else DRAWINGS)])),
        change=draw(st.none() | st.sampled_from(CHANGES)),
        strength=draw(st.none() | st.integers(0, STRENGTHS)),
        patch=patch,
        stride=draw(st.none() | st.sampled_from(strides(patch or middle(patches(network.card.preprocessing.size))))),
        map=draw(st.none() | st.sampled_from(sorted(GRADIENT_MAPS))),
        switches=draw(switches(model)) or None,
        several=draw(st.booleans()),
    )


def switches(model: str) -> st.SearchStrategy[dict[str, dict[str, float]]]:
    counts = dict(zip((layer.name for layer in MODELS[model].layers), shipped.counts(model), strict=False))
    gain = st.integers(0, 200).map(lambda hundredths: hundredths / 100).filter(lambda gain: gain != 1)
    own = {name: st.dictionaries(st.integers(0, count - 1).map(str), gain, min_size=1) for name, count in counts.items()}
    return st.fixed_dictionaries({}, optional=own)


@given(selections())
def test_a_link_brings_back_the_selection_it_was_made_from(selection):
    link = to_link(selection, MODELS[selection.model])
    assert from_link(link, MODELS) == (selection, ())


@given(st.dictionaries(st.sampled_from([field.name for field in dataclasses.fields(Selection)]), st.text()))
def test_any_link_gives_a_selection_that_can_be_shown(link):
    selection, notes = from_link(link, MODELS)
    assert selection.model in MODELS
    assert len(notes) <= len(link)
    assert from_link(to_link(selection, MODELS[selection.model]), MODELS) == (selection, ())


def test_ones_own_photo_is_kept_where_there_is_one():
    selection, notes = from_link({"photo": "own-1a2b", "crop": "1,2,3"}, MODELS, own=["own-ffff", "own-1a2b"])
    assert (selection.photo, selection.crop, notes) == ("own-1a2b", Crop(1, 2, 3), ())


@pytest.mark.parametrize(("photo", "own"), [("own-1a2b", []), ("own-1a2b", ["own-eeee", "own-ffff"]), ("own", []), ("dog", [])])
def test_a_link_to_a_photo_that_is_not_there_drops_its_crop_and_class(photo, own):
    link = {"photo": photo, "crop": "1,2,3", "answer": "tabby", "layer": "conv2"}
    selection, notes = from_link(link, MODELS, own)
    assert selection == Selection(model="photo", photo=own[-1] if own else "coffee", layer="conv2")
    assert notes[1:] == ("Left out, as parts of that photo's link: its crop and the class asked about.",)


def test_a_link_to_a_photo_that_is_not_there_says_that_the_question_is_dropped_with_it():
    classes = MODELS["photo"].card.classes
    _, notes = from_link({"photo": "own-1a2b", "answer": classes[0], "against": classes[1]}, MODELS)
    assert notes[-1].endswith("the class asked about and the class to compare that with.")
    _, notes = from_link({"photo": "own-1a2b"}, MODELS)
    assert len(notes) == 1


def test_all_that_is_not_here_is_named_in_one_sentence():
    link = {"layer": "x", "order": "y", "scale": "z", "chapter": "a", "view": "b", "map": "c", "change": "d"}
    _, notes = from_link(link, MODELS)
    assert len(notes) == 1
    assert notes[0].startswith("The link asks for the layer “x”, the order “y”, ")
    assert notes[0].endswith(" and the map “c”, which are not here.")


def test_ones_own_photo_to_compare_with_is_kept_where_there_is_one():
    selection, notes = from_link({"other": "own-1a2b"}, MODELS, own=["own-1a2b", "own-ffff"])
    assert (selection.other, notes) == ("own-1a2b", ())
    selection, notes = from_link({"other": "own-1a2b"}, MODELS, own=["own-ffff"])
    assert selection.other is None
    assert "a photo of somebody's own" in notes[0]


@pytest.mark.parametrize(
    ("name", "value"), [("change", "melt"), ("patch", "999"), ("patch", "²"), ("stride", "0"), ("map", "cam"), ("several", "all")]
)
def test_what_a_view_does_not_offer_gets_a_note(name, value):
    selection, notes = from_link({name: value}, MODELS)
    assert selection == Selection(model="photo", photo="coffee")
    assert notes == (f"The link asks for the {name} “{value}”, which is not here.",)


@pytest.mark.parametrize("crop", ["", "1,2", "1,2,3,4", "a,b,c", "1.5,2,3", "²,2,3", "1,2,999999"])
def test_a_crop_that_is_not_three_whole_numbers_gets_a_note(crop):
    selection, notes = from_link({"crop": crop}, MODELS)
    assert selection.crop is None
    assert "three whole numbers" in notes[0]


@pytest.mark.parametrize("step", ["", "-1", "1.5", "²", "9" * 10])
def test_a_step_that_is_not_a_whole_number_gets_a_note(step):
    selection, notes = from_link({"step": step}, MODELS)
    assert selection.step is None
    assert "not a whole number" in notes[0]


@pytest.mark.parametrize("cell", ["", "1", "1,2,3", "a,b", "-1,2", "²,2", "1,99999"])
def test_a_cell_that_is_not_a_row_and_a_column_gets_a_note(cell):
    selection, notes = from_link({"cell": cell}, MODELS)
    assert selection.cell is None
    assert "not a row and a column" in notes[0]


@pytest.mark.parametrize("word", ["", "3", "3-", "conv3-2", "3-2_", "3-2*", "3-2*-1", "3-²", "3-2*1e9", "3-2,3"])
def test_switches_that_cannot_be_read_get_a_note(word):
    selection, notes = from_link({"model": "shapes", "switches": word}, MODELS)
    assert selection.switches is None
    assert "are not layers with their channels" in notes[0]


@pytest.mark.parametrize(
    ("word", "kept", "said"),
    [
        ("3-2-99", {"conv3": {"2": 0}}, "a channel that this network does not have, channel 99 of layer 3; the others are"),
        ("9-0-1", None, "2 channels that this network does not have, the first of them channel 0 of layer 9."),
        ("4-0", None, "a channel that this network does not have, channel 0 of layer 4."),  # the last layer has no switches
    ],
)
def test_switches_that_the_network_has_not_get_a_note(word, kept, said):
    selection, notes = from_link({"model": "shapes", "switches": word}, MODELS)
    assert selection.switches == kept
    assert len(notes) == 1
    assert said in notes[0]


def test_switches_of_a_network_that_is_not_here_are_not_turned_in_another():
    selection, notes = from_link({"model": "gone", "switches": "1-0"}, MODELS)
    assert selection.switches is None
    assert len(notes) == 1


def test_what_a_browser_says_of_switches_is_put_within_bounds():
    given = {"conv1": {"0": -1, "1": 7, "2": 1, "3": 0.5004, "8": 0, "x": 0}, "dense": {"0": 0}, "nowhere": {"0": 0}}
    assert within(given, MODELS["shapes"]) == {"conv1": {"0": 0, "1": 2, "3": 0.5}}
