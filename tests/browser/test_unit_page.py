import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from convoscope.arithmetic import Sum
from convoscope.curves import CURVES
from convoscope.network import Network
from convoscope.prepare import centre_crop, prepare
from convoscope.recipe import Workings
from tests import shipped
from tests.browser.conftest import DESKTOP, open_page, running_app
from tests.browser.reading import expect_own_photo, expect_query, photo_file, query, traced, traced_file, upload, visit
from tests.convoscope.zoo import ZOO
from tests.graphs import card, large, write

CELLS = shipped.stage("photo", "conv2").shape[1]  # rows and columns of convolution 2 of the photo network
READ = """async (root, cells) => {
    const map = root.querySelector("canvas.map");
    const check = root.querySelector(".check");
    const frame = () => new Promise(requestAnimationFrame);
    const found = [];
    for (const [y, x, height, width] of cells) {
        let before;
        for (let frames = 0; check.dataset.cell !== `${y},${x}` && frames < 600; frames++) {
            const bounds = map.getBoundingClientRect();
            const clientX = bounds.left + (x + 0.5) / width * bounds.width;
            const clientY = bounds.top + (y + 0.5) / height * bounds.height;
            const move = new PointerEvent("pointermove", { clientX, clientY, pointerType: "mouse" });
            if (`${clientX},${clientY}` !== before) map.dispatchEvent(move);
            before = `${clientX},${clientY}`;
            await frame();
        }
        found.push({ ...check.dataset, agrees: check.className });
    }
    return found;
}"""  # moves the pointer to cells, wherever the page has them by then, and reads what was computed for each


def workings(model: str, photo: str) -> Workings:
    shown = shipped.sample(photo)
    network, trace = traced(model, shown)
    return Workings(network, prepare(shown, centre_crop(shown), network.card.preprocessing), trace)


def root(page: Page):
    expect(page.locator(".check.agrees")).to_be_visible()
    return page.locator(".root", has=page.locator(".answer"))


def channel_of(page: Page) -> int:
    return int(re.search(r"(?:[Cc]hannel|[Nn]umber) (\d+)", page.locator(".answer").inner_text()).group(1))


def stages(network: Network):
    return [(layer, stage) for layer in network.layers for stage in layer.stages]


@pytest.mark.parametrize(
    ("model", "photo", "name"),
    [
        (model, photo, layer.name)
        for model, photo in (("photo", "rocket"), ("shapes", "star"))
        for layer in shipped.network(model).layers
        if layer.map_stages
    ],
)
def test_fifty_random_cells_of_each_layer_are_computed_as_by_the_engine(page, model, photo, name):
    found = workings(model, photo)
    rng = np.random.default_rng(0)
    layer = next(layer for layer in found.network.layers if layer.name == name)
    visit(page, f"/unit?model={model}&photo={photo}&layer={name}")
    for stage in layer.map_stages:
        if stage.tensor != name:
            title = layer.step_titles[stage.tensor]
            page.get_by_test_id("stButtonGroup").get_by_text(title, exact=True).click()
            expect(page.locator(".answer")).to_contain_text(f"after {title}")
        _, height, width = stage.shape
        cells = [[int(y), int(x), height, width] for y, x in rng.integers(0, (height, width), (50, 2))]
        shown = root(page).evaluate(READ, cells)
        recipe = found.recipe(stage, channel_of(page))
        for (y, x, *_), read in zip(cells, shown, strict=True):
            number = recipe.at(y, x)
            assert read["cell"] == f"{y},{x}"
            assert float(read["runtime"]) == number.runtime
            assert float(read["value"]) == pytest.approx(number.value, rel=1e-9, abs=1e-9 * number.magnitude)
            assert float(read["magnitude"]) == pytest.approx(number.magnitude, rel=1e-9)
            assert read["agrees"] == "check agrees"


def test_a_softmax_is_computed_and_not_copied(browser, tmp_path):
    network = ZOO["residual"].load(tmp_path / "models" / "residual")
    layer, stage = next(each for each in stages(network) if each[1].operator == "Softmax")
    shown = shipped.sample("coffee")
    prepared = prepare(shown, centre_crop(shown), network.card.preprocessing)
    found = Workings(network, prepared, network.trace(prepared))
    with running_app(tmp_path / "log", tmp_path / "models") as url, open_page(browser, url, DESKTOP) as page:
        visit(page, f"/unit?photo=coffee&layer={layer.name}&stage={stage.tensor}")
        root(page)
        number = found.recipe(stage, found.trace.prediction.best.index).at(0, 0)
        read = page.locator(".check")
        assert float(read.get_attribute("data-value")) == pytest.approx(number.value, rel=1e-12)
        assert float(read.get_attribute("data-runtime")) == number.runtime != number.value


def test_numbers_without_a_map_are_computed_as_by_the_engine(page):
    for model, photo in (("photo", "coffee"), ("shapes", "star")):
        found = workings(model, photo)
        for layer, stage in stages(found.network):
            if stage.is_maps:
                continue
            visit(page, f"/unit?model={model}&photo={photo}&layer={layer.name}&stage={stage.tensor}")
            expect(page.locator(".check.agrees")).to_be_visible()
            index = found.trace.prediction.best.index if stage.tensor == "logits" else channel_of(page)
            number = found.recipe(stage, index).at(0, 0)
            assert float(page.locator(".check").get_attribute("data-value")) == pytest.approx(number.value, rel=1e-6)


def copied(page: Page) -> list[str]:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as text").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    return page.evaluate("navigator.clipboard.readText()").split("\n")


def test_the_copied_text_holds_every_term_and_adds_up(page):
    visit(page, "/unit?layer=conv4&cell=0,5")
    root(page)
    lines = copied(page)
    found = workings("photo", "coffee")
    number = found.recipe(found.network.layers[3].stages[0], channel_of(page)).at(0, 5)
    assert isinstance(number, Sum)
    terms = [line for line in lines if line.startswith("channel ")]
    assert len(terms) == shipped.counts("photo")[2]
    assert all(line.count("0 (padding)") == 3 for line in terms)
    subtotals = [float(line.rsplit(" = ", 1)[1]) for line in terms]
    np.testing.assert_allclose(subtotals, [term.subtotal for term in number.strongest_first], rtol=1e-6, atol=1e-9)
    assert sum(subtotals) + number.bias == pytest.approx(number.value, abs=1e-9)


def test_the_colours_of_the_first_sum_keep_their_order_and_more_terms_are_sorted(page):
    found = workings("photo", "coffee")
    recipe = found.recipe(found.network.layers[0].stages[0], 0)
    row = next(row for row in range(recipe.values.shape[0]) if (number := recipe.at(row, 31)).strongest_first != number.terms)
    visit(page, f"/unit?layer=conv1&channel=0&cell={row},31")
    root(page)
    assert [line.split(":")[0] for line in copied(page) if line.startswith(("red", "green", "blue"))] == ["red", "green", "blue"]
    heading = page.get_by_role("heading", name="Window × kernel, added up for each map", exact=True)
    expect(heading).to_be_visible()
    visit(page, "/unit?layer=conv2&cell=20,31")
    expect(page.get_by_role("heading", name="Window × kernel, added up for each map, strongest first")).to_be_visible()


def test_nothing_is_left_out_of_what_is_shown(page):
    visit(page, "/unit?layer=conv4&cell=3,5")
    root(page)
    rest = page.locator(".ledger .rest")
    maps = shipped.counts("photo")[2]  # that convolution 4 reads
    expect(rest).to_contain_text(f"{maps - 5} more maps")
    amounts = [float(text.replace(" ", "").replace("−", "-")) for text in page.locator(".ledger dd").all_inner_texts()]
    found = workings("photo", "coffee")
    number = found.recipe(found.network.layers[3].stages[0], channel_of(page)).at(3, 5)
    assert isinstance(number, Sum)
    strongest = [round(term.subtotal, 4) for term in number.strongest_first[:5]]
    assert sum(strongest) + sum(amounts[:-1]) == pytest.approx(amounts[-1], abs=1e-9)
    page.locator("button[aria-expanded]", has_text=f"Show all {maps}").click()
    expect(rest).to_have_count(0)
    scroller = page.locator(".scroller")
    assert scroller.evaluate("box => box.scrollHeight > 5 * box.clientHeight")


def hover(page: Page, y: int, x: int, size: int) -> None:
    side = page.locator("canvas.map").bounding_box()["width"]
    page.locator("canvas.map").hover(position={"x": (x + 0.5) / size * side, "y": (y + 0.5) / size * side})


def test_hovering_follows_the_pointer_and_sends_nothing_to_the_server(page):
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    visit(page, "/unit?layer=conv2")
    root(page)
    page.wait_for_timeout(500)
    before = len(sent)
    assert before > 0
    for y, x in ((0, 0), (5, 9), (CELLS - 1, CELLS - 1)):
        hover(page, y, x, CELLS)
        expect(page.locator(".answer")).to_contain_text(f"Row {y + 1}, column {x + 1} of channel")
    expect(page.locator(".live")).to_contain_text(f"Row {CELLS}, column {CELLS}")
    assert len(sent) == before


def test_a_click_pins_the_cell_and_its_link_brings_it_back(page):
    visit(page, "/unit?layer=conv2")
    root(page)
    hover(page, 5, 9, CELLS)
    page.mouse.down()
    page.mouse.up()
    expect_query(page, cell="5%2C9")
    hover(page, 20, 20, CELLS)
    expect(page.locator(".answer")).to_contain_text("Row 21, column 21")
    page.mouse.move(5, 5)
    expect(page.locator(".answer")).to_contain_text("Row 6, column 10")
    page.reload()
    root(page)
    expect(page.locator(".answer")).to_contain_text("Row 6, column 10")
    hover(page, 5, 9, CELLS)
    page.mouse.down()
    page.mouse.up()
    expect(page).not_to_have_url(re.compile("cell="))


def test_arrow_keys_move_the_cell_and_end_in_the_url(page):
    visit(page, "/unit?layer=conv2&cell=0,9")
    root(page)
    page.locator("canvas.map").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator(".answer")).to_contain_text("Row 3, column 9")
    expect_query(page, cell="2%2C8")
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    expect(page.locator(".answer")).to_contain_text("Row 1, column 9")
    page.keyboard.press("Escape")
    page.wait_for_timeout(600)  # an arrow key reaches the URL when this time has passed
    expect(page).not_to_have_url(re.compile("cell="))


def test_another_photo_keeps_the_pinned_cell_and_changes_the_numbers(page):
    visit(page, "/unit?layer=conv2&channel=7&cell=4,6")
    root(page)
    before = page.locator(".check").get_attribute("data-value")
    page.get_by_role("button", name="Change photo").click()
    data = photo_file(4)
    upload(page, data)
    expect_own_photo(page)
    expect(page.locator(".check")).not_to_have_attribute("data-value", before)
    expect(page.locator(".answer")).to_contain_text("Row 5, column 7 of channel 7")
    network, trace = traced_file("photo", data)
    assert float(page.locator(".check").get_attribute("data-runtime")) == trace.values(network.layers[1].stages[0])[7, 4, 6]
    assert query(page)["cell"] == "4,6"


def test_a_pinned_cell_stays_one_of_its_channel_for_another_photo(page):
    visit(page, "/unit?layer=conv2")
    root(page)
    hover(page, 5, 9, CELLS)
    page.mouse.down()
    page.mouse.up()
    expect_query(page, cell="5%2C9")
    channel = query(page)["channel"]
    page.get_by_role("button", name="Change photo").click()
    upload(page, photo_file(4))
    expect_own_photo(page)
    expect(page.locator(".answer")).to_contain_text(f"Row 6, column 10 of channel {channel} ")


def test_the_window_slides_by_itself_until_it_is_stopped(page):
    visit(page, "/unit?layer=conv5&cell=0,6")
    root(page)
    page.get_by_role("button", name="Slide the window").click()
    expect(page.locator(".answer")).to_contain_text(re.compile(r"Row [2-8], column"))
    page.get_by_role("button", name="Slide the window").click()
    page.evaluate("() => new Promise(requestAnimationFrame)")  # draws the last step taken before the click
    stopped = page.locator(".answer").inner_text()
    page.wait_for_timeout(400)
    assert page.locator(".answer").inner_text() == stopped


def test_another_channel_is_chosen_by_its_picture(page):
    visit(page, "/unit?layer=conv2&cell=4,6")
    root(page)
    second = page.locator(".channel").nth(1)
    name = second.inner_text()
    second.click()
    expect(page.locator(".answer")).to_contain_text(f"Row 5, column 7 of channel {name}")
    expect_query(page, channel=name)


def test_after_the_convolution_come_relu_and_the_winner_of_the_pooling(page):
    visit(page, "/unit?channel=3&cell=20,30")
    root(page)
    found = workings("photo", "coffee")
    relu, pool = found.network.layers[0].stages[1:]
    winner = found.recipe(pool, 3).at(10, 15)
    expect(page.locator(".next")).to_contain_text(f"= {found.trace.values(relu)[3, 20, 30]:.4f}")
    expect(page.locator(".pool .winner")).to_have_text(f"{winner.value:.4f}")
    expect(page.locator(".next")).to_contain_text("row 11, column 16 of the pooled map")


def test_softmax_adds_up_and_the_temperature_evens_it_out(page):
    visit(page, "/unit?model=photo&layer=logits")
    root(page)
    prediction = workings("photo", "coffee").trace.prediction
    shares = page.locator("button.share")
    for row, answer in zip(shares.all(), prediction.answers, strict=False):
        assert float(row.get_attribute("data-share")) == pytest.approx(answer.probability, rel=1e-5)
    before = float(shares.first.get_attribute("data-share"))
    page.get_by_role("slider", name="Temperature").fill("0.6")
    assert float(shares.first.get_attribute("data-share")) < before
    page.get_by_role("button", name="Reset").click()
    assert float(shares.first.get_attribute("data-share")) == before
    shares.nth(2).click()
    expect(page.locator(".answer")).to_contain_text(prediction.answers[2].name)
    expect_query(page, answer=prediction.answers[2].name)


def test_on_a_phone_the_thumb_moves_the_cell_and_nothing_is_too_wide(phone):
    visit(phone, "/unit?model=shapes&photo=star")
    root(phone)
    assert phone.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    phone.locator("canvas.map").evaluate(
        """map => {
            const bounds = map.getBoundingClientRect();
            const fire = (name, x, y) => map.dispatchEvent(new PointerEvent(name, {
                pointerType: "touch", clientX: bounds.left + x * bounds.width, clientY: bounds.top + y * bounds.height,
            }));
            map.setPointerCapture = () => {};
            fire("pointerdown", 0.1, 0.1); fire("pointermove", 0.5, 0.3); fire("pointerup", 0.5, 0.3);
        }"""
    )
    expect(phone.locator(".answer")).to_contain_text("Row 10, column 17")
    expect_query(phone, cell="9%2C16")


def test_another_theme_repaints_at_once(page):
    visit(page, "/unit?layer=conv2&channel=7&cell=0,6")
    root(page)
    terms = page.locator(".scroller canvas")
    light = terms.evaluate("canvas => canvas.toDataURL()")
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".root.dark")).to_have_count(1)
    assert terms.evaluate("canvas => canvas.toDataURL()") != light
    page.emulate_media(color_scheme="light")
    expect(page.locator(".root.dark")).to_have_count(0)
    assert terms.evaluate("canvas => canvas.toDataURL()") == light


def test_of_a_very_large_layer_the_sums_agree_with_all_maps_in_them(browser, tmp_path):
    built = large()
    write(tmp_path / "models/large", built, card(built, 224, 3, 2))
    cells = [[int(y), int(x), 224, 224] for y, x in np.random.default_rng(0).integers(0, 224, (20, 2))]
    with running_app(tmp_path / "log", tmp_path / "models") as url, open_page(browser, url, DESKTOP) as page:
        visit(page, "/unit?layer=conv2&cell=0,37")
        shown = root(page).evaluate(READ, cells)
        assert {read["agrees"] for read in shown} == {"check agrees"}
        expect(page.locator(".answer")).to_contain_text("4,608 products from 512 maps")
        expect(page.locator(".ledger .rest")).to_contain_text("507 more maps")
        expect(page.locator(".left")).to_contain_text("Of 512 maps, the")
        listed = int(re.search(r"the (\d+) that add most", page.locator(".left").inner_text()).group(1))
        page.get_by_role("button", name=f"Show {listed} of 512").click()
        expect(page.locator(".ledger .rest")).to_contain_text(f"{512 - listed} more maps")


@pytest.mark.parametrize("name", ["curved", "modern", "responsive"])
def test_curves_quotients_and_choices_agree_with_onnx_runtime(browser, tmp_path, name):
    network = ZOO[name].load(tmp_path / "models" / name)
    with running_app(tmp_path / "log", tmp_path / "models") as url, open_page(browser, url, DESKTOP) as page:
        for layer, stage in stages(network):
            if stage.operator in {"Div", "LayerNormalization", "Pad", "Gather", "PRelu", *CURVES}:
                visit(page, f"/unit?layer={layer.name}&stage={stage.tensor}")
                root(page)
                expect(page.locator(".answer")).to_contain_text(f"after {stage.title}")


@pytest.mark.parametrize("link", ["model=photo&layer=logits", "model=shapes&layer=logits&photo=star"])
def test_the_printed_shares_add_up_with_what_rounding_leaves(page, link):
    visit(page, f"/unit?{link}")
    expect(page.locator(".share.total")).to_be_visible()
    printed = page.locator(".share:not(.total):not(.head) span:last-child").all_inner_texts()
    tenths = [0 if "<" in text else round(10 * float(re.sub("[^0-9.−]", "", text).replace("−", "-"))) for text in printed]
    assert sum(tenths) == 1000
