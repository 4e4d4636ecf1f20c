from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from convoscope.render import colour, scale_of
from tests import shipped
from tests.browser.conftest import DESKTOP, PHONE, open_page, running_app
from tests.browser.reading import expect_query, tiles, traced, visit
from tests.graphs import card, deep, write

STAR = "/layers?model=shapes&photo=star"
DEEP = len(shipped.counts("photo"))  # convolutions of the photo network
LAYERS = 24  # of one that is deeper
SHOWN = 3 + DEEP * 8 + 5  # tiles: three colours, eight channels of each convolution, five answers


def units(page: Page) -> Locator:
    return page.locator(".net .unit")


def named(page: Page, name: str) -> Locator:
    return page.locator(f'.net .unit[aria-label^="{name}:"]')


def open_glance(page: Page, path: str, count: int) -> None:
    visit(page, path)
    expect(units(page)).to_have_count(count)


def drawn(unit: Locator, x: float, y: float) -> list[int]:
    """The colour and opacity drawn in a tile, x and y as shares of its side."""
    return unit.evaluate(
        """(unit, [x, y]) => {
            const canvas = unit.parentElement.querySelector("canvas");
            const scale = canvas.width / canvas.clientWidth, side = unit.offsetWidth;
            const at = [(unit.offsetLeft + x * side) * scale, (unit.offsetTop + y * side) * scale];
            return [...canvas.getContext("2d").getImageData(Math.floor(at[0]), Math.floor(at[1]), 1, 1).data];
        }""",
        [x, y],
    )


def test_tiles_have_the_engines_colours(page):
    open_glance(page, STAR, 1 + 3 * 8 + 7)
    network, trace = traced("shapes", shipped.sample("star"))
    for number, layer in enumerate(network.layers[1:3], 2):
        stage = layer.shown_stage(None)
        values = trace.values(stage)
        colours = colour(values, scale_of(values, "positive"))
        height, width = values.shape[1:]
        for channel in range(8):
            row, column = np.unravel_index(values[channel].argmax(), (height, width))
            shown = drawn(named(page, f"conv {number}, channel {channel}"), (column + 0.5) / width, (row + 0.5) / height)
            assert np.abs(np.array(shown[:3]) - colours[channel, row, column]).max() <= 2


def test_hover_picks_out_a_tile_with_its_sources_and_sends_nothing(page):
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    open_glance(page, STAR, 32)
    expect(tiles(page)).to_have_count(8)
    page.wait_for_timeout(500)
    before = len(sent)
    assert before > 0
    for channel in range(8):
        named(page, f"conv 3, channel {channel}").hover()
        expect(page.locator(".card")).to_contain_text(f"conv 3, channel {channel}")
        clear = page.locator(".net .unit:not(.faded)")
        expect(clear).to_have_count(1 + 8)
        names = [unit.get_attribute("aria-label") for unit in clear.all()]
        assert [name.split(",")[0] for name in names] == ["conv 2"] * 8 + ["conv 3"]
    page.locator("h1").hover()
    expect(page.locator(".net .unit.faded")).to_have_count(0)
    expect(page.locator(".card")).to_be_hidden()
    assert len(sent) == before


def test_the_card_hides_none_of_the_sources(page):
    open_glance(page, STAR, 32)
    for unit in (named(page, "conv 3, channel 7"), page.locator(".outcome").first, page.locator(".outcome").last):
        unit.hover()
        card = page.locator(".card").bounding_box()
        sources = [source.bounding_box() for source in page.locator("button.unit:not(.faded)").all()[:8]]
        assert all(card["x"] >= box["x"] + box["width"] or card["x"] + card["width"] <= box["x"] for box in sources)


def test_what_is_faded_is_still_there_but_faint(page):
    open_glance(page, STAR, 32)
    unit, source = named(page, "conv 1, channel 2"), named(page, "conv 3, channel 2")
    assert drawn(unit, 0.5, 0.5)[3] == 255
    page.locator(".outcome").first.hover()
    expect(unit).to_have_class("unit faded")
    assert 20 < drawn(unit, 0.5, 0.5)[3] < 80
    assert drawn(source, 0.5, 0.5)[3] == 255


def test_a_click_opens_layer_step_and_channel(page):
    open_glance(page, "/layers", SHOWN)
    unit = units(page).nth(3 + 4 * 8)
    channel = unit.get_attribute("aria-label").split(":")[0].removeprefix("conv 5, channel ")
    unit.click()
    expect(page.get_by_role("heading", name="How is one number made?")).to_be_visible()
    expect_query(page, layer="conv5", stage="relu5", channel=channel)
    page.get_by_role("link", name="Layers").click()
    expect(page.locator(".net .unit.marked")).to_have_attribute("aria-current", "true")


def test_arrow_keys_move_between_tiles_and_enter_opens_one(page):
    open_glance(page, STAR, 32)
    units(page).first.focus()
    for key, name in (
        ("ArrowRight", "conv 1, channel 0"),
        ("ArrowDown", "conv 1, channel 1"),
        ("ArrowRight", "conv 2, channel 1"),
    ):
        page.keyboard.press(key)
        expect(named(page, name)).to_be_focused()
        expect(page.locator(".card")).to_contain_text(name)
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".outcome").nth(1)).to_be_focused()
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    expect(named(page, "conv 2, channel 1")).to_be_focused()
    assert page.locator('.net [tabindex="0"]').count() == 1
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="How is one number made?")).to_be_visible()
    expect_query(page, layer="conv2", channel="1")


def test_the_scale_is_switched_here_and_for_the_maps_below(page):
    open_glance(page, "/layers", SHOWN)
    expect(page.locator(".net .ticks")).to_have_count(DEEP)
    page.get_by_role("button", name="one for all").first.click()
    expect_query(page, scale="network")
    expect(page.get_by_role("group", name="Colour scale").get_by_role("button", name="one for all")).to_have_attribute(
        "aria-pressed", "true"
    )
    highs = {ticks.split("\n")[-1] for ticks in page.locator(".net .ticks").all_inner_texts()}
    assert len(highs) == 1


def test_relu_and_pooling_unfold(page):
    open_glance(page, STAR, 32)
    page.get_by_role("button", name="Unfold all layers", exact=True).click()
    expect(units(page)).to_have_count(1 + 9 * 8 + 7)
    expect(page.locator(".net .head b")).to_have_text(
        ["photo", *[title for number in (1, 2, 3) for title in (f"conv {number}", "ReLU", "pooling")], "answer"]
    )
    named(page, "conv 2 after pooling, channel 3").hover()
    expect(page.locator(".net .unit:not(.faded)")).to_have_count(2)


def test_a_click_on_a_layers_title_unfolds_that_layer_alone(page):
    open_glance(page, STAR, 32)
    page.get_by_role("button", name="conv 2", exact=True).click()
    expect(units(page)).to_have_count(32 + 16)
    expect(page.locator(".net .head b")).to_have_text(["photo", "conv 1", "conv 2", "ReLU", "pooling", "conv 3", "answer"])
    expect(page.get_by_role("button", name="conv 2", exact=True)).to_have_attribute("aria-expanded", "true")
    page.get_by_role("button", name="conv 2", exact=True).click()
    expect(units(page)).to_have_count(32)


def test_keys_work_on_after_the_tab_key_has_been_on_a_layers_title(page):
    open_glance(page, STAR, 32)
    page.get_by_role("button", name="conv 2", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.locator('.net .unit[tabindex="0"]').focus()
    before = page.locator(".net .unit:focus").get_attribute("data-at")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".net .unit:focus")).not_to_have_attribute("data-at", before)
    assert page.locator('.net [tabindex="0"]').count() == 1


def test_every_column_stands_right_of_the_one_before_within_the_window(page):
    open_glance(page, "/layers", SHOWN)
    boxes = [units(page).nth(at).bounding_box() for at in (0, *range(3, 3 + 8 * DEEP, 8), 3 + 8 * DEEP)]
    assert all(one["x"] + one["width"] <= other["x"] for one, other in pairwise(boxes))
    assert min(box["width"] for box in boxes) >= 36
    assert page.locator(".net").evaluate("net => net.getBoundingClientRect().bottom") <= 900
    for outcome in page.locator(".outcome").all():
        expect(outcome).to_contain_text("%")


def test_on_a_phone_it_runs_top_to_bottom(phone):
    open_glance(phone, "/layers", SHOWN)
    boxes = [units(phone).nth(at).bounding_box() for at in range(SHOWN)]
    assert all(one["y"] + one["height"] <= other["y"] for one, other in pairwise(boxes[3 : 3 + 8 * DEEP : 8]))
    assert {box["y"] for box in boxes[3:11]} == {boxes[3]["y"]}
    assert min(box["width"] for box in boxes) >= 36
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert phone.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    units(phone).nth(3).focus()
    phone.keyboard.press("ArrowRight")
    phone.keyboard.press("ArrowDown")
    expect(units(phone).nth(3 + 8 + 1)).to_be_focused()


def test_every_tile_has_a_text_alternative(page):
    open_glance(page, "/layers", SHOWN)
    for label in units(page).evaluate_all("units => units.map((unit) => unit.ariaLabel)"):
        name, _, said = label.partition(": ")
        assert name
        assert ("alues from " in said) or said.startswith("Silent") or "logit" in said


@pytest.fixture(scope="module")
def deep_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with a network of more layers than a window has room for."""
    folder, built = tmp_path_factory.mktemp("deep"), deep(LAYERS)
    write(folder / "models" / "deep", built, card(built, 12, 3, 3))
    with running_app(folder / "log", folder / "models") as url:
        yield url


def far(page: Page) -> dict[str, int]:
    """How far the window over the picture has moved, and how far it can."""
    sizes = "{ left: w.scrollLeft, top: w.scrollTop, wide: w.scrollWidth - w.clientWidth, high: w.scrollHeight - w.clientHeight }"
    return page.locator(".window").evaluate(f"w => ({sizes})")


def test_a_deep_network_lies_under_a_window_that_moves_to_the_tile_chosen(browser, deep_url):
    with open_page(browser, deep_url, DESKTOP) as page:
        open_glance(page, "/layers?channel=1&layer=conv20", 3 + 4 * LAYERS + 3)
        expect(named(page, "layer conv20, channel 1")).to_be_in_viewport()
        expect(named(page, "photo, red")).not_to_be_in_viewport()
        assert far(page)["left"] > 0
        assert far(page)["high"] == 0
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= DESKTOP["width"]
        named(page, "layer conv20, channel 1").hover()
        tile, words = named(page, "layer conv20, channel 1").bounding_box(), page.locator(".card").bounding_box()
        assert abs(words["x"] - tile["x"]) < words["width"]
        assert words["y"] >= tile["y"] + tile["height"]
    with open_page(browser, deep_url, PHONE) as phone:
        open_glance(phone, "/layers", 3 + 4 * LAYERS + 3)
        assert far(phone)["wide"] == 0
        assert far(phone)["high"] > 0
        assert phone.locator(".window").bounding_box()["height"] <= 0.8 * PHONE["height"]


def test_the_layers_of_a_deep_network_are_a_list_to_be_searched(browser, deep_url):
    with open_page(browser, deep_url, DESKTOP) as page:
        visit(page, "/layers")
        choice = page.get_by_role("combobox", name="Layer")
        choice.click()
        choice.fill("blocks.17")
        page.get_by_role("option", name="blocks.17.conv · convolution 3 × 3, padding 1 · 4 maps of 12 × 12").click()
        expect_query(page, layer="conv17")
        expect(page.get_by_text("Layer conv17 (blocks.17.conv): convolution 3 × 3, padding 1; 144 parameters")).to_be_visible()
