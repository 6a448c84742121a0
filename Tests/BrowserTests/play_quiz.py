#!/usr/bin/env python3
"""Plays a quiz in a real browser: a host's tab and players' tabs against a running server.

    play_quiz.py --base-url http://127.0.0.1:3001 --host-token TOKEN [--chromium /usr/bin/chromium] [--screenshots DIR]

Needs the PyPI package playwright (it drives the system's Chromium; nothing is downloaded) and a server with at least one quiz that the
token's user may host, each of its questions with four options. Ends with status 0, or with the first expectation that did not come true.
Every wait is for something on the screen, none for a time.
"""

import argparse
import csv
import re
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1280, "height": 800}
NARROW = {"width": 320, "height": 640}


class Classroom:
    def __init__(self, browser, base_url, screenshots):
        self.browser = browser
        self.base_url = base_url
        self.screenshots = screenshots
        self.complaints = []

    @contextmanager
    def person(self, name, viewport):
        """A tab of its own profile: nobody shares storage. What the browser complains about fails the test."""
        context = self.browser.new_context(viewport=viewport, accept_downloads=True, base_url=self.base_url)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{name}: {error}"))
        page.on("console", lambda message: self.note(name, message))
        try:
            yield page
        finally:
            context.close()

    def note(self, name, message):
        # A page that is offline on purpose cannot connect; the browser says so for every attempt.
        if message.type in ("error", "warning") and "WebSocket connection to" not in message.text:
            self.complaints.append(f"{name}: {message.text}")

    def picture(self, page, name):
        if self.screenshots:
            page.screenshot(path=self.screenshots / f"{name}.png")


def is_connected(page):
    expect(page.locator("#connection-state")).to_have_text("Connected")
    expect(page.locator("#connection-bar")).to_be_hidden()


def sign_in_as_host(room, page, token):
    page.goto(f"{room.base_url}/host#token={token}")
    expect(page.get_by_role("heading", name="Your quizzes")).to_be_visible()
    is_connected(page)
    assert "token=" not in page.url, "the token stays in the address"


def create_session(room, page):
    page.get_by_label("Seconds per question").fill("120")
    page.locator("#quizzes [data-action=host]").first.click()
    code = page.locator("#join-code")
    expect(code).to_have_text(re.compile(r"^\d{3}\s\d{3}$"))
    return re.sub(r"\D", "", code.text_content())


def join(room, page, code, name):
    """By the form, as somebody who types the code."""
    page.goto(room.base_url)
    is_connected(page)
    page.get_by_label("Six-digit code").fill(f"{code[:3]} {code[3:]}")
    page.keyboard.press("Enter")
    page.get_by_label("Your name in this quiz").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"You're in, {name}!")).to_be_visible()


def refused_joins(room, page, code):
    """A wrong code and a taken name are explained, and can be corrected."""
    wrong = "000000" if code != "000000" else "111111"
    page.goto(f"{room.base_url}/?code={wrong}")
    page.get_by_label("Your name in this quiz").fill("Ann")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="No quiz with this code")).to_be_visible()
    page.get_by_label("Six-digit code").fill(code)
    page.keyboard.press("Enter")
    page.get_by_label("Your name in this quiz").fill("ANN")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="taken")).to_be_visible()


def board_names(page):
    return page.locator("#board .name")


def removed_by_host(room, host, code):
    with room.person("Cy", PHONE) as cy:
        refused_joins(room, cy, code)
        cy.get_by_label("Your name in this quiz").fill("Cy")
        cy.keyboard.press("Enter")
        expect(cy.get_by_role("heading", name="You're in, Cy!")).to_be_visible()
        expect(board_names(host).filter(has_text="Cy")).to_be_visible()
        host.once("dialog", lambda dialog: dialog.accept())
        host.get_by_role("button", name="Remove Cy").click()
        expect(cy.get_by_role("heading", name="You were removed")).to_be_visible()
        expect(board_names(host).filter(has_text="Cy")).to_have_count(0)


def question_opens(number, *pages):
    for page in pages:
        expect(page.locator("#question-number")).to_have_text(re.compile(f"^Question {number} of"))
        expect(page.locator("#seconds")).to_have_text(re.compile(r"^\d+$"))


def answered_question(room, host, ann, ben):
    question_opens(1, host, ann, ben)
    assert ann.locator("#question-text").text_content() == host.locator("#question-text").text_content()
    room.picture(ann, "player-question")
    assert host.locator(".answer.right").count() == 0, "the host's screen shows the answer before the close"

    ann.locator("#answers button").nth(0).click()
    expect(ann.locator("#outcome")).to_have_text(re.compile(r"Correct!|Not this time|Locked in"))
    expect(host.locator("#answered")).to_have_text("1 of 2 answered")
    ann.locator("#answers button").nth(1).click(force=True)
    expect(ann.locator("#answers [aria-pressed=true]")).to_have_count(1)
    expect(ann.locator("#answers button").nth(0)).to_have_attribute("aria-pressed", "true")

    refreshed_in_mid_question(ann)
    room.picture(ann, "player-answered")
    lost_connection(room, ben)
    ben.keyboard.press("2")
    expect(ben.locator("#outcome")).to_have_text(re.compile(r"Correct!|Not this time|Locked in"))
    expect(host.locator("#answered")).to_have_text("2 of 2 answered")
    room.picture(host, "host-question")

    host.get_by_role("button", name="Close the question").click()
    revealed(room, host, ann, ben)


def refreshed_in_mid_question(page):
    question = page.locator("#question-text").text_content()
    page.reload()
    expect(page.locator("#question-text")).to_have_text(question)
    expect(page.locator("#answers button").nth(0)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#outcome")).to_have_text(re.compile(r"Correct!|Not this time|Locked in"))
    is_connected(page)


def lost_connection(room, page):
    """The banner says so at once, and the page finds its way back by itself."""
    page.context.set_offline(True)
    expect(page.locator("#connection-state")).to_have_text("Not connected")
    expect(page.locator("#connection-bar")).to_be_visible()
    room.picture(page, "player-offline")
    page.context.set_offline(False)
    is_connected(page)
    expect(page.locator("#question-number")).to_have_text(re.compile("^Question 1 of"))


def revealed(room, host, ann, ben):
    expect(host.locator("#options .right")).to_have_count(1)
    expect(host.locator("#correct")).to_have_text(re.compile("^Correct: "))
    right = int(host.locator("#options .right").evaluate("line => [...line.parentElement.children].indexOf(line)"))
    counts = [int(count) for count in host.locator("#options .count").all_text_contents()]
    assert counts == [1, 1, 0, 0], f"the distribution is {counts}"
    expect(board_names(host)).to_have_text(["Ann", "Ben"] if right != 1 else ["Ben", "Ann"])
    for own, page in enumerate([ann, ben]):
        expect(page.locator("#answers .right")).to_have_count(1)
        expect(page.locator("#outcome")).to_have_text(re.compile("Correct! " if own == right else "Not this time. Correct: "))
        expect(page.locator("#rank")).to_have_text(re.compile(r"^1st|2nd"))
        expect(page.locator("#board .own .name")).to_contain_text(["Ann", "Ben"][own])
    room.picture(host, "host-closed")
    room.picture(ann, "player-closed")
    room.picture(ben, "player-closed-2")


def unanswered_question(host, *players):
    host.get_by_role("button", name="Next question").click()
    question_opens(2, host, *players)
    # The host's tab is opened anew: the game goes on, and the tab finds its session.
    host.reload()
    question_opens(2, host)
    expect(board_names(host)).to_have_count(2)
    host.get_by_role("button", name="Close the question").click()
    for page in players:
        expect(page.locator("#outcome")).to_have_text(re.compile("^The time is over. Correct: "))


def ended(room, host, *players):
    host.once("dialog", lambda dialog: dialog.accept())
    host.get_by_role("button", name="End the session").click()
    for page in players:
        expect(page.get_by_role("heading", name="That's it!")).to_be_visible()
        expect(page.locator("#ended-own")).to_have_text(re.compile("^You finished in (1st|2nd) place"))
        expect(page.locator("#podium li")).to_have_count(2)
    expect(host.locator("#podium li")).to_have_count(2)
    room.picture(host, "host-ended")
    room.picture(players[0], "player-ended")
    with host.expect_download() as download:
        host.get_by_role("button", name="Download the report").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert sorted(row["username"] for row in rows) == ["Ann", "Ben"], rows


def play(room, token):
    with room.person("host", SCREEN) as host, room.person("Ann", PHONE) as ann, room.person("Ben", PHONE) as ben:
        sign_in_as_host(room, host, token)
        room.picture(host, "host-library")
        code = create_session(room, host)
        join(room, ann, code, "Ann")
        removed_by_host(room, host, code)
        join(room, ben, code, "Ben")
        expect(board_names(host)).to_have_count(2)
        expect(host.locator("#player-count")).to_have_text("2")
        room.picture(host, "host-lobby")
        room.picture(ann, "player-lobby")
        host.get_by_role("button", name="Start the quiz").click()
        answered_question(room, host, ann, ben)
        unanswered_question(host, ann, ben)
        ended(room, host, ann, ben)


def create_quiz(page, token, title):
    """Words and texts longer than a phone is wide, and an answer in words."""
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
    options = [word * 5, "<b>second</b>", "third " * 60, "fourth"]
    questions = [
        {"question": f"What is {word}?", "options": options, "correctAnswer": [1, 3]},
        {"question": "The capital of France?", "correctAnswer": ["Paris", "Lutetia"]},
    ]
    headers = {"authorization": f"Bearer {token}"}
    answer = page.request.post("/api/v1/quizzes", headers=headers, data={"title": title, "questions": questions})
    assert answer.ok, answer.text()


def is_narrow_enough(page):
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1], f"{page.url} scrolls sideways: {widths}"


def no_text_overlaps(page):
    """Each answer holds its text, and none lies on the next."""
    boxes = page.locator("#answers button").evaluate_all(
        "all => all.map((one) => [one, one.querySelector('.option')].flatMap((each) => { const { top, bottom } = each.getBoundingClientRect(); return [top, bottom]; }))"
    )
    for top, bottom, text_top, text_bottom in boxes:
        assert top <= text_top and text_bottom <= bottom, f"a text stands over its answer: {boxes}"
    for one, following in zip(boxes, boxes[1:]):
        assert one[1] <= following[0], f"answers overlap: {boxes}"


def own_pace(room, token):
    """A self-paced quiz on the narrowest phone; the host's tab is opened anew when somebody has finished."""
    with room.person("host at own pace", SCREEN) as host, room.person("Dee", NARROW) as dee:
        create_quiz(host, token, "Long " + "title" * 20)
        sign_in_as_host(room, host, token)
        host.get_by_label("Pace").select_option("self")
        host.get_by_label("Results only after the close").uncheck()
        host.locator("#quizzes li").filter(has_text="Long title").get_by_role("button").click()
        code = host.locator("#join-code")
        expect(code).to_have_text(re.compile(r"^\d{3}\s\d{3}$"))
        join(room, dee, re.sub(r"\D", "", code.text_content()), "Dee")
        is_narrow_enough(dee)
        host.get_by_role("button", name="Start the quiz").press("Enter")
        expect(host.locator("#finished-count")).to_have_text("0 of 1 player finished")
        assert host.evaluate("document.activeElement !== document.body"), "the focus went with the button"

        question_opens(1, dee)
        no_text_overlaps(dee)
        is_narrow_enough(dee)
        lock_in = dee.get_by_role("button", name="Lock in")
        lock_in.click()
        expect(dee.locator("#outcome")).to_have_text("Choose at least one answer first")
        for number in (0, 1, 0, 3):
            dee.locator("#answers button").nth(number).click()
        is_narrow_enough(dee)
        lock_in.press("Enter")
        question_opens(2, dee)
        expect(dee.locator("#outcome")).to_contain_text("Your last answer: Correct!")
        expect(lock_in).to_be_hidden()
        field = dee.get_by_label("Your answer")
        field.fill("<Paris>")
        field.press("Enter")
        expect(dee.locator("#outcome")).to_have_text("An answer may not contain < or >.")
        expect(field).to_be_focused()
        field.fill(" paris")
        field.press("Enter")
        expect(dee.locator("#outcome")).to_contain_text("That was the last question.")
        expect(field).to_be_focused()
        assert field.evaluate("field => field.readOnly"), "a second answer can be typed"

        expect(host.locator("#finished-count")).to_have_text("1 of 1 player finished")
        host.reload()
        expect(host.locator("#finished-count")).to_have_text("1 of 1 player finished")
        host.set_viewport_size(NARROW)
        is_narrow_enough(host)
        host.once("dialog", lambda dialog: dialog.accept())
        host.get_by_role("button", name="End the session").click()
        expect(dee.get_by_role("heading", name="That's it!")).to_be_visible()


def chat(room, token):
    with room.person("chat 1", SCREEN) as one, room.person("chat 2", PHONE) as two:
        for page in (one, two):
            page.goto(f"{room.base_url}/chat#token={token}&room=browser-test")
            expect(page.get_by_role("heading", name="Room browser-test")).to_be_visible()
            is_connected(page)
        before = one.locator(".message").count()
        texts = ["first <b>message</b>", "second, over\ntwo lines", "third 🐦"]
        for text in texts:
            one.get_by_label("Message", exact=True).fill(text)
            one.keyboard.press("Enter")
        for page in (one, two):
            expect(page.locator(".message")).to_have_count(before + 3)
            expect(page.locator(".message.unconfirmed")).to_have_count(0)
            shown = [text.split("<")[0] for text in page.locator(".message .content").all_text_contents()[before:]]
            assert shown[1:] == texts[1:] and shown[0].startswith("first "), shown
        room.picture(one, "chat")
        one.get_by_label("Message", exact=True).fill("<script>nothing is left of this</script>")
        one.keyboard.press("Enter")
        # It can only be corrected: sent again it would be refused again.
        expect(one.get_by_role("alert").filter(has_text="The message must not be empty")).to_be_visible()
        expect(one.get_by_label("Message", exact=True)).to_have_value("<script>nothing is left of this</script>")
        expect(one.locator(".message")).to_have_count(before + 3)
        two.reload()
        expect(two.locator(".message")).to_have_count(before + 3)


def dashboard(room, token):
    with room.person("dashboard", SCREEN) as page:
        page.goto(f"{room.base_url}/dashboard#token={token}")
        expect(page.locator("#freshness")).to_have_text("Live")
        expect(page.locator(".line-0[d^=M][d*=L]").first).to_be_attached()
        page.get_by_text("The same as a table").click()
        expect(page.get_by_role("rowheader", name="People: signed in")).to_be_visible()
        room.picture(page, "dashboard")
        page.set_viewport_size(NARROW)
        is_narrow_enough(page)
        page.context.set_offline(True)
        expect(page.locator("#freshness")).to_have_text(re.compile("^Stale"))


def wrong_token(room):
    with room.person("stranger", SCREEN) as page:
        page.goto(f"{room.base_url}/host#token=nobody")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page.get_by_role("alert").filter(has_text="Invalid authentication token")).to_be_visible()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--host-token", required=True, help="of a user who may create and manage sessions")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--screenshots", type=Path, help="keep pictures of every stage in this folder")
    options = parser.parse_args()
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        try:
            room = Classroom(browser, options.base_url.rstrip("/"), options.screenshots)
            play(room, options.host_token)
            own_pace(room, options.host_token)
            chat(room, options.host_token)
            dashboard(room, options.host_token)
            wrong_token(room)
            assert not room.complaints, "the browser complained:\n" + "\n".join(room.complaints)
        finally:
            browser.close()
    print("browser test passed: quiz, own pace, chat, dashboard, sign-in")


if __name__ == "__main__":
    main()
