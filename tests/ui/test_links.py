import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoscope.network import load
from convoscope.prepare import Crop
from tests.pages.app import ROOT
from ui.chapters import CHAPTERS
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
        patch=patch,
        stride=draw(st.none() | st.sampled_from(strides(patch or middle(patches(network.card.preprocessing.size))))),
        map=draw(st.none() | st.sampled_from(sorted(GRADIENT_MAPS))),
    )


@given(selections())
def test_a_link_brings_back_the_selection_it_was_made_from(selection):
    link = to_link(selection, MODELS[selection.model].card)
    assert from_link(link, MODELS, own=None) == (selection, ())


@given(st.dictionaries(st.sampled_from([field.name for field in dataclasses.fields(Selection)]), st.text()))
def test_any_link_gives_a_selection_that_can_be_shown(link):
    selection, notes = from_link(link, MODELS, own=None)
    assert selection.model in MODELS
    assert len(notes) <= len(link)
    assert from_link(to_link(selection, MODELS[selection.model].card), MODELS, own=None) == (selection, ())


def test_ones_own_photo_is_kept_where_there_is_one():
    selection, notes = from_link({"photo": "own-1a2b", "crop": "1,2,3"}, MODELS, own="own-1a2b")
    assert (selection.photo, selection.crop, notes) == ("own-1a2b", Crop(1, 2, 3), ())


@pytest.mark.parametrize(("photo", "own"), [("own-1a2b", None), ("own-1a2b", "own-ffff"), ("own", None), ("dog", None)])
def test_a_link_to_a_photo_that_is_not_there_drops_its_crop_and_class(photo, own):
    link = {"photo": photo, "crop": "1,2,3", "answer": "tabby", "layer": "conv2"}
    selection, notes = from_link(link, MODELS, own)
    assert selection == Selection(model="photo", photo=own or "coffee", layer="conv2")
    assert len(notes) == 1


def test_ones_own_photo_to_compare_with_is_kept_where_there_is_one():
    selection, notes = from_link({"other": "own-1a2b"}, MODELS, own="own-ffff", own_other="own-1a2b")
    assert (selection.other, notes) == ("own-1a2b", ())
    selection, notes = from_link({"other": "own-1a2b"}, MODELS, own="own-1a2b")
    assert selection.other is None
    assert "a photo of somebody's own" in notes[0]


@pytest.mark.parametrize(
    ("name", "value"), [("change", "melt"), ("patch", "999"), ("patch", "²"), ("stride", "0"), ("map", "cam")]
)
def test_what_a_view_does_not_offer_gets_a_note(name, value):
    selection, notes = from_link({name: value}, MODELS, own=None)
    assert selection == Selection(model="photo", photo="coffee")
    assert notes == (f"The link asks for the {name} “{value}”, which is not here.",)


@pytest.mark.parametrize("crop", ["", "1,2", "1,2,3,4", "a,b,c", "1.5,2,3", "²,2,3", "1,2,999999"])
def test_a_crop_that_is_not_three_whole_numbers_gets_a_note(crop):
    selection, notes = from_link({"crop": crop}, MODELS, own=None)
    assert selection.crop is None
    assert "three whole numbers" in notes[0]


@pytest.mark.parametrize("step", ["", "-1", "1.5", "²", "9" * 10])
def test_a_step_that_is_not_a_whole_number_gets_a_note(step):
    selection, notes = from_link({"step": step}, MODELS, own=None)
    assert selection.step is None
    assert "not a whole number" in notes[0]


@pytest.mark.parametrize("cell", ["", "1", "1,2,3", "a,b", "-1,2", "²,2", "1,99999"])
def test_a_cell_that_is_not_a_row_and_a_column_gets_a_note(cell):
    selection, notes = from_link({"cell": cell}, MODELS, own=None)
    assert selection.cell is None
    assert "not a row and a column" in notes[0]
