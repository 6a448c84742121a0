"""The host's page in Chromium: its commands, what the projector gives away, who is in the list, where players find the classroom."""

import json
import re

import pytest
import requests
import zxingcpp
from playwright.sync_api import expect

from browser_tabs import PHONE

INSTRUCTOR = {"authorization": "Bearer instructor_token"}


@pytest.fixture
def school(classroom):
    classroom.start("--question-lead-in", "100")
    return classroom


def sign_in(page, school, token="instructor_token"):
    page.goto(f"{school.url}/host#token={token}")
    expect(page.locator("#connection-state")).to_have_text("Connected")


def host_session(page, school, **settings):
    """Hosts the first quiz in the library; returns the code."""
    sign_in(page, school)
    for name, value in settings.items():
        field = page.locator(f"#settings [name={name}]")
        field.set_checked(value) if isinstance(value, bool) else field.fill(str(value))
    page.locator("#quizzes [data-action=host]").first.click()
    expect(page.locator("#join-code")).to_have_text(re.compile(r"^\d{3}\s\d{3}$"))
    return re.sub(r"\D", "", page.locator("#join-code").text_content())


def join(page, school, code, name):
    page.goto(f"{school.url}/?code={code}")
    page.get_by_label("Your name in this quiz").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator("#view-lobby, #view-question").locator("visible=true").first).to_be_visible()


def names(page):
    return page.locator("#board .name bdi")


def open_first_question(host):
    host.get_by_role("button", name="Start the quiz").click()
    expect(host.locator("#question-number")).to_have_text("Question 1 of 2")


def sent(page, event):
    return [payload for name, payload in page.sent if name == event]


def test_a_double_click_opens_one_question_and_says_from_where(school, tabs):
    with tabs.person("host") as host:
        host_session(host, school)
        open_first_question(host)
        host.get_by_role("button", name="Close the question").click()
        button = host.get_by_role("button", name="Next question")
        expect(button).to_be_enabled()
        box = button.bounding_box()
        # Where the second click lands "Close the question" has taken the button's place.
        host.mouse.dblclick(box["x"] + 20, box["y"] + 20, delay=20)
        expect(host.locator("#question-number")).to_have_text("Question 2 of 2")
        expect(host.get_by_role("button", name="Close the question")).to_be_enabled()
        expect(host.locator("#session-state")).to_have_text("The question is open")
        assert [payload["questionId"] for payload in sent(host, "quiz:next")] == ["q1"]
        assert [payload["questionId"] for payload in sent(host, "quiz:close")] == ["q1"]


def test_two_devices_that_press_next_at_once_open_one_question(school, tabs):
    with tabs.person("projector") as projector, tabs.person("phone", PHONE) as phone:
        host_session(projector, school)
        open_first_question(projector)
        projector.get_by_role("button", name="Close the question").click()
        expect(projector.get_by_role("button", name="Next question")).to_be_enabled()
        session = school.rows("SELECT id FROM quiz_sessions")[0]["id"]
        phone.goto(f"{school.url}/host#token=instructor_token&session={session}")
        expect(phone.get_by_role("button", name="Next question")).to_be_enabled()
        # Held back on its way, as by a slow network, until the other one's has arrived.
        phone.context.set_offline(False)
        phone.evaluate(
            """() => { const send = WebSocket.prototype.send;
                WebSocket.prototype.send = function (data) {
                    if (String(data).includes("quiz:next")) setTimeout(() => send.call(this, data), 300); else send.call(this, data); } }"""
        )
        phone.get_by_role("button", name="Next question").click()
        projector.get_by_role("button", name="Next question").click()
        expect(phone.locator("#session-error")).to_have_text("Another question is current")
        for page in (projector, phone):
            expect(page.locator("#question-number")).to_have_text("Question 2 of 2")
            expect(page.locator("#session-state")).to_have_text("The question is open")


def test_enter_twice_opens_a_question_and_does_not_close_it(school, tabs):
    with tabs.person("host") as host:
        host_session(host, school)
        start = host.get_by_role("button", name="Start the quiz")
        expect(start).to_be_enabled()
        start.press("Enter")
        host.keyboard.press("Enter")
        expect(host.locator("#question-number")).to_have_text("Question 1 of 2")
        host.keyboard.press("Enter")
        assert host.evaluate("document.activeElement.tagName") != "BUTTON", "the focus moved onto a button by itself"
        close = host.get_by_role("button", name="Close the question")
        close.press("Enter")
        host.keyboard.press("Enter")
        expect(host.locator("#session-state")).to_have_text("The question is closed")
        host.keyboard.press("Enter")
        assert sent(host, "quiz:next") == []
        assert len(sent(host, "quiz:close")) == 1


def test_enter_twice_locks_and_does_not_unlock(school, tabs):
    with tabs.person("host") as host:
        host_session(host, school)
        lock = host.locator("#lock")
        expect(lock).not_to_have_attribute("aria-disabled", "true")
        lock.press("Enter")
        expect(host.locator("#locked-hint")).to_be_visible()
        host.keyboard.press("Enter")
        expect(lock).not_to_have_attribute("aria-disabled", "true")
        assert [payload["locked"] for payload in sent(host, "quiz:lock")] == [True]


@pytest.mark.parametrize("button", ["End the session", "Remove Ann"])
def test_enter_twice_asks_and_does_not_answer(school, tabs, button):
    with tabs.person("host") as host, tabs.person("Ann", PHONE) as ann:
        join(ann, school, host_session(host, school), "Ann")
        questions = []
        host.on("dialog", lambda dialog: (questions.append(dialog.message), dialog.dismiss()))
        host.get_by_role("button", name=button).focus()
        with host.expect_event("dialog"):
            host.keyboard.press("Enter")
            host.keyboard.press("Enter")
        # The page is free again: whatever the second press did is done.
        host.get_by_role("button", name="Lock the session").click()
        expect(host.locator("#locked-hint")).to_be_visible()
        assert len(questions) == 1
        assert sent(host, "quiz:end") == sent(host, "quiz:kick") == []


def test_the_projector_gives_nothing_away_before_the_close(school, tabs):
    with tabs.person("host") as host, tabs.person("Ann", PHONE) as ann, tabs.person("Ben", PHONE) as ben:
        code = host_session(host, school)
        assert json.loads(school.rows("SELECT settings FROM quiz_sessions")[0]["settings"])["revealAnswers"] == "afterClose"
        for page, name in ((ben, "Ben"), (ann, "Ann")):
            join(page, school, code, name)
        open_first_question(host)
        ben.locator("#answers button").nth(1).click()
        expect(ben.locator("#outcome")).to_contain_text("Locked in")
        expect(host.locator("#answered")).to_have_text("1 of 2 answered")
        expect(names(host)).to_have_text(["Ann", "Ben"])
        expect(host.locator("#board .points").first).to_be_hidden()
        host.get_by_role("button", name="Close the question").click()
        expect(names(host)).to_have_text(["Ben", "Ann"])
        expect(host.locator("#board .points").first).to_be_visible()
        expect(ben.locator("#outcome")).to_contain_text("Correct!")


def test_also_with_immediate_results_who_leads_is_shown_after_the_close(school, tabs):
    with tabs.person("host") as host, tabs.person("Ann", PHONE) as ann, tabs.person("Ben", PHONE) as ben:
        code = host_session(host, school, afterClose=False)
        for page, name in ((ben, "Ben"), (ann, "Ann")):
            join(page, school, code, name)
        open_first_question(host)
        ben.locator("#answers button").nth(1).click()
        expect(ben.locator("#outcome")).to_contain_text("Correct!")
        expect(host.locator("#answered")).to_have_text("1 of 2 answered")
        host.reload()
        expect(names(host)).to_have_text(["Ann", "Ben"])
        expect(host.locator("#board .points").first).to_be_hidden()


def test_sessions_that_run_are_found_behind_a_thousand_that_have_ended(school, tabs):
    for number, status in ((1, "waiting"), (2, "active")):
        school.execute(
            "INSERT INTO quiz_sessions (id, quiz_id, status, created_by, created_at) VALUES (?, 'quiz1', ?, 'instructor1', ?)",
            status, status, number,
        )
    school.execute(
        "INSERT INTO quiz_sessions (id, quiz_id, status, created_by, created_at)"
        " WITH RECURSIVE numbers (n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1200)"
        " SELECT 'ended' || n, 'quiz1', 'ended', 'instructor1', n FROM numbers"
    )
    with tabs.person("host") as host:
        asked = []
        host.on("request", lambda request: asked.append(request.url) if "/api/v1/sessions?" in request.url else None)
        sign_in(host, school)
        expect(host.locator("#running-list .hint")).to_have_text(["being played, active", "waiting for its start, waiting"])
        assert len(asked) == 2


def test_the_form_starts_with_the_defaults_of_the_server(classroom, tabs):
    classroom.start("--question-duration", "12500")
    with tabs.person("host") as host:
        sign_in(host, classroom)
        expect(host.get_by_label("Seconds per question")).to_have_value("12.5")
        expect(host.get_by_label("Seconds before the next question")).to_be_hidden()
        host.get_by_label("Advance automatically").check()
        expect(host.get_by_label("Seconds before the next question")).to_have_value("5")
        host.locator("#quizzes [data-action=host]").first.click()
        expect(host.locator("#join-code")).to_be_visible()
        settings = json.loads(classroom.rows("SELECT settings FROM quiz_sessions")[0]["settings"])
        assert (settings["questionDurationMs"], settings["advanceDelayMs"]) == (12_500, 5_000)


@pytest.mark.parametrize(
    ("value", "message"),
    [("0", "Seconds per question must be a number between 0.1 and 3600"), ("", "Seconds per question must be a number")],
)
def test_a_field_out_of_range_is_named_in_the_words_of_the_form(school, tabs, value, message):
    with tabs.person("host") as host:
        sign_in(host, school)
        host.get_by_label("Seconds per question").fill(value)
        host.locator("#quizzes [data-action=host]").first.click()
        expect(host.locator("#library-error")).to_have_text(message)


def test_a_student_is_told_why_there_is_nothing_to_host(school, tabs):
    with tabs.person("student") as page:
        sign_in(page, school, "student1_token")
        expect(page.get_by_role("heading", name="This page is for hosts")).to_be_visible()
        expect(page.locator("#not-host-reason")).to_have_text(
            "You are signed in as student1, a student. Hosting a quiz needs the account of an instructor."
        )
        page.get_by_role("button", name="Sign in with another account").click()
        page.get_by_label("Access token").fill("instructor_token")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Your quizzes")).to_be_visible()


def test_a_player_is_removed_although_the_next_question_has_opened_while_the_page_asked(school, tabs):
    with tabs.person("host") as host, tabs.person("Ann", PHONE) as ann:
        code = host_session(host, school)
        join(ann, school, code, "Ann")
        open_first_question(host)
        host.once("dialog", lambda dialog: dialog.accept())
        host.get_by_role("button", name="Remove Ann").click()
        expect(ann.get_by_role("heading", name="You were removed")).to_be_visible()
        # It names no question, which the server would compare with the one that is current then.
        assert [sorted(payload) for payload in sent(host, "quiz:kick")] == [["sessionId", "userId"]]


def test_who_was_removed_stays_removed_from_the_same_browser(school, tabs):
    with tabs.person("host") as host, tabs.person("Mallory", PHONE) as mallory:
        code = host_session(host, school)
        join(mallory, school, code, "Rude name")
        host.once("dialog", lambda dialog: dialog.accept())
        host.get_by_role("button", name="Remove Rude name").click()
        expect(mallory.get_by_role("heading", name="You were removed")).to_be_visible()
        again = mallory.context.new_page()
        again.goto(f"{school.url}/?code={code}")
        again.get_by_label("Your name in this quiz").fill("Another name")
        again.keyboard.press("Enter")
        expect(again.get_by_role("alert").filter(has_text="You were removed")).to_be_visible()
        expect(host.locator("#player-count")).to_have_text("0")


def test_a_press_that_began_before_the_list_changed_still_counts(school, tabs):
    with tabs.person("host") as host, tabs.person("Mallory", PHONE) as mallory, tabs.person("Zoe", PHONE) as zoe:
        code = host_session(host, school)
        join(mallory, school, code, "Rude name")
        asked = []
        host.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
        button = host.get_by_role("button", name="Remove Rude name")
        expect(button).not_to_have_attribute("aria-disabled", "true")
        button.hover()
        host.mouse.down()
        join(zoe, school, code, "Zoe")
        expect(names(host)).to_have_text(["Rude name", "Zoe"])
        host.mouse.up()
        expect(mallory.get_by_role("heading", name="You were removed")).to_be_visible()
        assert len(asked) == 1 and "Rude name" in asked[0]
        expect(names(host)).to_have_text(["Zoe"])


def test_a_player_listed_while_the_controls_rest_can_be_removed_as_soon_as_the_button_is_enabled(school, tabs):
    with tabs.person("host") as host, tabs.person("Mallory", PHONE) as mallory:
        code = host_session(host, school)
        join(mallory, school, code, "Rude name")
        host.on("dialog", lambda dialog: dialog.accept())
        host.reload()
        # The click waits for the button to appear and to be enabled, and no longer.
        host.get_by_role("button", name="Remove Rude name").click()
        expect(mallory.get_by_role("heading", name="You were removed")).to_be_visible()


def test_a_locked_lobby_lets_nobody_new_in(school, tabs):
    with tabs.person("host") as host, tabs.person("Ann", PHONE) as ann, tabs.person("Ben", PHONE) as ben:
        code = host_session(host, school)
        join(ann, school, code, "Ann")
        host.get_by_role("button", name="Lock the session").click()
        expect(host.locator("#locked-hint")).to_be_visible()
        ben.goto(f"{school.url}/?code={code}")
        ben.get_by_label("Your name in this quiz").fill("Ben")
        ben.keyboard.press("Enter")
        expect(ben.get_by_role("alert").filter(has_text="locked")).to_be_visible()
        ann.reload()
        expect(ann.get_by_role("heading", name="You're in, Ann!")).to_be_visible()
        host.reload()
        host.get_by_role("button", name="Let new players in").click()
        expect(host.locator("#locked-hint")).to_be_hidden()
        ben.keyboard.press("Enter")
        expect(ben.get_by_role("heading", name="You're in, Ben!")).to_be_visible()


def test_the_count_is_the_lists_and_who_is_away_is_marked(school, tabs):
    with tabs.person("host") as host, tabs.person("Ann", PHONE) as ann:
        code = host_session(host, school)
        join(ann, school, code, "Ann")
        with tabs.person("Ben", PHONE) as ben:
            join(ben, school, code, "Ben")
            expect(names(host)).to_have_text(["Ann", "Ben"])
        expect(host.locator("#away-count")).to_have_text("1 away")
        expect(host.locator("#player-count")).to_have_text("2")
        expect(host.locator("#board .away")).to_have_text(re.compile("^.*Benaway.*$"))
        host.reload()
        expect(host.locator("#away-count")).to_have_text("1 away")
        expect(host.locator("#player-count")).to_have_text("2")


def test_every_player_can_be_removed_not_the_first_hundred_only(school, tabs):
    with tabs.person("host") as host, tabs.person("Last", PHONE) as last:
        code = host_session(host, school)
        host = with_crowd(host, school)
        join(last, school, code, "Zoe")
        expect(host.locator("#player-count")).to_have_text("151")
        expect(names(host)).to_have_count(151)
        host.get_by_label("Find a player").fill("zoe")
        expect(names(host)).to_have_text(["Zoe"])
        host.once("dialog", lambda dialog: dialog.accept())
        host.get_by_role("button", name="Remove Zoe").click()
        expect(last.get_by_role("heading", name="You were removed")).to_be_visible()


def test_a_board_that_changed_while_it_was_fetched_is_fetched_again(school, tabs):
    with tabs.person("host") as host, tabs.person("Last", PHONE) as last:
        code = host_session(host, school)
        host = with_crowd(host, school)
        outdated = []

        def answer(route):
            if outdated:
                return route.continue_()
            outdated.append(route)
            # Older than the board that the event brought.
            return route.fulfill(json={"entries": [], "summary": {"version": -1, "players": 0}})

        host.route("**/leaderboard", answer)
        join(last, school, code, "Zoe")
        expect(host.locator("#player-count")).to_have_text("151")
        expect(names(host)).to_have_count(151)
        assert outdated


def with_crowd(host, school):
    """The host's new tab, with a session of 150 players: a crowd without its browsers."""
    session = school.rows("SELECT id FROM quiz_sessions")[0]["id"]
    # By SQL, before anybody asks for the session.
    host.get_by_role("button", name="Back to the quizzes").click()
    host.close()
    school.server.terminate()
    for number in range(150):
        school.execute(
            "INSERT INTO quiz_participants (session_id, user_id, username, joined_at) VALUES (?, ?, ?, ?)",
            session, f"u{number}", f"Pupil {number:03}", number,
        )
    school.restart()
    host = host_tab(host, school, session)
    expect(names(host)).to_have_count(150)
    return host


def host_tab(former, school, session):
    page = former.context.new_page()
    page.goto(f"{school.url}/host#token=instructor_token&session={session}")
    expect(page.locator("#join-code")).to_be_visible()
    return page


def scanned(width, pixels):
    return [code.text for code in zxingcpp.read_barcodes(memoryview(bytes(pixels)).cast("B", shape=[width, width]))]


def decoded(page):
    """What a scanner reads from the code on the page, drawn by the browser."""
    pixels = page.evaluate(
        """async () => {
            const svg = document.querySelector("#qr svg").cloneNode(true);
            for (const [name, value] of [["width", 400], ["height", 400], ["xmlns", "http://www.w3.org/2000/svg"]]) svg.setAttribute(name, value);
            const image = new Image(400, 400);
            image.src = "data:image/svg+xml," + encodeURIComponent(new XMLSerializer().serializeToString(svg));
            await image.decode();
            const context = Object.assign(document.createElement("canvas"), { width: 400, height: 400 }).getContext("2d");
            context.drawImage(image, 0, 0);
            return [...context.getImageData(0, 0, 400, 400).data].filter((_, index) => index % 4 === 0);
        }"""
    )
    return scanned(400, pixels)


def test_a_scanner_reads_codes_of_every_size(school, tabs):
    with tabs.person("anybody") as page:
        page.goto(school.url)
        for length in (1, 14, 15, 26, 42, 62, 84, 106, 122, 152, 180, 213):
            text = "https://school.example/?code=".ljust(length, "é")[:length].encode()[:length].decode(errors="ignore")
            rows = page.evaluate("async (text) => (await import('/qr.js')).qrMatrix(text)", text)
            width = 4 * (len(rows) + 8)
            pixels = [[255] * width for _ in range(width)]
            for y, row in enumerate(rows):
                for x, is_dark in enumerate(row):
                    for line in pixels[4 * y + 16 : 4 * y + 20] if is_dark else ():
                        line[4 * x + 16 : 4 * x + 20] = [0] * 4
            assert scanned(width, sum(pixels, [])) == [text], length


@pytest.mark.parametrize("url", ["https://school.example", "https://quiz." + "very-long-name-of-a-school." * 5 + "example:8443"])
def test_the_join_box_and_its_code_name_the_public_url(classroom, tabs, url):
    classroom.start("--public-url", url)
    assert classroom.server.wait_for_line("open: ") == url
    with tabs.person("host") as host:
        code = host_session(host, classroom)
        expect(host.locator("#join-address")).to_have_text(url.removeprefix("https://"))
        assert decoded(host) == [f"{url}/?code={code}"]
        for width in (320, 390):
            host.set_viewport_size({"width": width, "height": 640})
            scrolled, shown = host.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert scrolled <= shown, f"the page scrolls sideways at {width}"


def test_on_all_addresses_links_name_the_machine_and_not_localhost(dunlin, tabs, tmp_path):
    server = dunlin("--hostname", "0.0.0.0", "--demo")
    links = {name: server.wait_for_line(f"{name}: ") for name in ("open", "host", "player", "chat", "dashboard")}
    assert not any("localhost" in link or "0.0.0.0" in link for link in links.values()), links
    with tabs.person("host") as host:
        host.goto(links["host"].replace(links["open"], server.url))
        expect(host.locator("#join-address")).to_have_text(links["open"].removeprefix("http://"))
        assert decoded(host) == [links["player"]]


def test_a_class_plays_at_the_address_in_its_network(classroom, tabs):
    """Over plain HTTP and not at localhost, as in most schools: browsers do without much there, such as the clipboard."""
    classroom.start("--hostname", "0.0.0.0", "--question-lead-in", "100")
    url = classroom.server.wait_for_line("open: ")
    assert "127.0.0.1" not in url, "this machine has no address in a network"
    with tabs.person("host") as host, tabs.person("Ann", PHONE) as ann, tabs.person("chat") as chat, tabs.person("watcher") as watcher:
        host.goto(f"{url}/host#token=instructor_token")
        assert host.evaluate("isSecureContext") is False, "the test would say nothing"
        host.locator("#quizzes [data-action=host]").first.click()
        expect(host.locator("#join-address")).to_have_text(url.removeprefix("http://"))
        expect(host.locator("#join-code")).to_have_text(re.compile(r"^\d{3}\s\d{3}$"))
        code = re.sub(r"\D", "", host.locator("#join-code").text_content())
        assert decoded(host) == [f"{url}/?code={code}"]
        ann.goto(f"{url}/?code={code}")
        ann.get_by_label("Your name in this quiz").fill("Ann")
        ann.keyboard.press("Enter")
        expect(ann.get_by_role("heading", name="You're in, Ann!")).to_be_visible()
        open_first_question(host)
        ann.locator("#answers button").nth(1).click()
        expect(host.locator("#answered")).to_have_text("1 of 1 answered")
        chat.goto(f"{url}/chat#token=student1_token&room=r")
        chat.get_by_label("Message", exact=True).fill("hello")
        chat.keyboard.press("Enter")
        expect(chat.locator(".message .content")).to_have_text("hello")
        watcher.goto(f"{url}/dashboard#token=instructor_token")
        expect(watcher.locator("#freshness")).to_have_text("Live")
        # Back to a session that runs, as after a closed tab.
        host.reload()
        expect(host.locator("#join-address")).to_have_text(url.removeprefix("http://"))


def test_a_report_is_saved_by_its_title_and_opens_in_a_spreadsheet(school, tabs):
    with tabs.person("host") as host, tabs.person("Ann", PHONE) as ann:
        code = host_session(host, school)
        join(ann, school, code, "Ann")
        open_first_question(host)
        ann.locator("#answers button").nth(1).click()
        expect(host.locator("#answered")).to_have_text("1 of 1 answered")
        host.once("dialog", lambda dialog: dialog.accept())
        host.get_by_role("button", name="End the session").click()
        with host.expect_download() as download:
            host.get_by_role("button", name="Download the report").click()
        assert download.value.suggested_filename == "Integration Test Quiz.csv"
        assert open(download.value.path(), "rb").read(3) == b"\xef\xbb\xbf"


def test_code_is_shown_as_it_was_written(school, tabs):
    code = "What does it print?\nfor i in range(2):\n    if i:\n\tprint(i)"
    options = ["a\n    b", "a  b", "مرحبا", "d"]
    quiz = {"title": "A quiz before others", "questions": [{"question": code, "options": options, "correctAnswer": 0}]}
    requests.post(f"{school.url}/api/v1/quizzes", json=quiz, headers=INSTRUCTOR, timeout=60).raise_for_status()
    with tabs.person("host") as host, tabs.person("Ann", PHONE) as ann:
        number = host_session(host, school)
        join(ann, school, number, "Ann")
        host.get_by_role("button", name="Start the quiz").click()
        for page in (host, ann):
            text = page.locator("#question-text")
            expect(text).to_contain_text("What does it print?")
            assert text.evaluate("node => node.innerText") == code
            assert text.evaluate("node => getComputedStyle(node).whiteSpaceCollapse") == "preserve"
            assert text.evaluate("node => node.getBoundingClientRect().height > 3 * parseFloat(getComputedStyle(node).fontSize)")
            shown = page.locator(".option").evaluate_all("all => all.map((one) => [one.innerText.split(' (')[0], getComputedStyle(one).direction])")
            assert [text for text, _ in shown] == options
            assert [direction for _, direction in shown] == ["ltr", "ltr", "rtl", "ltr"]
