"""Chromium for the tests of this folder."""

import pytest
from playwright.sync_api import expect, sync_playwright

from browser_tabs import Tabs


# Longer than any machine needs: what is expected comes at once, or never.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tabs(browser):
    tabs = Tabs(browser)
    yield tabs
    assert not tabs.complaints, "the browser complained:\n" + "\n".join(tabs.complaints)
