"""People at their browsers: tabs of their own profile, whose complaints fail the test."""

import json
from contextlib import contextmanager

PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1280, "height": 800}


class Tabs:
    def __init__(self, browser):
        self.browser = browser
        self.complaints = []

    @contextmanager
    def person(self, name, viewport=SCREEN, **options):
        """A browser of its own: it shares no storage with others. `page.sent` collects the events that it sends."""
        context = self.browser.new_context(viewport=viewport, accept_downloads=True, **options)
        context.on("page", lambda page: self.watch(name, page))
        try:
            yield context.new_page()
        finally:
            context.close()

    def watch(self, name, page):
        page.sent = []
        page.on("pageerror", lambda error: self.complaints.append(f"{name}: {error}"))
        page.on("console", lambda message: self.note(name, message))
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: self.record(page, frame)))

    # A page that is offline on purpose cannot connect; the browser says so for every attempt. By plain HTTP in a network it ignores a header
    # that is there for HTTPS, and warns of fields for secrets.
    EXPECTED = ("WebSocket connection to", "Cross-Origin-Opener-Policy", "on an insecure (http://) page")

    def note(self, name, message):
        if message.type in ("error", "warning") and not any(text in message.text for text in self.EXPECTED):
            self.complaints.append(f"{name}: {message.text}")

    @staticmethod
    def record(page, frame):
        text = frame if isinstance(frame, str) else ""
        if text.startswith("42"):
            event, *arguments = json.loads(text[text.index("[") :])
            page.sent.append((event, arguments[0] if arguments else None))
