import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from convoscope.evidence import linear_head
from convoscope.layers import Stage
from convoscope.network import Network
from convoscope.prepare import Prepared, centre_crop, prepare
from convoscope.render import overlay, scale_of
from convoscope.why.channels import Speakers, speakers
from convoscope.why.gradients import open_gradients
from convoscope.why.heat import saliency
from convoscope.why.question import Question
from convoscope.why.switches import open_leave_one_out, open_switchboard
from convoscope.words import percent
from tests import shipped
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.reading import UPLOADER, expect_own_photo, expect_query, photo_file, traced, upload, visit
from ui.components.switches import SHOWN
from ui.views import VIEWS

STAR = "/why?model=shapes&photo=star"
READY = {
    "evidence": ".strip .tile",
    "switches": ".channel",
    "gradients": ".plate >> nth=3",
    "pixels": "tr.total",
    "occlusion": "tbody tr",
    "change": ".shown canvas",
    "photos": ".strip .tile",
}  # each view, and what it shows last


def star() -> tuple[Network, Prepared, Question, Speakers]:
    photo = shipped.sample("star")
    network, trace = traced("shapes", photo)
    head = linear_head(network)
    assert head is not None
    asked = Question(network.card.classes.index("star"))
    prepared = prepare(photo, centre_crop(photo), network.card.preprocessing)
    return network, prepared, asked, speakers(head, trace, asked)


def shown(text: str) -> float:
    """The number at the end of what a map reads, 'Row 1, column 2: +0.123 of the logit'."""
    found = re.search(r": ([+−]?[\d.,]+(?:e−?\d+)?)", text)
    assert found, text
    return float(found[1].replace("−", "-").replace("+", "").replace(",", ""))


def bar(page: Page, name: str) -> str:
    return page.locator(".bar", has_text=name).first.locator(".share").inner_text()


def expect_share(page, text):
    """The chosen class has it; while a component is mounted anew, the bars before may still be there."""
    expect(page.locator(".bar.chosen .share", has_text=re.compile(f"^{re.escape(text)}$"))).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(tabs, view, size, scheme):
    with tabs.open(size, scheme) as page:
        visit(page, f"{STAR}&view={view}")
        expect(page.locator(READY[view]).first).to_be_visible()
        expect(page.get_by_text("cannot tell").first).to_be_visible()
        findings = Axe().run(page).response["violations"]
        assert [(found["id"], found["nodes"]) for found in findings if found["impact"] in ("serious", "critical")] == []
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= size["width"]


def test_hovering_over_the_evidence_tells_the_engines_values(page):
    visit(page, STAR)
    *_, spoken = star()
    plate = page.locator(".plate")
    expect(plate).to_be_visible()
    side = plate.bounding_box()["width"]
    height, width = spoken.map.shape
    for row, column in np.ndindex(height, width):
        plate.hover(position={"x": (column + 0.5) / width * side, "y": (row + 0.5) / height * side})
        expect(page.locator(".read")).to_contain_text(f"Row {row + 1}, column {column + 1}:")
        text = page.locator(".read").inner_text()
        assert shown(text) == pytest.approx(float(f"{spoken.map[row, column]:.3g}"), rel=1e-3)
        assert text.endswith("of the logit")


def test_a_map_as_fine_as_the_photo_is_read_by_keyboard(page):
    visit(page, f"{STAR}&view=gradients")
    network, prepared, asked, _ = star()
    values = saliency(open_gradients(network), prepared.tensor, asked).values
    plate = page.locator(".plate").first
    plate.focus()
    row, column = np.unravel_index(values.argmax(), values.shape)
    page.keyboard.press("ArrowLeft" if column else "ArrowRight")
    column += -1 if column else 1
    read = page.locator(".read").first
    expect(read).to_contain_text(f"Row {row + 1}, column {column + 1}:")
    assert shown(read.inner_text()) == pytest.approx(values[row, column], rel=6e-3)


def test_the_numbers_of_a_map_are_its_cells(page):
    visit(page, STAR)
    *_, spoken = star()
    page.get_by_text("Show me the numbers", exact=True).click()
    cells = page.locator(".numbers span")
    expect(cells).to_have_count(spoken.map.size)
    read = [float(text.replace("−", "-")) for text in cells.all_inner_texts()]
    assert np.abs(np.array(read) - spoken.map.reshape(-1)).max() < 0.006 * np.abs(spoken.map).max()


def test_the_slider_goes_from_the_photo_to_the_map_alone(page):
    visit(page, STAR)
    fade = page.get_by_role("slider", name="From the photo to the map alone")
    pixels = "[...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
    opacities = f"canvas => {pixels}.filter((value, at) => at % 4 === 3)"
    expect(fade).to_have_value("70")
    fade.fill("0")
    assert set(page.locator(".over").evaluate(opacities)) == {0}
    fade.fill("100")
    assert set(page.locator(".over").evaluate(opacities)) == {255}


def test_the_map_over_the_photo_is_drawn_as_the_engine_draws_it(page):
    visit(page, STAR)
    *_, spoken = star()
    scale = scale_of(spoken.map, "evidence")
    fade = page.get_by_role("slider", name="From the photo to the map alone")
    for at in (50, 70, 85):
        fade.fill(str(at))
        pixels = page.locator(".over").evaluate(
            "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
        )
        drawn = np.array(pixels).reshape(*spoken.map.shape, 4)
        expected = overlay(spoken.map, scale, at / 50 - 1)
        seen = expected[..., 3] > 20  # a browser rounds the colours of what is nearly clear
        assert np.abs(drawn[..., 3] - expected[..., 3]).max() <= 1
        assert np.abs(drawn[seen] - expected[seen]).max() <= 8


def test_a_click_on_a_channel_leads_to_how_its_numbers_are_made(page):
    visit(page, STAR)
    *_, spoken = star()
    page.locator(".strip .tile").first.click()
    expect(page).to_have_title(re.compile("How is one number made"))
    expect_query(page, channel=str(spoken.pro[0]))


def test_a_switch_moves_the_bars_and_undo_and_reset_bring_them_back(page):
    network, prepared, asked, _ = star()
    board = open_switchboard(network)
    stage = board.stages[-1]
    ranked = open_leave_one_out(network, stage).of(prepared.tensor).ranked(asked)
    visit(page, f"{STAR}&view=switches")
    expect(page.locator(".channel")).to_have_count(8)
    before = bar(page, "star")
    gains = np.ones((1, 8), np.float32)
    for count, channel in enumerate(ranked[:2], start=1):
        page.get_by_role("switch", name=f"Channel {channel}").click()
        gains[0, channel] = 0
        logits = board.answer(prepared.tensor, {stage.tensor: gains})[0]
        after = percent(float(network.probabilities(logits)[asked.index]))
        expect_share(page, after)
        expect(page.get_by_role("button", name=f"conv 3: {count} channel{'s' * (count > 1)} off")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="conv 3: 1 channel off")).to_be_visible()
    page.get_by_role("button", name="Reset all").click()
    expect_share(page, before)


def test_the_gain_of_a_channel_is_turned_by_keys(page):
    network, prepared, asked, _ = star()
    board = open_switchboard(network)
    stage = board.stages[-1]
    channel = open_leave_one_out(network, stage).of(prepared.tensor).ranked(asked)[-1]
    visit(page, f"{STAR}&view=switches")
    slider = page.get_by_role("slider", name=f"Gain of channel {channel}")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator(".channel", has_text=f"channel {channel}").locator("output")).to_have_text("× 2.00")
    gains = np.ones((1, 8), np.float32)
    gains[0, channel] = 2
    after = network.probabilities(board.answer(prepared.tensor, {stage.tensor: gains})[0])
    expect_share(page, percent(float(after[asked.index])))


def test_silencing_one_after_the_other_takes_all_that_hold_the_score_up_and_no_other(page):
    network, prepared, asked, _ = star()
    board = open_switchboard(network)
    stage = board.stages[-1]
    drops = open_leave_one_out(network, stage).of(prepared.tensor).drops(asked)
    visit(page, f"{STAR}&view=switches")
    button = page.get_by_role("button", name="Silence the next one")
    for _ in range(int((drops > 0).sum())):
        button.click()
    expect(button).to_be_disabled()
    for channel, drop in enumerate(drops):
        expect(page.get_by_role("switch", name=f"Channel {channel}")).to_have_attribute("aria-checked", str(drop <= 0).lower())
    answer = board.answer(prepared.tensor, {stage.tensor: np.where(drops > 0, 0.0, 1.0)[None]})[0]
    expect(page.get_by_text("The answer has changed")).to_have_count(int(answer.argmax() != asked.index))


def test_what_is_silenced_is_in_sight_wherever_it_stands_in_the_list(page):
    """In a layer with more channels than are shown: the one that the answer depends on least, then another photo."""
    network = shipped.network("photo")
    stage = open_switchboard(network).stages[-1]
    number = len(open_switchboard(network).stages)
    first, second = (ranking(name, stage) for name in ("coffee", "cat"))
    assert len(first) > SHOWN
    channel = next(each for each in first[SHOWN:] if each in second[SHOWN:])
    visit(page, "/why?model=photo&photo=coffee&view=switches")
    expect(page.locator(".channel")).to_have_count(SHOWN)
    expect(page.get_by_role("switch", name=f"Channel {channel}", exact=True)).to_have_count(0)
    page.get_by_role("button", name=f"All {len(first)} channels").click()
    page.get_by_role("switch", name=f"Channel {channel}", exact=True).click()
    page.get_by_role("button", name=f"Only the first {SHOWN}").click()
    silenced = page.get_by_role("switch", name=f"Channel {channel}", exact=True)
    expect(silenced).to_have_attribute("aria-checked", "false")
    expect_query(page, switches=f"{number}-{channel}")
    page.get_by_text("Change photo").click()
    page.get_by_test_id("stPopoverBody").get_by_text("cat", exact=True).click()
    expect_query(page, photo="cat")
    expect(page.get_by_role("switch", name=f"Channel {second[0]}", exact=True)).to_be_visible()
    expect(silenced).to_have_attribute("aria-checked", "false")
    expect(page.locator(".channel")).to_have_count(SHOWN + 1)


def ranking(photo: str, stage: Stage) -> tuple[int, ...]:
    """The channels of a stage of the photo network, the one that its answer to a sample depends on most first."""
    network = shipped.network("photo")
    shown = shipped.sample(photo)
    prepared = prepare(shown, centre_crop(shown), network.card.preprocessing)
    asked = Question(shipped.traced("photo", photo).prediction.best.index)
    return open_leave_one_out(network, stage).of(prepared.tensor).ranked(asked)


def test_switches_outlive_a_reload_and_the_browsers_back_turns_them_back(page):
    network, prepared, asked, _ = star()
    board = open_switchboard(network)
    gains = np.ones((1, 8), np.float32)
    gains[0, 2] = 0
    alone = board.answer(prepared.tensor, {board.stages[-1].tensor: gains})[0]
    without_2 = percent(float(network.probabilities(alone)[asked.index]))
    two, five = (page.get_by_role("switch", name=f"Channel {channel}") for channel in (2, 5))
    visit(page, f"{STAR}&view=switches")
    two.click()
    expect_query(page, switches="3-2")
    page.reload()
    expect_share(page, without_2)
    expect(two).to_have_attribute("aria-checked", "false")
    five.click()
    expect_query(page, switches="3-2-5")
    page.go_back()
    expect(page.get_by_role("switch", name="Channel 5", checked=True)).to_have_count(1)
    expect(five).to_have_count(1)  # the board of before has gone
    expect(two).to_have_attribute("aria-checked", "false")
    expect_share(page, without_2)
    five.click()  # the same again
    expect_query(page, switches="3-2-5")


def test_a_slider_that_moves_is_in_the_link_where_it_comes_to_rest(page):
    network, prepared, asked, _ = star()
    stage = open_switchboard(network).stages[-1]
    channel = open_leave_one_out(network, stage).of(prepared.tensor).ranked(asked)[0]
    visit(page, f"{STAR}&view=switches")
    slider = page.get_by_role("slider", name=f"Gain of channel {channel}")
    expect(slider).to_be_visible()
    before = bar(page, "star")
    bounds = slider.bounding_box()
    middle = bounds["y"] + bounds["height"] / 2
    page.mouse.move(bounds["x"] + bounds["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(bounds["x"] + 1, middle, steps=8)
    expect(page.get_by_text(f"before {before}")).to_be_visible()
    assert "switches=" not in page.url
    page.mouse.up()
    expect_query(page, switches=f"3-{channel}")
    page.go_back()  # all the way is one entry of the browser's history
    expect(slider).to_have_value("1")
    expect(page).not_to_have_url(re.compile("switches="))


def test_the_question_and_the_view_stand_in_the_link_and_come_back(page, tabs):
    visit(page, STAR)
    page.get_by_text("Trace to pixels", exact=True).click()
    expect_query(page, view="pixels")
    page.get_by_text("Why star rather than").click()
    expect(page).to_have_url(re.compile("against="))
    expect(page.locator("tr.total", has_text="the lead of star over")).to_be_visible()
    expect(page.locator("tr.total")).to_have_count(1)
    with tabs.open(DESKTOP) as other:
        other.goto(page.url)
        expect(other.locator("tr.total")).to_have_text(page.locator("tr.total").inner_text().replace("\t", ""))


def test_the_film_shows_the_photo_at_the_place_of_its_slider(page):
    visit(page, "/why?model=photo&photo=cat&view=change")  # an unsure answer, which flips
    slider = page.get_by_role("slider", name="rotate")
    title = page.locator("output")
    flip = title.inner_text()
    expect(page.get_by_text(f"The dashed line: where the answer flips, {flip}.")).to_be_visible()
    slider.focus()
    page.keyboard.press("Home")
    expect(title).to_contain_text("180 degrees clockwise")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(re.escape(shipped.best(name="cat"))))
    expect_query(page, strength="0")
    page.reload()
    expect(title).to_contain_text("180 degrees clockwise")


def test_the_verdict_on_a_map_comes_when_it_is_asked_for(page):
    visit(page, STAR)
    expect(page.get_by_text("With its weights shuffled")).to_have_count(0)
    page.get_by_text("Can I trust this map?").click()
    expect(page.get_by_text("With its weights shuffled")).to_be_visible()
    expect(page.get_by_text(re.compile("better than random|points at what the answer rests on"))).to_be_visible()
    findings = Axe().run(page).response["violations"]
    assert [found["id"] for found in findings if found["impact"] in ("serious", "critical")] == []


def test_a_file_of_the_map_is_offered_and_names_the_question(page):
    visit(page, STAR)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Numbers (.npz)").click()
    assert waiting.value.suggested_filename == "star-shapes-why-star-evidence.npz"
    network, _, _, spoken = star()
    with np.load(waiting.value.path()) as file:
        assert np.allclose(file["values"], spoken.values)
        assert {"values", "bias", "score"} <= set(file["units"][:, 0])
        about = dict(file["about"].tolist())
        assert file["classes"].tolist() == list(network.card.classes)
    assert (about["question"], about["class"], about["photo"], about["network"]) == ("Why star?", "star", "star", "shapes")
    assert "rather than" not in about


@pytest.mark.parametrize("view", VIEWS)
def test_a_picture_of_every_view_is_offered(page, view):
    visit(page, f"{STAR}&view={view}&against=line&other=circle")
    expect(page.locator(READY[view]).first).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Picture", exact=True).click()
    asked = "" if view == "photos" else "why-star-rather-than-line-"
    assert waiting.value.suggested_filename.startswith(f"star-shapes-{asked}")
    picture = np.asarray(Image.open(waiting.value.path()))
    assert picture.shape[1] >= 480
    assert (picture[:8] == 255).all()
    assert (picture < 40).all(2).any()


def test_ones_own_photo_keeps_the_view(page):
    visit(page, "/why?model=photo&view=pixels")
    expect(page.locator("tr.total")).to_have_count(1)
    page.get_by_text("Change photo").click()
    upload(page, photo_file(3))
    expect_own_photo(page)
    expect_query(page, view="pixels")
    expect(page.locator("tr.total")).to_have_count(1)


def test_switches_of_several_layers_hold_and_are_listed(page):
    visit(page, f"{STAR}&view=switches")
    page.locator(".switch").first.click()
    expect(page.get_by_role("button", name="conv 3: 1 channel off")).to_be_visible()
    to_layer(page, 2)
    expect(page.locator('.switch[aria-checked="true"]')).to_have_count(8)
    page.locator(".switch").first.click()
    page.locator(".switch").nth(1).click()
    expect(page.get_by_role("button", name="conv 2: 2 channels off")).to_be_visible()
    page.get_by_text("Evidence", exact=True).click()
    expect(page.locator(".strip .tile").first).to_be_visible()
    page.get_by_text("Switch channels off", exact=True).click()
    page.get_by_role("button", name="conv 3: 1 channel off").click()
    expect(page.get_by_role("group", name="Switches of Convolution 3")).to_be_visible()
    expect(page.locator('.switch[aria-checked="false"]')).to_have_count(1)
    page.get_by_role("button", name="Reset conv 2").click()
    expect(page.get_by_role("button", name="conv 2: 2 channels off")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="conv 2: 2 channels off")).to_be_visible()


def test_a_bar_stays_and_moves_when_a_switch_is_turned(page):
    visit(page, f"{STAR}&view=switches")
    bar = page.locator(".bar.chosen")
    before = bar.locator(".share").inner_text()
    bar.evaluate("bar => { bar.marked = true; }")
    for _ in range(3):
        page.get_by_role("button", name="Silence the next one").click()
    expect(bar.locator(".share")).not_to_have_text(before)
    assert bar.evaluate("bar => bar.marked")


def test_a_photo_of_ones_own_is_put_beside_and_its_chooser_folds_up(page):
    visit(page, "/why?model=photo&view=photos")
    page.get_by_role("button", name="Your own photo").click()
    upload(page, photo_file(3))
    expect(page).to_have_url(re.compile(r"[?&]other=own-[0-9a-f]{8}(&|$)"))
    expect_query(page, photo="coffee")
    expect(page.get_by_text("B: your photo")).to_be_visible()
    expect(page.locator(UPLOADER)).to_have_count(0)
    page.get_by_role("button", name="Your own photo").click()
    upload(page, bytes(21 * 2**20))
    expect(page.get_by_text("This file has 21 MB")).to_be_visible()
    expect(page.get_by_role("button", name="Back to your photo")).to_be_visible()


def to_layer(page: Page, number: int) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text(f"conv {number}", exact=True).click()
    expect(page.get_by_role("group", name=f"Switches of Convolution {number}")).to_be_visible()


def test_what_the_evidence_names_can_be_switched_off(page):
    visit(page, STAR)
    *_, spoken = star()
    page.get_by_role("button", name="Prove it").click()
    expect_query(page, view="switches")
    expect(page.get_by_role("switch", name=f"Channel {spoken.pro[0]}")).to_be_visible()


def test_a_class_asked_for_goes_with_the_next_question_and_with_another_network(page):
    visit(page, STAR)
    page.get_by_role("button", name="Another class").click()
    page.get_by_role("combobox", name="rather than").click()
    page.get_by_role("option").last.click()
    expect(page).to_have_url(re.compile("against="))
    page.get_by_role("heading", name="Why this answer?").click()
    page.get_by_text(re.compile("^Why star\\?$")).click()
    expect(page).not_to_have_url(re.compile("against="))
    page.get_by_text("What if", exact=True).click()
    expect_query(page, view="change")
    expect(page).not_to_have_url(re.compile("against="))
    page.get_by_role("combobox", name="Network").click()
    page.get_by_role("option", name="CIFAR-10").click()
    expect_query(page, model="cifar10")
    page.get_by_text("Evidence", exact=True).click()
    expect(page.get_by_text("Which channels")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390])
def test_the_table_of_places_is_marked_as_it_is_sorted_and_its_headings_are_whole(tabs, width):
    with tabs.open(PHONE) as page:
        page.set_viewport_size({"width": width, "height": 844})
        visit(page, f"{STAR}&view=occlusion&against=line")
        heading = page.get_by_role("columnheader", name="Fall of")
        expect(heading).to_have_attribute("aria-sort", "descending")
        lost = [float(text.replace("−", "-")) for text in page.locator("tbody td").all_inner_texts()]
        assert lost == sorted(lost, reverse=True)
        scroll = page.get_by_role("region", name="Every place of the patch")
        assert scroll.evaluate("region => region.scrollWidth <= region.clientWidth")
        page.set_viewport_size(PHONE)
