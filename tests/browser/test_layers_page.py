import re

import numpy as np
from playwright.sync_api import expect

from convoscope.render import colour, scale_of
from convoscope.strength import strongest_first
from tests import shipped
from tests.browser.reading import (
    colour_in,
    expect_own_photo,
    expect_query,
    give,
    photo_file,
    tiles,
    traced,
    traced_file,
    upload,
    visit,
)

MANY = 220  # maps of which a desktop shows all at first: twenty rows of eleven


def open_own_photo(page, data: bytes, model: str, layer: str) -> None:
    visit(page, f"/?model={model}")
    expect(page.locator(".bar").first).to_be_visible()
    upload(page, data)
    expect_own_photo(page)
    page.get_by_role("link", name="Layers").click()
    page.get_by_test_id("stButtonGroup").get_by_text(layer, exact=True).click()


def show_all(page, count: int) -> None:
    """Of so many maps that at first a part is shown."""
    page.get_by_role("button", name=f"Show all {count}", exact=True).click()
    expect(tiles(page)).to_have_count(count)


def test_every_map_of_ones_own_photo_shows_the_engines_values(page):
    data = photo_file(4)
    network, trace = traced_file("shapes", data)
    stage = network.layers[1].map_stages[1]
    values = trace.values(stage)
    open_own_photo(page, data, "shapes", "conv 2")
    expect(page.get_by_role("group", name="Activation maps of Convolution 2, ReLU")).to_be_visible()
    rng = np.random.default_rng(0)
    for tile in tiles(page).all():
        channel = int(re.search(r"channel (\d+)", tile.get_attribute("aria-label")).group(1))
        row, column = rng.integers(0, values.shape[1], 2)
        side = tile.bounding_box()["width"]
        tile.hover(position={"x": (column + 0.5) / 16 * side, "y": (row + 0.5) / 16 * side})
        expect(page.locator(".tip")).to_contain_text(f"channel {channel} · row {row + 1}, column {column + 1} · ")
        shown = float(page.locator(".tip").inner_text().split("· ")[-1].replace("−", "-"))
        assert shown == float(f"{values[channel, row, column]:.3g}")


def test_maps_are_drawn_in_the_engines_colours(page):
    visit(page, "/layers?model=shapes&photo=star&layer=conv1&stage=conv1")
    expect(tiles(page)).to_have_count(8)
    network, trace = traced("shapes", shipped.sample("star"))
    values = trace.values(network.layers[0].map_stages[0])
    colours = colour(values, scale_of(values, "signed"))
    tiles(page).last.scroll_into_view_if_needed()  # maps are drawn when they come near the window
    expect(page.locator(".root.grid canvas[data-done]").first).to_be_visible()
    for tile in tiles(page).all():
        channel = int(re.search(r"channel (\d+)", tile.get_attribute("aria-label")).group(1))
        for row, column in ((3, 5), (16, 16), (30, 2)):
            drawn = colour_in(tile, (column + 0.5) / 32, (row + 0.5) / 32)
            assert np.abs(np.array(drawn) - colours[channel, row, column]).max() <= 2


def test_every_layer_of_the_photo_network_draws_all_its_maps(page):
    network, trace = traced("photo", shipped.sample("coffee"))
    shown = [layer.shown_stage(None) for layer in network.layers]
    strongest = [int(strongest_first(trace.values(stage))[0]) for stage in shown if stage]
    visit(page, "/layers")
    for number, count in enumerate(shipped.counts("photo"), start=1):
        page.get_by_test_id("stButtonGroup").get_by_text(f"conv {number}", exact=True).click()
        expect(tiles(page).first).to_have_attribute("aria-label", re.compile(rf"^channel {strongest[number - 1]}:"))
        if count > MANY:
            show_all(page, count)
        expect(tiles(page)).to_have_count(count)


def test_a_click_enlarges_a_map_and_keys_move_on(page):
    visit(page, "/layers?layer=conv2")
    expect(tiles(page)).to_have_count(shipped.counts("photo")[1])
    tiles(page).nth(4).click()
    names = tiles(page).locator("b").all_inner_texts()
    heading = page.locator(".about h3")
    expect(heading).to_have_text(names[4])
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text(names[5])
    expect_query(page, channel=names[5].removeprefix("channel "))
    page.reload()
    expect(page.locator(".about h3")).to_have_text(names[5])
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".about h3")).to_be_hidden()


def test_from_an_enlarged_map_a_button_leads_to_how_its_numbers_are_made(page):
    visit(page, "/layers?photo=cat&layer=conv2")
    expect(tiles(page)).to_have_count(shipped.counts("photo")[1])
    tiles(page).nth(4).click()
    channel = page.locator(".about h3").inner_text().removeprefix("channel ")
    page.get_by_role("button", name="How its numbers are made").click()
    expect(page.get_by_role("heading", name="How is one number made?")).to_be_visible()
    expect_query(page, photo="cat", layer="conv2", stage="relu2", channel=channel)
    page.go_back()
    expect(tiles(page)).to_have_count(shipped.counts("photo")[1])


def test_hovering_sends_nothing_to_the_server(page):
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    visit(page, "/layers?layer=conv2")
    expect(tiles(page)).to_have_count(shipped.counts("photo")[1])
    tiles(page).nth(9).scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    before = len(sent)
    assert before > 0
    for tile in tiles(page).all()[:10]:
        tile.hover()
    expect(page.locator(".tip")).to_be_visible()
    assert len(sent) == before


def test_relu_takes_the_red_away(page):
    visit(page, "/layers?model=shapes&photo=circle&stage=conv1")
    expect(tiles(page).first).to_contain_text("−")
    page.get_by_test_id("stButtonGroup").get_by_text("ReLU", exact=True).click()
    expect(tiles(page).first).not_to_contain_text("−")
    expect_query(page, stage="relu1")


def test_the_photo_and_the_layer_survive_the_way_to_the_first_page_and_back(page):
    visit(page, "/layers?photo=rocket&layer=conv5")
    expect(tiles(page)).to_have_count(shipped.counts("photo")[4])
    page.get_by_role("link", name="What is it?").click()
    expect(page.locator(".bar").first).to_be_visible()
    expect_query(page, photo="rocket", layer="conv5")
    page.get_by_role("link", name="Layers").click()
    expect(tiles(page)).to_have_count(shipped.counts("photo")[4])


def test_the_back_button_returns_to_the_layer_before(page):
    visit(page, "/layers?layer=conv1")
    expect(tiles(page)).to_have_count(shipped.counts("photo")[0])
    page.get_by_test_id("stButtonGroup").get_by_text("conv 4", exact=True).click()
    expect(tiles(page)).to_have_count(shipped.counts("photo")[3])
    expect_query(page, layer="conv4")
    page.go_back()
    expect(tiles(page)).to_have_count(shipped.counts("photo")[0])


def test_a_bad_link_falls_back_with_a_note(page):
    visit(page, "/layers?layer=conv99")
    expect(page.get_by_text("The link asks for the layer “conv99”, which is not here.")).to_be_visible()
    expect(tiles(page)).to_have_count(shipped.counts("photo")[0])


def test_maps_can_be_saved_as_a_picture(page):
    visit(page, "/layers?model=shapes&photo=star")
    expect(tiles(page)).to_have_count(8)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a picture").click()
    assert download.value.suggested_filename == "star-shapes-relu1.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_on_a_phone_maps_stand_three_in_a_row_at_96_pixels(phone):
    visit(phone, "/layers")
    expect(tiles(phone)).to_have_count(shipped.counts("photo")[0])
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    boxes = [tile.bounding_box() for tile in tiles(phone).all()[:4]]
    assert [box["y"] for box in boxes[:3]] == [boxes[0]["y"]] * 3
    assert boxes[3]["y"] > boxes[0]["y"]
    assert min(box["width"] for box in boxes) >= 96


def test_of_many_maps_a_phone_shows_sixteen_rows_until_all_are_asked_for(phone):
    network, trace = traced("photo", shipped.sample("cat"))
    layer = network.layers[len(shipped.counts("photo")) - 1]
    count = layer.map_stages[0].shape[0]
    visit(phone, f"/layers?photo=cat&layer={layer.name}")
    expect(tiles(phone)).to_have_count(3 * 16)
    weakest = int(strongest_first(trace.values(layer.shown_stage(None)))[-1])
    show_all(phone, count)
    expect(tiles(phone).last).to_have_attribute("aria-label", re.compile(f"^channel {weakest}:"))
    assert phone.evaluate("document.activeElement.shadowRoot.activeElement.dataset.at") == str(3 * 16)
    visit(phone, f"/layers?photo=cat&layer={layer.name}&channel={weakest}")
    expect(phone.locator(".about h3")).to_have_text(f"channel {weakest}")
    expect(tiles(phone)).to_have_count(count)


def test_an_enlarged_map_comes_into_view(page):
    last = len(shipped.counts("photo"))
    visit(page, f"/layers?layer=conv{last}")
    show_all(page, shipped.counts("photo")[-1])
    tiles(page).nth(shipped.counts("photo")[-1] * 4 // 5).click()
    expect(page.locator(".about h3")).to_be_in_viewport()
    expect(page.locator(".tip")).to_be_hidden()


def test_the_table_of_costs_does_not_widen_a_phones_page(phone):
    visit(phone, "/layers?model=shapes&photo=star")
    expect(tiles(phone)).to_have_count(8)
    phone.get_by_text("What each layer costs").click()
    expect(phone.get_by_text("multiply-adds with")).to_be_visible()
    assert phone.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_a_photo_can_be_dropped_here_too(page):
    visit(page, "/layers?layer=conv2")
    expect(tiles(page)).to_have_count(shipped.counts("photo")[1])
    give(page, "drop", photo_file(7))
    expect_own_photo(page)
    expect_query(page, layer="conv2")
    expect(page.get_by_text("respond to your photo")).to_be_visible()


def test_back_returns_to_the_map_that_was_enlarged_before(page):
    visit(page, "/layers?layer=conv2&order=number")
    expect(tiles(page)).to_have_count(shipped.counts("photo")[1])
    for channel in (4, 6):
        tiles(page).nth(channel).click()
        expect_query(page, channel=str(channel))
    page.go_back()
    expect(page.locator(".about h3")).to_have_text("channel 4")
