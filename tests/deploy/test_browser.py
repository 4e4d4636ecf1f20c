"""A real Chromium behind the proxy: what the first visit weighs, and that the content-security policy is in nobody's way."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from bench.site import Site
from tests import shipped
from tests.browser.conftest import DESKTOP, open_page
from tests.browser.reading import expect_own_photo, expect_query, give, photo_file, query, tiles, upload

# stands for a camera: Chromium's own test camera would need a browser of its own
CAMERA = """navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement("canvas");
    const draw = () => { canvas.getContext("2d").fillRect(0, 0, 300, 150); requestAnimationFrame(draw); };
    draw();
    return canvas.captureStream();
}"""

ANSWER = "Failed to load resource"  # open_page looks at the answers themselves


@contextmanager
def watched(browser: Browser, url: str) -> Iterator[Page]:
    """A fresh visitor. Afterwards: nothing in the console, which is where a browser reports what a policy forbade."""
    said: list[str] = []
    with open_page(browser, url, DESKTOP) as page:
        page.add_init_script(CAMERA)
        page.on("console", lambda message: said.append(message.text))
        yield page
    assert [text for text in said if not text.startswith(ANSWER)] == []


def first_load(browser: Browser, url: str) -> int:
    """Bytes that come over HTTP, with headers, until the first page is complete."""
    with open_page(browser, url, DESKTOP) as page:
        network, sizes = page.context.new_cdp_session(page), []
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        page.goto("/")
        expect(page.locator(".bar").first).to_contain_text(shipped.best())
        expect(tiles(page, "strip")).to_have_count(1 + len(shipped.counts("photo")))
        page.wait_for_load_state("networkidle")
    return int(sum(sizes))


def test_the_first_load_is_compressed(browser: Browser, site: Site):
    compressed, plain = first_load(browser, site.url), first_load(browser, site.direct("2"))
    assert compressed <= 1_300_000
    assert plain >= 2 * compressed


def test_the_policy_allows_all_that_the_first_page_does(browser: Browser, site: Site):
    def new_photo() -> None:
        nonlocal shown
        expect(page).not_to_have_url(re.compile(f"photo={shown}"))
        shown = query(page)["photo"]

    with watched(browser, site.url) as page:
        page.goto("/")
        expect(page.locator(".bar").first).to_contain_text(shipped.best())
        page.locator(".bar").nth(1).click()
        expect(page).to_have_url(re.compile("answer="))
        page.locator("canvas[role=application]").press("+")
        expect(page).to_have_url(re.compile("crop="))
        shown = query(page)["photo"]
        upload(page, photo_file())
        new_photo()
        give(page, "paste", photo_file(1))
        new_photo()
        page.get_by_role("button", name="Camera").click()
        expect(page.locator("video")).to_have_js_property("videoWidth", 300)
        page.get_by_role("button", name="Take Photo").click()
        new_photo()


def test_the_policy_allows_all_that_the_layers_page_does(browser: Browser, site: Site):
    with watched(browser, site.url) as page:
        page.goto("/layers")
        expect(tiles(page).first).to_be_visible()
        tiles(page).nth(2).click()
        expect(page).to_have_url(re.compile("channel="))
        page.get_by_text("Change photo").click()
        upload(page, photo_file(2))
        expect_own_photo(page)
        page.keyboard.press("Escape")
        page.get_by_role("link", name="What is it?").click()
        expect(page.get_by_role("heading", name="What is in my photo?")).to_be_visible()
        tiles(page, "strip").nth(3).click()
        expect_query(page, layer="conv3")


def test_the_policy_is_enforced(browser: Browser, site: Site):
    with open_page(browser, site.url, DESKTOP) as page:
        page.goto("/")
        expect(page.locator(".bar").first).to_contain_text(shipped.best())
        page.evaluate("document.head.append(Object.assign(document.createElement('script'), {text: 'window.mine = 1'}))")
        assert page.evaluate("window.mine === undefined")


def test_only_the_camera_of_the_devices_is_allowed(browser: Browser, site: Site):
    with watched(browser, site.url) as page:
        page.goto("/")
        allowed = page.evaluate("document.featurePolicy.allowedFeatures()")
        assert {"camera", "clipboard-read"} <= set(allowed)
        assert not {"microphone", "geolocation", "usb"} & set(allowed)


def test_a_tab_goes_on_when_its_replica_is_killed(browser: Browser, site: Site):
    with browser.new_context(base_url=site.url) as context:
        page = context.new_page()
        page.goto("/")
        expect(page.locator(".bar").first).to_contain_text(shipped.best())
        held_by = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "replica")
        site.stop(held_by)
        try:
            page.reload()
            expect(page.locator(".bar").first).to_contain_text(shipped.best())
        finally:
            site.start(held_by)
        upload(page, photo_file(3))
        expect_own_photo(page)
        [now_by] = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "replica"]
        assert now_by != held_by
