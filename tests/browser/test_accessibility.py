import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.reading import tiles, visit

READY = {
    "/": ".strip .tile",
    "/layers?channel=3": ".grid .tile",
    "/unit?model=photo&channel=3&cell=9,14": ".agrees",
    "/unit?model=shapes&photo=star&layer=logits": ".share.total",
    "/learning?model=shapes": "svg .dot",
    "/report": "svg .dot",
    "/steps?model=shapes&chapter=window": ".plate",
    "/steps?model=shapes&chapter=learning": ".scroll tr",
}  # each page, and what it shows last


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", READY)
def test_axe_finds_nothing_serious(tabs, path, size, scheme):
    with tabs.open(size, scheme) as page:
        visit(page, path)
        expect(page.locator(READY[path]).first).to_be_visible()
        findings = Axe().run(page).response["violations"]
        assert [(found["id"], found["nodes"]) for found in findings if found["impact"] in ("serious", "critical")] == []


def test_maps_are_reached_and_read_by_keyboard(page):
    visit(page, "/layers?model=shapes&photo=star")
    expect(tiles(page)).to_have_count(8)
    tiles(page).first.focus()
    page.keyboard.press("ArrowRight")
    focused = page.evaluate("document.activeElement.shadowRoot.activeElement.ariaLabel")
    assert focused == tiles(page).nth(1).get_attribute("aria-label")
    expect(page.locator(".tip")).to_contain_text("of its cells respond")
