import pytest
from playwright.sync_api import Locator, Page, expect

from convoscope.card import read_card
from convoscope.evaluation import read_evaluation
from tests import shipped
from tests.browser.reading import visit

CARD = read_card(shipped.MODELS / "photo")
EVALUATION = read_evaluation(shipped.MODELS / "photo", CARD)


def first_column(page: Page) -> list[str]:
    return page.locator('[aria-label="How often each class is right"] tbody th').all_text_contents()


def chart(page: Page, label: str) -> Locator:
    return page.locator(f'svg[aria-label^="{label}"]')


@pytest.fixture
def report(page: Page) -> Page:
    visit(page, "/report?model=photo")
    noticing = EVALUATION.noticing
    kinds = len(noticing.made) + len([each for each in (noticing.own, noticing.known, noticing.foreign) if each])
    layers = len(shipped.network("photo").layers)  # few enough to be shown at once
    expect(page.locator("tbody th")).to_have_count(10 + kinds + layers)  # of the classes the first ten
    return page


def test_a_click_on_a_heading_sorts_and_another_turns_the_order(report):
    counts = EVALUATION.matrix(len(CARD.classes))
    recall = dict(zip(CARD.classes, counts.diagonal() / counts.sum(1), strict=True))
    shown = first_column(report)
    assert max(recall[name] for name in shown) <= sorted(recall.values())[9]
    heading = report.get_by_label("How often each class is right").get_by_role("columnheader", name="Recall")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert min(recall[name] for name in first_column(report)) >= sorted(recall.values())[-10]
    report.get_by_role("button", name="Class").click()
    assert first_column(report) == sorted(CARD.classes, key=str.lower)[:10]


def test_a_class_is_found_by_its_name_and_all_are_a_click_away(report):
    report.get_by_label("Find a row").first.fill("espr")
    expect(report.locator('[aria-label="How often each class is right"] tbody th')).to_have_text(["espresso"])
    report.get_by_label("Find a row").first.fill("nothing like it")
    expect(report.get_by_text("No row has that in its name.")).to_be_visible()
    report.get_by_label("Find a row").first.fill("")
    report.get_by_role("button", name=f"All {len(CARD.classes)}").click()
    assert len(first_column(report)) == len(CARD.classes)


def test_a_chart_is_read_off_by_pointer_and_by_keys(report):
    noise = next(each for each in EVALUATION.robustness if each.change == "noise")
    drawn = chart(report, "noise")
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    drawn.hover(position={"x": box["width"] - 14, "y": 60})
    first, last = (f"right {round(noise.top1[at] * 100, 1):g} % at {noise.strengths[at]:g} ({noise.unit})" for at in (1, -1))
    expect(report.get_by_text(last)).to_be_visible()
    report.mouse.move(0, 0)
    drawn.focus()
    report.keyboard.press("ArrowRight")
    report.keyboard.press("ArrowRight")
    expect(report.get_by_text(first)).to_be_visible()


def test_the_numbers_of_a_chart_are_a_click_away(report):
    blur = next(each for each in EVALUATION.robustness if each.change == "blur")
    details = report.locator("details", has=report.locator('[aria-label^="blur"]'))
    details.get_by_text("Show me the numbers").click()
    cells = details.locator("td:last-child").all_text_contents()
    assert cells == [f"{round(value * 100, 1):g} %" for value in blur.top1]


def test_nothing_is_wider_than_a_phone(phone):
    visit(phone, "/report?model=shapes")
    expect(chart(phone, "blur")).to_be_visible()
    assert phone.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_on_a_phone_a_wide_table_fades_out_until_its_end_is_reached(phone):
    visit(phone, "/report?model=photo")
    scroll = phone.get_by_role("region", name="What each layer costs")
    expect(scroll).to_have_class("scroll further")
    scroll.evaluate("region => region.scrollTo(region.scrollWidth, 0)")
    expect(scroll).to_have_class("scroll")
