import re

import pytest
from playwright.sync_api import Page, expect

from convoscope.prepare import centre_crop
from convoscope.squares import squares
from convoscope.words import percent
from tests import shipped
from tests.browser.conftest import DESKTOP, PHONE, Tabs, open_page, running_app
from tests.browser.reading import (
    UPLOADER,
    expect_own_photo,
    expect_query,
    give,
    photo_file,
    query,
    tiles,
    traced_file,
    upload,
    visit,
)

LAYERS = "What does each layer see?"


def shown_bars(page: Page) -> list[tuple[str, str]]:
    return [tuple(bar.inner_text().split("\n")[:2]) for bar in page.locator(".bar").all()]


def expected_bars(data: bytes, model: str = "photo") -> list[tuple[str, str]]:
    _, trace = traced_file(model, data)
    return [(answer.name, percent(answer.probability)) for answer in trace.prediction.answers[:5]]


def test_it_opens_on_the_coffee_cup_and_what_the_network_calls_it(page):
    visit(page, "/")
    expect(page.get_by_role("heading", name="What is in my photo?")).to_be_visible()
    expect(page.locator(".bar").first).to_contain_text(shipped.best())
    expect(page.locator("canvas[role=application]")).to_be_visible()
    expect(tiles(page, "strip")).to_have_count(1 + len(shipped.counts("photo")))


def test_an_uploaded_photo_gives_the_engines_bars(page):
    visit(page, "/")
    expect(page.locator(".bar").first).to_contain_text(shipped.best())
    upload(page, photo_file())
    expect_own_photo(page)
    best, share = expected_bars(photo_file())[0]
    expect(page.locator(".bar").first).to_have_text(re.compile(re.escape(best) + r"\s*" + re.escape(share)))
    assert shown_bars(page) == expected_bars(photo_file())


def test_the_length_of_a_bar_is_its_probability_of_the_whole_track(page):
    visit(page, "/")
    expect(page.locator(".bar")).to_have_count(5)
    lengths = page.locator(".bar").evaluate_all(
        "bars => bars.map(bar => bar.querySelector('.fill').style.width + ' ' + bar.querySelector('.share').textContent)"
    )
    assert len(lengths) == 5
    for line in lengths:
        width, share = line.split("% ", 1)
        assert percent(float(width) / 100) == share


@pytest.mark.parametrize("event", ["paste", "drop"])
def test_a_photo_can_be_pasted_or_dropped_anywhere(page, event):
    visit(page, "/")
    expect(page.locator(".bar").first).to_contain_text(shipped.best())
    give(page, event, photo_file(1))
    expect_own_photo(page)
    expect(page.locator(".bar").first).to_contain_text(expected_bars(photo_file(1))[0][0])


def test_while_a_file_is_dragged_the_page_says_where_it_may_be_dropped(page):
    visit(page, "/")
    expect(page.locator(".bar").first).to_be_visible()
    sign = page.get_by_text("Drop the picture")
    expect(sign).to_be_hidden()
    drag = """(event) => {
        const carrier = new DataTransfer();
        carrier.items.add(new File(["x"], "a.jpg"));
        document.body.dispatchEvent(new DragEvent(event, { bubbles: true, cancelable: true, dataTransfer: carrier }));
    }"""
    page.evaluate(drag, "dragover")
    expect(sign).to_be_visible()
    page.evaluate(drag, "dragleave")
    expect(sign).to_be_hidden()


def test_a_bad_file_gets_one_sentence_and_the_way_back(page):
    visit(page, "/?photo=cat")
    expect(page.locator(".bar")).to_have_count(5)
    upload(page, b"no picture at all", "holiday.jpg")
    expect(page.get_by_text("This file is plain text, not a picture.")).to_be_visible()
    expect(page.locator(".bar")).to_have_count(0)
    expect(page.locator("canvas")).to_have_count(0)
    page.get_by_role("button", name="Back to the cat").click()
    expect(page.locator(".bar")).to_have_count(5)


def test_a_file_that_is_no_picture_is_named_and_not_refused_without_a_word(page):
    visit(page, "/")
    expect(page.locator(".bar")).to_have_count(5)
    page.locator(UPLOADER).set_input_files({"name": "letter.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n" * 9})
    expect(page.get_by_text("This file is a PDF document, which cannot be read here.")).to_be_visible()
    expect(page.locator(".bar")).to_have_count(0)


@pytest.mark.parametrize("way", ["choose", "drop"])
def test_a_file_too_large_to_be_sent_is_answered(page, way):
    visit(page, "/")
    expect(page.locator(".bar")).to_have_count(5)
    page.locator(UPLOADER).evaluate(
        """(input, way) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([new Uint8Array(20 * 2 ** 20 + 1)], "large.jpg", { type: "image/jpeg" }));
            const zone = input.closest('[data-testid="stFileUploaderDropzone"]');
            if (way === "drop") zone.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
            else {
                input.files = dataTransfer.files;
                input.dispatchEvent(new Event("change", { bubbles: true }));
            }
        }""",
        way,
    )
    expect(page.get_by_text("This file has 21 MB; at most 20 MB can be sent.")).to_be_visible()
    page.get_by_role("button", name="Back to the coffee cup").click()
    expect(page.locator(".bar")).to_have_count(5)
    upload(page, photo_file())
    expect_own_photo(page)


def test_with_three_networks_the_menu_takes_one_row_and_on_a_phone_two(browser, tmp_path):
    shelf = tmp_path / "models"
    shelf.mkdir()
    for name, source in (("photo", "photo"), ("shapes", "shapes"), ("third", "shapes")):
        (shelf / name).symlink_to(shipped.MODELS / source)
    with running_app(tmp_path / "log", shelf) as url:
        for size, rows in ((DESKTOP, 1), (PHONE, 2)):
            with open_page(browser, url, size) as page:
                visit(page, "/report")
                menu = page.locator(".st-key-menu")
                expect(menu.get_by_role("combobox", name="Network")).to_be_visible()
                expect(menu.get_by_role("link")).to_have_count(7)
                places = [*menu.get_by_role("link").all(), menu.get_by_role("combobox")]
                boxes = [place.bounding_box() for place in places]
                assert len({round((box["y"] + box["height"] / 2) / 20) for box in boxes}) == rows
                menu.get_by_role("combobox").click()
                page.get_by_role("option").last.click()
                expect_query(page, model="third")


def test_a_page_without_a_link_is_one_step_too_and_back_to_it_is_what_it_showed(page):
    visit(page, "/report?photo=cat")
    expect(page.get_by_role("heading", level=1)).to_have_text("How good is it?")
    visit(page, "/")
    expect(page.locator(".bar").first).to_be_visible()
    page.get_by_text("cat", exact=True).click()
    expect_query(page, photo="cat")
    page.go_back()
    expect(page.get_by_role("link", name="Layers")).to_have_attribute("href", re.compile("photo=coffee"))
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("How good is it?")


def test_one_step_back_is_one_page_and_links_of_the_menu_hold_the_photo(page):
    visit(page, "/?photo=cat")
    expect(page.locator(".bar").first).to_be_visible()
    for name in ("Layers", "How good?"):
        link = page.get_by_role("link", name=name)
        expect(link).to_have_attribute("href", re.compile("photo=cat"))
        link.click()
        expect(page.get_by_role("heading", level=1)).to_have_text({"Layers": LAYERS, "How good?": "How good is it?"}[name])
        expect_query(page, photo="cat")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(LAYERS)
    page.go_back()
    expect(page.locator(".bar").first).to_be_visible()
    expect_query(page, photo="cat")


def test_every_class_is_shown_on_demand_and_can_be_searched(page):
    visit(page, "/")
    classes = shipped.network("photo").card.classes
    page.get_by_role("button", name=f"All {len(classes)} classes").click()
    expect(page.locator(".bar")).to_have_count(len(classes))
    page.get_by_placeholder("find a class").fill("teddy")
    expect(page.locator(".bar")).to_have_count(1)


def test_a_click_on_a_class_shows_its_evidence(page):
    visit(page, "/")
    second = page.locator(".bar").nth(1)
    name = second.locator(".name").inner_text()
    second.click()
    expect(page.get_by_text(f"Green spoke for {name}")).to_be_visible()
    assert query(page)["answer"] == name


def next_crop(page: Page, before: tuple[int, int, int] | None = None) -> tuple[int, int, int]:
    """Waits until the URL holds another crop (left, top, side) than that before."""

    def crop(url: str) -> tuple[int, int, int] | None:
        found = re.search(r"crop=(\d+)%2C(\d+)%2C(\d+)", url)
        return found and tuple(map(int, found.groups()))

    page.wait_for_url(lambda url: crop(url) not in (None, before))
    return crop(page.url)


def test_the_crop_is_moved_with_keys_and_with_the_pointer(page):
    visit(page, "/")
    square = page.locator("canvas[role=application]")
    expect(page.locator(".bar").first).to_contain_text(shipped.best())
    square.focus()
    page.keyboard.press("+")
    zoomed = next_crop(page)
    assert zoomed[2] < 400
    page.keyboard.press("ArrowLeft")
    moved = next_crop(page, zoomed)
    assert moved[0] < zoomed[0]
    box = square.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 30, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert next_crop(page, moved)[0] > moved[0]
    page.get_by_role("button", name="Back to the largest square in the middle").click()
    expect(page).to_have_url(re.compile(r"crop=100%2C0%2C400"))


def test_a_drag_asks_the_server_once_and_a_click_not_at_all(page):
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    visit(page, "/")
    expect(page.locator(".bar").first).to_contain_text(shipped.best())
    box = page.locator("canvas[role=application]").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.wait_for_timeout(500)  # for what opening the page sends
    sent.clear()
    page.mouse.down()
    page.mouse.move(x + 20, y, steps=3)
    page.mouse.up()
    next_crop(page)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_timeout(500)
    assert len(sent) == 1


@pytest.mark.parametrize(("size", "side", "key"), [((2400, 120), "width", "ArrowRight"), ((120, 2400), "height", "ArrowDown")])
def test_an_oblong_photo_is_as_large_as_a_thumb_and_scrolls_along_with_the_square(phone, size, side, key):
    visit(phone, "/")
    expect(phone.locator(".bar").first).to_be_visible()
    upload(phone, photo_file(0, size))
    expect_own_photo(phone)
    photo, frame = phone.get_by_role("application", name="your photo"), phone.locator(".frame")
    expect(photo).to_have_css(side, "1920px")
    assert min(photo.bounding_box()[each] for each in ("width", "height")) == 96
    end = {"width": "Left", "height": "Top"}[side]
    middle = frame.evaluate(f"frame => frame.scroll{end}")
    assert middle > 0
    photo.focus()
    for _ in range(10):
        phone.keyboard.press(key)
    assert frame.evaluate(f"frame => frame.scroll{end}") > middle


def test_the_evidence_under_the_pointer_is_read_out(page):
    visit(page, "/")
    square = page.locator("canvas[role=application]")
    expect(square).to_be_visible()
    square.hover()
    expect(page.get_by_text(re.compile(rf"This cell spoke (for|against) {re.escape(shipped.best())}: "))).to_be_visible()


def test_a_map_of_the_journey_leads_to_its_layer(page):
    visit(page, "/")
    tiles(page, "strip").nth(3).click()
    expect(page.get_by_role("heading", name="What does each layer see?")).to_be_visible()
    expect_query(page, layer="conv3")
    expect(page.get_by_role("group", name="Activation maps of Convolution 3")).to_be_in_viewport()
    expect(tiles(page).first).to_be_in_viewport(ratio=1)


def test_on_a_phone_it_leads_to_the_choice_of_layers_above_the_maps(phone):
    visit(phone, "/")
    tiles(phone, "strip").nth(3).click()
    expect(phone.get_by_role("heading", name="What does each layer see?")).to_be_attached()
    expect(phone.locator(".st-key-choose_layer")).to_be_in_viewport(ratio=1)
    expect(tiles(phone).first).to_be_in_viewport()


def test_a_deep_link_restores_sample_model_and_class(page):
    visit(page, "/?model=shapes&photo=star&answer=cross")
    expect(page.locator(".bar").first).to_contain_text("star")
    expect(page.get_by_text("Green spoke for cross")).to_be_visible()


def test_a_bad_link_falls_back_with_a_note(page):
    visit(page, "/?photo=unicorn")
    expect(page.get_by_text("The link asks for the photo “unicorn”, which is not here.")).to_be_visible()
    expect(page.locator(".bar").first).to_contain_text(shipped.best())


def test_on_a_phone_nothing_is_wider_than_the_screen_and_the_uploader_is_at_hand(phone):
    visit(phone, "/")
    expect(phone.locator(".bar").first).to_contain_text(shipped.best())
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    box = phone.get_by_role("button", name="Upload", exact=True).last.bounding_box()
    assert box["y"] + box["height"] < 844
    for canvas in phone.locator("canvas").all():
        assert canvas.bounding_box()["x"] + canvas.bounding_box()["width"] <= 390


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_theme_follows_the_visitors(tabs: Tabs, scheme: str, dark: bool):
    with tabs.open(DESKTOP, scheme) as page:
        visit(page, "/")
        expect(page.locator(".bar").first).to_contain_text(shipped.best())
        red = "element => Number(getComputedStyle(element).color.match(/\\d+/)[0])"
        assert (page.locator(".bar .name").first.evaluate(red) > 128) is dark


def test_a_network_trained_just_now_is_served(browser, shapes_folder, tmp_path):
    with running_app(tmp_path / "log", shapes_folder.parent) as url, open_page(browser, url, DESKTOP) as page:
        visit(page, "/?photo=star")
        expect(page.locator(".bar").first).to_contain_text("star")


def test_a_chosen_class_beyond_the_best_five_stays_in_sight(page):
    answers = shipped.traced("photo", "coffee").prediction.answers
    ninth = answers[8].name
    visit(page, f"/?answer={ninth}")
    expect(page.locator(".bar")).to_have_count(6)
    expect(page.locator(".bar.chosen")).to_contain_text(f"{ninth} (number 9)")
    expect(page.get_by_text(f"You are looking at {ninth}, number 9 of {len(answers)}")).to_be_visible()


def test_the_wheel_scrolls_the_page_until_the_photo_is_clicked(page):
    visit(page, "/")
    square = page.locator("canvas[role=application]")
    expect(page.locator(".bar").first).to_contain_text(shipped.best())
    square.hover()
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(600)
    assert "crop" not in query(page)
    square.click()
    page.mouse.wheel(0, -200)
    expect(page).to_have_url(re.compile("crop="))


def test_the_photo_before_is_not_mixed_up_with_the_next_by_the_back_button(page):
    visit(page, "/")
    expect(page.locator(".bar").first).to_contain_text(shipped.best())
    upload(page, photo_file(5))
    expect_own_photo(page)
    expect(page.locator(".bar")).to_contain_text([name for name, _ in expected_bars(photo_file(5))])
    page.locator(".bar").nth(2).click()
    expect(page).to_have_url(re.compile("answer="))
    first = query(page)
    upload(page, photo_file(6))
    expect(page).not_to_have_url(re.compile(first["photo"]))
    expect(page.locator(".bar")).to_contain_text([name for name, _ in expected_bars(photo_file(6))])
    page.go_back()
    expect_query(page, photo=first["photo"])
    expect(page.locator(".bar.chosen")).to_contain_text(first["answer"])
    assert shown_bars(page) == expected_bars(photo_file(5))


def test_the_same_choice_is_heard_twice(page):
    visit(page, "/")
    for _ in range(2):
        tiles(page, "strip").nth(3).click()
        expect(page.get_by_role("heading", name="What does each layer see?")).to_be_visible()
        expect_query(page, layer="conv3")
        page.get_by_role("link", name="What is it?").click()
        expect(page.locator(".bar").first).to_be_visible()
    second = page.locator(".bar").nth(1)
    for chosen in (True, False, True):
        second.click()
        expect(page).to_have_url(re.compile("answer=" if chosen else r"^(?!.*answer=)"))
        expect(second).to_have_attribute("aria-pressed", str(chosen).lower())  # a click means what the bar shows


def test_a_closer_square_is_chosen_among_several_and_given_back(page):
    visit(page, "/?photo=cat")
    toggle = page.get_by_test_id("stCheckbox").filter(has_text="Ask about several squares")
    toggle.click()
    expect_query(page, several="squares")
    closer = page.get_by_role("button", name="closer: ")
    closer.click()
    shown = shipped.sample("cat")
    square = squares(shown, centre_crop(shown))["closer"]
    expect(page.get_by_role("button", name="right end: ")).to_have_count(0)
    assert query(page)["crop"] == f"{square.left},{square.top},{square.side}"
    page.go_back()
    expect(page.get_by_role("button", name="right end: ")).to_have_count(1)
    expect(page).not_to_have_url(re.compile("crop="))
