import numpy as np
import pytest
from playwright.sync_api import Page, expect

from convoscope.card import read_card
from convoscope.evaluation import read_evaluation
from tests import shipped
from tests.browser.conftest import DESKTOP, Tabs
from tests.browser.reading import visit

CARD = read_card(shipped.MODELS / "photo")
EVALUATION = read_evaluation(shipped.MODELS / "photo", CARD)
SIZE = len(CARD.classes)
COUNTS = EVALUATION.matrix(SIZE)[np.ix_(EVALUATION.order, EVALUATION.order)]
NAMES = [CARD.classes[index] for index in EVALUATION.order]


@pytest.fixture
def canvas(page: Page):
    visit(page, "/report?model=photo")
    found = page.locator('canvas[aria-label^="Confusion matrix"]')
    expect(found).to_be_visible()
    found.scroll_into_view_if_needed()
    return found


def test_a_cell_under_the_pointer_is_told_in_words(page, canvas):
    box = canvas.bounding_box()
    cell = min(box["width"], box["height"]) / SIZE
    row = column = SIZE * 3 // 5
    canvas.hover(position={"x": (column + 0.5) * cell, "y": (row + 0.5) * cell})
    share = 100 * COUNTS[row, column] / COUNTS[row].sum()
    told = f"Of {COUNTS[row].sum()} pictures of {NAMES[row]}, {COUNTS[row, column]} were named so: {share:.0f} %."
    expect(page.get_by_text(told)).to_be_visible()


def test_a_class_is_found_and_arrows_move_from_it(page, canvas):
    row = NAMES.index("espresso")
    page.get_by_label("Find a class in the matrix").fill("espresso")
    expect(page.get_by_text(f"Of {COUNTS[row].sum()} pictures of espresso, {COUNTS[row, row]} were named so")).to_be_visible()
    canvas.focus()
    page.keyboard.press("ArrowRight")
    expect(
        page.get_by_text(f"Of {COUNTS[row].sum()} pictures of espresso, {COUNTS[row, row + 1]} were taken for {NAMES[row + 1]}")
    ).to_be_visible()
    page.get_by_label("Find a class in the matrix").fill("nothing like it")
    expect(page.get_by_text("No class has that in its name.")).to_be_visible()


def test_of_several_classes_found_the_whole_word_comes_first_in_the_middle_and_enter_shows_the_next(page, canvas):
    search, read = page.get_by_label("Find a class in the matrix"), page.locator(".read", has_text="found; Enter")
    rows = [row for row, name in enumerate(NAMES) if "car" in name]
    whole = [row for row in rows if "car" in NAMES[row].split()]
    found = [*whole, *(row for row in rows if row not in whole)]
    assert len(found) > len(whole) > 0
    search.fill("car")
    for turn, row in enumerate([*found, found[0]]):
        expect(read).to_contain_text(f"pictures of {NAMES[row]}, {COUNTS[row, row]} were named so")
        expect(read).to_contain_text(f"{turn % len(found) + 1} of {len(found)} found")
        search.press("Enter")
    search.fill(NAMES[SIZE // 2])
    box, margin = canvas.bounding_box(), 128
    canvas.hover(position={"x": (box["width"] + margin) / 2, "y": (box["height"] + margin) / 2})
    expect(page.get_by_text(f"pictures of {NAMES[SIZE // 2]}, {COUNTS[SIZE // 2, SIZE // 2]} were named so")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_of_few_classes_all_are_in_sight_under_names_that_can_be_read(tabs: Tabs, scheme: str):
    with tabs.open(DESKTOP, scheme) as page:
        visit(page, "/report?model=shapes")
        canvas = page.locator('canvas[aria-label^="Confusion matrix"]')
        expect(canvas).to_be_visible()
        box = canvas.bounding_box()
        side = min(box["width"], box["height"])
        canvas.hover(position={"x": side - 9, "y": side - 9})
        card = read_card(shipped.MODELS / "shapes")
        last = card.classes[read_evaluation(shipped.MODELS / "shapes", card).order[-1]]
        expect(page.get_by_text(f"pictures of {last},")).to_be_visible()
        tones = canvas.evaluate(
            """canvas => {
                const names = canvas.getContext("2d").getImageData(0, 128 * devicePixelRatio, 126 * devicePixelRatio, 300).data;
                return Array.from(names).filter((_, at) => at % 4 === 0);
            }"""
        )
        assert max(tones) - min(tones) > 150


def test_zoom_keeps_the_middle_and_whole_shows_all_again(page, canvas):
    box = canvas.bounding_box()
    x, y = box["width"] / 2, box["height"] / 2
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    canvas.hover(position={"x": x, "y": y})
    told = page.locator(".read", has_text="pictures of")
    shown = next(name for name in sorted(NAMES, key=len, reverse=True) if f"pictures of {name}," in told.text_content())
    cell = min(box["width"], box["height"]) / SIZE
    assert abs(NAMES.index(shown) - y / cell) <= 2
    page.get_by_role("button", name="Whole").click()
    canvas.hover(position={"x": 0.5 * cell, "y": (SIZE - 0.5) * cell})
    expect(page.get_by_text(f"pictures of {NAMES[-1]}, {COUNTS[-1, 0]} were taken for {NAMES[0]}")).to_be_visible()


def test_the_wheel_scrolls_the_page_until_the_matrix_is_clicked(page, canvas):
    side = canvas.bounding_box()["width"]
    canvas.hover(position={"x": side / 2, "y": 100})
    before = canvas.bounding_box()["y"]
    page.mouse.wheel(0, 60)
    page.wait_for_function(
        "([canvas, before]) => canvas.getBoundingClientRect().y < before", arg=[canvas.element_handle(), before]
    )
    canvas.click(position={"x": side / 2, "y": 100})
    drawn, y = canvas.evaluate("canvas => canvas.toDataURL()"), canvas.bounding_box()["y"]
    page.mouse.wheel(0, -60)
    page.wait_for_function("([canvas, drawn]) => canvas.toDataURL() !== drawn", arg=[canvas.element_handle(), drawn])
    assert canvas.bounding_box()["y"] == y


def test_on_a_phone_reading_keeps_the_zoom(phone):
    visit(phone, "/report?model=photo")
    canvas = phone.locator('canvas[aria-label^="Confusion matrix"]')
    expect(canvas).to_be_visible()
    for _ in range(8):
        phone.get_by_role("button", name="Zoom in").click()
    told = set()
    for x in range(150, 330, 12):
        canvas.hover(position={"x": x, "y": 200})
        told.add(phone.locator(".read:not(.quiet)").text_content())
    names = [NAMES.index(next(name for name in NAMES if f"taken for {name}:" in text)) for text in told if "taken for" in text]
    assert max(names) - min(names) < 25
