import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from convoscope import filters
from convoscope.filters import EXAMPLES, Slide, brightness
from convoscope.photo import read
from convoscope.prepare import centre_crop, prepare
from convoscope.receptive import receptive_fields
from tests import shipped
from tests.browser.conftest import DESKTOP, open_page, running_app
from tests.browser.reading import expect_query, photo_file, query, traced_file, upload, visit
from tests.graphs import card, large, write
from ui.chapters import CHAPTERS
from ui.links import own_name


def open_chapter(page: Page, chapter: str, model: str = "shapes", **link: str) -> Page:
    visit(page, f"/steps?model={model}&chapter={chapter}" + "".join(f"&{name}={value}" for name, value in link.items()))
    expect(page.get_by_role("heading", level=2)).to_contain_text(CHAPTERS[chapter])
    return page


def own_photo(page: Page, seed: int = 0) -> bytes:
    """Uploads a photo; returns its bytes."""
    data = photo_file(seed)
    page.get_by_text("Change photo").click()
    upload(page, data)
    expect_query(page, photo=own_name(read(data)))
    page.keyboard.press("Escape")
    expect(page.locator('.plate[aria-label*="your photo"]').first).to_be_visible()
    expect(page.locator(".plates")).to_have_count(1)
    return data


def number(text: str) -> float:
    return float(re.sub(r"[^\d.\-]", "", text.replace("−", "-")))


def plates(page: Page) -> Locator:
    return page.locator(".plate")


def hover(page: Page, plate: Locator, x: float, y: float) -> None:
    """Moves the pointer over a plate, x and y as shares of its sides."""
    plate.scroll_into_view_if_needed()
    box = plate.bounding_box()
    assert box
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


def silent_while(page: Page, act) -> None:
    """Asserts that nothing is sent to the server."""
    page.evaluate("""() => {
        window.sent = 0;
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (...given) { window.sent += 1; return send.apply(this, given); };
    }""")
    act()
    page.wait_for_timeout(500)
    assert page.evaluate("window.sent") == 0


def test_contents_lead_to_every_chapter_and_the_browser_goes_back(page):
    open_chapter(page, "picture")
    nav = page.get_by_role("navigation", name="Chapters")
    for name in ("window", "slips"):
        nav.get_by_role("link", name=CHAPTERS[name]).click()
        expect_query(page, chapter=name)
        expect(page.get_by_role("heading", level=2)).to_contain_text(CHAPTERS[name])
    page.go_back()
    expect(page.get_by_role("heading", level=2)).to_contain_text(CHAPTERS["window"])
    assert "chapter=relu" in (nav.get_by_role("link", name=CHAPTERS["relu"]).get_attribute("href") or "")


def test_the_next_chapter_begins_at_its_top(page):
    open_chapter(page, "learning")
    onward = page.get_by_role("button", name=CHAPTERS["slips"])
    onward.scroll_into_view_if_needed()
    onward.click()
    expect(page.get_by_role("heading", level=2)).to_contain_text(CHAPTERS["slips"])
    expect(page.get_by_role("heading", level=2)).to_be_in_viewport()


def test_the_glass_reads_the_very_pixels_the_network_gets(page):
    data = own_photo(open_chapter(page, "picture", "photo"))
    network, _ = traced_file("photo", data)
    photo = read(data)
    pixels = prepare(photo, centre_crop(photo), network.card.preprocessing).resized
    for x, y in ((10, 50), (0, 0), (len(pixels) - 1, len(pixels) - 1)):
        hover(page, plates(page), (x + 0.5) / len(pixels), (y + 0.5) / len(pixels))
        red, green, blue = pixels[y, x]
        expect(page.locator(".say")).to_have_text(f"Row {y + 1}, column {x + 1}: red {red}, green {green}, blue {blue}.")
        assert page.locator(".won").all_text_contents() == [str(red), str(green), str(blue)]


@pytest.fixture
def window(page: Page) -> tuple[Page, np.ndarray]:
    """The second chapter with a photo of one's own, and the photo in grey."""
    data = own_photo(open_chapter(page, "window", "photo"))
    network, _ = traced_file("photo", data)
    photo = read(data)
    return page, brightness(prepare(photo, centre_crop(photo), network.card.preprocessing).resized)


def compare(page: Page, expected: np.ndarray, places: int = 12) -> None:
    """Random places of the map against the engine's values."""
    rows, columns = expected.shape
    for y, x in np.random.default_rng(0).integers(0, expected.shape, (places, 2)):
        hover(page, plates(page).nth(1), (x + 0.5) / columns, (y + 0.5) / rows)
        value = number(page.locator(".big").text_content() or "")
        assert value == pytest.approx(expected[y, x], abs=0.0501 if abs(expected[y, x]) >= 10 else 0.0006)


def test_the_sliding_window_computes_what_the_engine_does(window):
    page, grey = window
    for example in EXAMPLES:
        page.get_by_role("button", name=example.name, exact=True).click()
        compare(page, filters.slide(grey, example.kernel, Slide()), 5)


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(2, 1, 1), (3, 2, 2), (1, 0, 3)])
def test_stride_padding_and_dilation_with_ones_own_kernel(window, stride, padding, dilation):
    page, grey = window
    page.get_by_role("button", name="own 5 × 5").click()
    page.get_by_label("Weight, row 1, column 5").fill("-0.5")
    page.get_by_label("Weight, row 5, column 1").fill("2,25")
    for name, value in (("stride", stride), ("padding", padding), ("dilation", dilation)):
        page.get_by_role("button", name=f"{name} {value}", exact=True).click()
    kernel = np.pad(EXAMPLES[0].kernel, 1)
    kernel[0, 4], kernel[4, 0] = -0.5, 2.25
    how = Slide(stride, padding, dilation)
    expect(page.locator(".formula b")).to_have_text(str(how.output_size(len(grey), 5)))
    compare(page, filters.slide(grey, kernel, how))


def test_the_terms_under_the_window_add_up(window):
    page, _ = window
    hover(page, plates(page).first, 0.3, 0.7)
    terms = page.locator(".terms").text_content() or ""
    products = re.findall(r"(\d+) × \(?(−?[\d.]+)\)?", terms.split(",")[0])
    assert len(products) == 6
    assert sum(float(pixel) * number(weight) for pixel, weight in products) == number(page.locator(".big").text_content() or "")


def test_a_weight_that_is_no_number_is_marked_and_changes_nothing(window):
    page, _ = window
    before = page.locator(".big").text_content()
    cell = page.get_by_label("Weight, row 1, column 1")
    cell.fill("many")
    expect(cell).to_have_attribute("aria-invalid", "true")
    assert page.locator(".big").text_content() == before


def test_another_photo_keeps_ones_own_kernel(window):
    page, _ = window
    page.get_by_label("Weight, row 2, column 2").fill("7")
    before = page.locator(".terms").text_content() or ""
    data = own_photo(page, seed=1)
    expect(page.locator(".terms")).not_to_have_text(before)
    expect(page.get_by_label("Weight, row 2, column 2")).to_have_value("7")
    network, _ = traced_file("photo", data)
    photo = read(data)
    kernel = EXAMPLES[0].kernel.copy()
    kernel[1, 1] = 7
    compare(
        page, filters.slide(brightness(prepare(photo, centre_crop(photo), network.card.preprocessing).resized), kernel, Slide())
    )


def test_the_buttons_lead_to_the_ends_of_the_map(window):
    page, grey = window
    answer = filters.slide(grey, EXAMPLES[0].kernel, Slide())
    for title, value in (("looks most like", answer.max()), ("the opposite", answer.min())):
        page.get_by_role("button", name=title).click()
        assert number(page.locator(".big").text_content() or "") == value


def test_arrow_keys_move_the_window(window):
    page, grey = window
    answer = filters.slide(grey, EXAMPLES[0].kernel, Slide())
    hover(page, plates(page).nth(1), 10.5 / len(answer), 20.5 / len(answer))
    plates(page).nth(1).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert number(page.locator(".big").text_content() or "") == answer[21, 11]


@pytest.mark.parametrize("chapter", ["picture", "window", "relu", "pooling", "again"])
def test_moving_the_pointer_does_not_talk_to_the_server(page, chapter):
    open_chapter(page, chapter)
    plate = plates(page).first
    expect(plate).to_be_visible()
    hover(page, plate, 0.1, 0.1)
    before = page.locator(".plates").text_content()

    def sweep() -> None:
        for step in range(20):
            hover(page, plate, 0.2 + 0.03 * step, 0.3 + 0.02 * step)

    silent_while(page, sweep)
    assert (page.locator(".plates").text_content(), page.locator(".say").all_text_contents()) != (before, [])


def test_relu_and_pooling_show_the_traces_numbers(page):
    data = own_photo(open_chapter(page, "pooling"))
    _, trace = traced_file("shapes", data)
    values = {each.stage.tensor: each.values for each in trace.activations}
    name = page.locator(".options button").first.text_content() or ""
    channel = int(name.removeprefix("channel "))
    hover(page, plates(page).nth(1), 5.5 / 16, 3.5 / 16)
    window = values["relu1"][channel, 6:8, 10:12].ravel()
    shown = [number(cell) for cell in page.locator(".middle .numbers span").all_text_contents()]
    assert shown == pytest.approx(window.tolist(), rel=0.006)
    assert number(page.locator(".big").text_content() or "") == pytest.approx(values["pool1"][channel, 3, 5], rel=0.006)


def test_the_field_grows_with_the_slider_as_the_engine_says(page):
    data = own_photo(open_chapter(page, "again"))
    network, _ = traced_file("shapes", data)
    slider = page.get_by_role("slider", name="Layer")
    slider.focus()
    page.keyboard.press("End")
    stage = next(stage for stage in network.stages if stage.tensor == "pool3")
    box = receptive_fields(network, stage, 0).seen(1, 2)
    hover(page, plates(page).nth(1), 2.5 / 4, 1.5 / 4)
    expect(page.locator(".say")).to_contain_text(f"row 2, column 3 sees {box.height} × {box.width} pixels")


def test_the_cell_that_is_looked_at_is_opened_on_its_page(page):
    open_chapter(page, "again", "photo")
    slider = page.get_by_role("slider", name="Layer")
    slider.focus()
    slider.press("ArrowRight")
    side = shipped.stage("photo", "pool1").shape[1]
    hover(page, plates(page).nth(1), 5.5 / side, 3.5 / side)
    value = re.search(r"row 4, column 6 .* Its value is ([\d.−]+)\.$", page.locator(".say").text_content() or "")
    assert value
    page.get_by_role("button", name="How is this number made?").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("How is one number made?")
    expect_query(page, layer="conv1", stage="pool1", cell="3%2C5")
    expect(page.locator(".answer")).to_contain_text("Row 4, column 6 of channel")
    assert float(page.locator(".check").get_attribute("data-value") or "") == pytest.approx(number(value[1]), rel=0.006)


def test_the_temperature_is_moved_in_the_tour_too(page):
    open_chapter(page, "answer", "photo")
    best = page.locator("button.share").first
    before = float(best.get_attribute("data-share") or "")
    page.get_by_role("slider", name="Temperature").fill("0.6")
    assert float(best.get_attribute("data-share") or "") < before


def test_a_guess_is_answered_and_kept(page):
    open_chapter(page, "picture")
    page.get_by_text("2,048").click()
    expect(page.get_by_text("It is: 1,024.")).to_be_visible()
    page.get_by_text("1,024", exact=True).click()
    expect(page.get_by_text("Right.")).to_be_visible()
    expect(page.get_by_text("1 of 10 questions answered, 0 right at once")).to_be_visible()
    page.get_by_role("link", name="Layers").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What does each layer see?")
    page.get_by_role("link", name="How it works").click()
    expect(page.get_by_text("1 of 10 questions answered")).to_be_visible()


def test_the_learning_rate_moves_the_probability(page):
    open_chapter(page, "learning", "photo", answer="candle")
    metric = page.get_by_test_id("stMetricValue").first
    before = number(metric.text_content() or "")
    page.get_by_role("slider", name="Learning rate").focus()
    page.keyboard.press("ArrowRight")
    expect(metric).not_to_have_text(re.compile(rf"^{before:.3f}"))
    assert number(metric.text_content() or "") > before


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_on_a_phone_nothing_is_wider_than_the_screen_and_the_thumb_moves_the_window(phone, chapter):
    open_chapter(phone, chapter, "photo")
    expect(phone.get_by_role("radio").first).to_be_attached()
    assert phone.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    for plate in plates(phone).all():
        box = plate.bounding_box()
        assert box
        assert box["width"] >= 280
    assert query(phone)["chapter"] == chapter


def test_a_window_slides_over_a_large_picture(browser, tmp_path):
    built = large(size=384, channels=4)
    write(tmp_path / "models/large", built, card(built, 384, 3, 2))
    with running_app(tmp_path / "log", tmp_path / "models") as url, open_page(browser, url, DESKTOP) as page:
        visit(page, "/steps?chapter=window")
        expect(page.locator(".formula")).to_contain_text("It has 382 × 382 numbers.")
        expect(page.locator(".ends")).to_contain_text("most negative")
