import pytest
from playwright.sync_api import Page, expect

from convoscope.history import open_history
from convoscope.network import load
from tests.browser.conftest import DESKTOP, ROOT, open_page
from tests.browser.reading import expect_own_photo, expect_query, photo_file, upload, visit

STEPS = open_history(ROOT / "models/shapes", load(ROOT / "models/shapes")).steps
SLOW = """const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (message) { setTimeout(() => send.call(this, message), 300); };"""


@pytest.fixture
def learning(page: Page) -> Page:
    visit(page, "/learning?model=shapes&photo=star")
    expect(page.locator("svg .mark")).to_have_count(2)
    return page


def test_the_slider_moves_through_training_by_keys_and_stands_in_the_link(learning):
    slider = learning.get_by_role("slider", name="Moment of training")
    expect(slider).to_have_value("0")
    slider.focus()
    learning.keyboard.press("ArrowRight")
    expect_query(learning, step=str(STEPS[1]))
    expect(learning.get_by_text(f"After step {STEPS[1]}:")).to_be_visible()
    learning.keyboard.press("End")
    expect_query(learning, step=str(STEPS[-1]))


def test_no_key_is_lost_on_a_slow_line(browser, server):
    with open_page(browser, server, DESKTOP) as page:
        page.add_init_script(SLOW)
        visit(page, "/learning?model=shapes&photo=star")
        expect(page.locator("svg .mark")).to_have_count(2)
        slider = page.get_by_role("slider", name="Moment of training")
        slider.focus()
        for at in range(1, 5):
            page.keyboard.press("ArrowRight")
            expect(slider).to_have_value(str(at))
            page.wait_for_timeout(300)
        expect_query(page, step=str(STEPS[4]))
        expect(page.get_by_text(f"After step {STEPS[4]}:")).to_be_visible()
        expect(slider).to_have_value("4")


def test_play_shows_every_moment_and_stops_at_the_end(learning):
    learning.get_by_role("button", name="Play").click()
    expect(learning.get_by_role("button", name="Pause")).to_be_visible()
    for step in STEPS[1:]:
        expect(learning.get_by_text(f"After step {step:,}:")).to_be_visible()
    expect(learning.get_by_role("button", name="Play")).to_be_visible()


def test_pause_stays_where_it_is(learning):
    learning.get_by_role("button", name="Play").click()
    expect(learning.get_by_text(f"After step {STEPS[1]}:")).to_be_visible()
    learning.get_by_role("button", name="Pause").click()
    at = learning.get_by_role("slider", name="Moment of training").input_value()
    learning.wait_for_timeout(2500)
    assert learning.get_by_role("slider", name="Moment of training").input_value() == at


def test_ones_own_photo_keeps_the_moment(learning):
    learning.get_by_role("slider", name="Moment of training").focus()
    learning.keyboard.press("End")
    expect_query(learning, step=str(STEPS[-1]))
    learning.get_by_text("Change photo").click()
    upload(learning, photo_file(3))
    expect_own_photo(learning)
    expect_query(learning, step=str(STEPS[-1]))


def test_nothing_is_wider_than_a_phone(phone):
    visit(phone, "/learning?model=shapes")
    expect(phone.locator("svg .mark")).to_have_count(2)
    assert phone.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
