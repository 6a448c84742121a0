"""The player's page in Chromium: finding in, and what was lost on the way."""

import json

import pytest
import requests
from playwright.sync_api import expect
from websocket import create_connection

from browser_tabs import PHONE

INSTRUCTOR = {"authorization": "Bearer instructor_token"}


class Host:
    """The host without a browser: a WebSocket and its acknowledgements."""

    def __init__(self, school):
        self.socket = create_connection(f"ws://127.0.0.1:{school.port}/socket.io/?EIO=4&transport=websocket", timeout=60)
        self.socket.recv()
        self.socket.send('40{"token":"instructor_token"}')
        assert self.socket.recv().startswith("40")
        self.acknowledgements = 0

    def ask(self, event, payload):
        self.acknowledgements += 1
        self.socket.send(f"42{self.acknowledgements}{json.dumps([event, payload])}")
        while True:
            frame = self.socket.recv()
            if frame == "2":
                self.socket.send("3")
            elif frame.startswith(f"43{self.acknowledgements}["):
                answer = json.loads(frame[frame.index("[") :])[0]
                assert answer["ok"], answer
                return answer


@pytest.fixture
def school(classroom):
    classroom.start("--question-lead-in", "0")
    return classroom


@pytest.fixture
def host(school):
    host = Host(school)
    yield host
    host.socket.close()


def create(host, school, questions=None, **settings):
    quiz = "quiz1"
    if questions:
        answer = requests.post(
            f"{school.url}/api/v1/quizzes", json={"title": "A quiz", "questions": questions}, headers=INSTRUCTOR, timeout=60
        )
        answer.raise_for_status()
        quiz = answer.json()["id"]
    return host.ask("quiz:create_session", {"quizId": quiz, "sessionId": "s", "settings": settings})["joinCode"]


def join(page, school, code, name="Ann"):
    page.goto(f"{school.url}/?code={code}")
    page.get_by_label("Your name in this quiz").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"You're in, {name}!")).to_be_visible()


def answers(school):
    return [json.loads(row["answer"]) for row in school.answers("s")]


@pytest.mark.parametrize(
    "text", ["Code: {0} {1}", "{0}-{1}", "http://192.168.0.17:3001/?code={0}{1}", "{arabic}", "Come to Room 12: {0} {1}!"]
)
def test_a_code_may_be_pasted_as_it_comes(school, host, tabs, text):
    code = create(host, school)
    arabic = "".join("٠١٢٣٤٥٦٧٨٩"[int(digit)] for digit in code)
    with tabs.person("Ann", PHONE) as page:
        page.goto(school.url)
        page.get_by_label("Six-digit code").fill(text.format(code[:3], code[3:], arabic=arabic))
        page.keyboard.press("Enter")
        page.get_by_label("Your name in this quiz").fill("Ann")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="You're in, Ann!")).to_be_visible()


def test_an_answer_that_was_tapped_offline_and_came_too_late_is_said_to_be_lost(school, host, tabs):
    code = create(host, school)
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        host.ask("quiz:start", {"sessionId": "s"})
        expect(page.locator("#question-number")).to_have_text("Question 1 of 2")
        page.context.set_offline(True)
        expect(page.locator("#connection-state")).to_have_text("Not connected")
        page.locator("#answers button").nth(1).click()
        expect(page.locator("#outcome")).to_contain_text("Not sent yet")
        host.ask("quiz:close", {"sessionId": "s"})
        page.context.set_offline(False)
        expect(page.locator("#outcome")).to_contain_text("Your answer came too late and does not count. Correct: 4")
        assert answers(school) == []


def test_it_is_also_said_when_the_next_question_is_on_the_screen(school, host, tabs):
    code = create(host, school)
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        host.ask("quiz:start", {"sessionId": "s"})
        expect(page.locator("#question-number")).to_have_text("Question 1 of 2")
        page.context.set_offline(True)
        expect(page.locator("#connection-state")).to_have_text("Not connected")
        page.locator("#answers button").nth(1).click()
        host.ask("quiz:next", {"sessionId": "s"})
        page.context.set_offline(False)
        expect(page.locator("#question-number")).to_have_text("Question 2 of 2")
        expect(page.locator("#notice")).to_contain_text("Your answer to question 1 came too late and does not count.")
        page.locator("#notice-ok").click()
        expect(page.locator("#notice")).to_be_hidden()
        page.reload()
        expect(page.locator("#question-number")).to_have_text("Question 2 of 2")
        expect(page.locator("#notice")).to_be_hidden()


def test_an_answer_that_arrived_is_not_said_to_be_lost(school, host, tabs):
    code = create(host, school)
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        host.ask("quiz:start", {"sessionId": "s"})
        page.locator("#answers button").nth(1).click()
        expect(page.locator("#outcome")).to_contain_text("Correct!")
        page.context.set_offline(True)
        expect(page.locator("#connection-state")).to_have_text("Not connected")
        host.ask("quiz:next", {"sessionId": "s"})
        page.context.set_offline(False)
        expect(page.locator("#question-number")).to_have_text("Question 2 of 2")
        expect(page.locator("#connection-state")).to_have_text("Connected")
        expect(page.locator("#notice")).to_be_hidden()


def test_text_that_stands_there_when_the_time_is_up_is_sent(school, host, tabs):
    question = {"question": "The capital of France?", "correctAnswer": "Paris", "durationMs": 2_500}
    code = create(host, school, [question])
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        host.ask("quiz:start", {"sessionId": "s"})
        page.get_by_label("Your answer").fill("paris")
        expect(page.locator("#outcome")).to_contain_text("Correct!")
        assert answers(school) == ["paris"]


def test_options_that_are_chosen_when_the_time_is_up_are_sent(school, host, tabs):
    question = {"question": "Even?", "options": ["1", "2", "3", "4"], "correctAnswer": [1, 3], "durationMs": 2_500}
    code = create(host, school, [question])
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        host.ask("quiz:start", {"sessionId": "s"})
        for index in (1, 3):
            page.locator("#answers button").nth(index).click()
        expect(page.locator("#outcome")).to_contain_text("Correct!")
        assert answers(school) == [[1, 3]]


def test_text_is_not_sent_by_itself_at_ones_own_pace(school, host, tabs):
    question = {"question": "The capital of France?", "correctAnswer": "Paris", "durationMs": 1_000}
    code = create(host, school, [question], pace="self")
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        host.ask("quiz:start", {"sessionId": "s"})
        page.get_by_label("Your answer").fill("pa")
        expect(page.locator("#outcome")).to_contain_text("No bonus any more")
        assert answers(school) == []


def test_text_that_a_close_came_before_is_said_to_be_lost(school, host, tabs):
    code = create(host, school, [{"question": "The capital of France?", "correctAnswer": "Paris"}])
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        host.ask("quiz:start", {"sessionId": "s"})
        page.get_by_label("Your answer").fill("Par")
        host.ask("quiz:close", {"sessionId": "s"})
        expect(page.locator("#outcome")).to_have_text("The question was closed before you sent your answer. Correct: Paris")


def test_who_was_removed_is_done_with_the_question(school, host, tabs):
    code = create(host, school, [{"question": "The capital of France?", "correctAnswer": "Paris", "durationMs": 30_000}])
    with tabs.person("Ann", PHONE) as page:
        page.clock.install()
        join(page, school, code)
        host.ask("quiz:start", {"sessionId": "s"})
        page.get_by_label("Your answer").fill("Par")
        host.ask("quiz:kick", {"sessionId": "s", "userId": school.rows("SELECT user_id FROM quiz_participants")[0]["user_id"]})
        expect(page.get_by_role("heading", name="You were removed")).to_be_visible()
        left = page.locator("#seconds").text_content()
        # Past the end of the question: what stands there unsent would be sent just before it, for a place that is gone.
        page.clock.run_for(31_000)
        assert page.locator("#seconds").text_content() == left
        expect(page.get_by_role("heading", name="You were removed")).to_be_visible()
        assert [event for event, _ in page.sent if event == "quiz:answer"] == []


def test_an_account_that_may_not_play_is_not_said_to_be_removed(school, host, tabs):
    code = create(host, school)
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        page.evaluate(
            """() => {
                const seat = JSON.parse(sessionStorage.getItem("dunlin.seat"));
                sessionStorage.setItem("dunlin.seat", JSON.stringify({ ...seat, token: "instructor_token" }));
            }"""
        )
        page.reload()
        expect(page.get_by_role("alert").filter(has_text="Permission quiz:participate is required")).to_be_visible()
        expect(page.locator("#view-removed")).to_be_hidden()


def test_a_guest_comes_back_after_the_tab_was_closed(school, host, tabs):
    code = create(host, school)
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        context = page.context
        page.close()
        again = context.new_page()
        again.goto(school.url)
        again.get_by_role("button", name="Come back as Ann").click()
        expect(again.get_by_role("heading", name="You're in, Ann!")).to_be_visible()
        assert len(school.rows("SELECT * FROM quiz_participants")) == 1


def test_a_guest_whom_another_tab_has_forgotten_is_asked_for_the_code(school, host, tabs):
    code = create(host, school)
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        context = page.context
        page.close()
        again = context.new_page()
        again.goto(school.url)
        button = again.get_by_role("button", name="Come back as Ann")
        expect(button).to_be_visible()
        again.evaluate("localStorage.removeItem('dunlin.guest')")
        button.click()
        expect(button).to_be_hidden()
        expect(again.locator("#code-form .error")).to_have_text("")


def test_a_host_stays_signed_in_after_the_tab_was_closed_and_plays_as_a_guest_beside_it(school, host, tabs):
    code = create(host, school)
    with tabs.person("teacher") as page:
        page.goto(f"{school.url}/host#token=instructor_token")
        expect(page.get_by_role("heading", name="Your quizzes")).to_be_visible()
        context = page.context
        page.close()
        again = context.new_page()
        again.goto(f"{school.url}/host")
        expect(again.get_by_role("heading", name="Your quizzes")).to_be_visible()
        player = context.new_page()
        player.goto(f"{school.url}/?code={code}")
        expect(player.get_by_label("Your name in this quiz")).to_be_visible()
        again.get_by_role("button", name="Sign out").click()
        expect(again.get_by_role("heading", name="Sign in")).to_be_visible()
        later = context.new_page()
        later.goto(f"{school.url}/chat")
        expect(later.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_name_cannot_turn_the_text_around_it(school, host, tabs):
    school.execute("UPDATE users SET username = ? WHERE id = 'user1'", "\u202eyrollaM")
    with tabs.person("chat") as page:
        page.goto(f"{school.url}/chat#token=student1_token&room=r")
        page.get_by_label("Message", exact=True).fill("hello")
        page.keyboard.press("Enter")
        expect(page.locator(".message strong")).to_have_text("yrollaM")
        for place in ("#members bdi", ".message strong bdi", "#account bdi"):
            # In one step: the list of members is drawn anew when somebody is new in it.
            text, isolation = page.evaluate(
                "place => { const one = document.querySelector(place); return [one.textContent, getComputedStyle(one).unicodeBidi]; }", place
            )
            assert isolation == "isolate"
            assert text == "yrollaM"


def test_a_message_from_a_time_that_no_date_has_keeps_nobody_out_of_the_room(school, host, tabs):
    school.execute(
        "INSERT INTO chat_messages (room_id, sequence, id, user_id, username, content, type, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        "r", 1, "m", "user1", "student1", "from the future", "text", 9_000_000_000_000_000,
    )
    with tabs.person("chat") as page:
        page.goto(f"{school.url}/chat#token=student1_token&room=r")
        expect(page.locator(".message .content")).to_have_text("from the future")
        expect(page.locator("#connection-state")).to_have_text("Connected")
        page.get_by_label("Message", exact=True).fill("hello")
        page.keyboard.press("Enter")
        expect(page.locator(".message .content")).to_have_text(["from the future", "hello"])


def test_the_list_of_members_is_drawn_when_somebody_is_new_and_not_with_each_message(school, host, tabs):
    with tabs.person("chat") as page:
        page.goto(f"{school.url}/chat#token=student1_token&room=r")
        expect(page.locator("#members bdi")).to_have_text(["student1"])
        page.evaluate(
            """() => {
                window.drawings = 0;
                new MutationObserver(() => (window.drawings += 1)).observe(document.getElementById("members"), { childList: true });
            }"""
        )
        for number in range(3):
            page.get_by_label("Message", exact=True).fill(f"message {number}")
            page.keyboard.press("Enter")
            expect(page.locator(".message:not(.unconfirmed)")).to_have_count(number + 1)
        assert page.evaluate("window.drawings") == 0
        host.ask("chat:join", {"roomId": "r"})
        host.ask("chat:message", {"roomId": "r", "content": "hello"})
        expect(page.locator("#members bdi")).to_have_count(2)
        assert page.evaluate("window.drawings") == 1


@pytest.mark.parametrize(
    "second",
    [
        'document.querySelector("#answers button").dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 2 }))',
        'document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, key: "1" }))',
    ],
    ids=["tap", "key"],
)
def test_a_double_tap_at_ones_own_pace_answers_one_question(school, host, tabs, second):
    code = create(host, school, pace="self")
    with tabs.person("Ann", PHONE) as page:
        join(page, school, code)
        host.ask("quiz:start", {"sessionId": "s"})
        expect(page.locator("#question-number")).to_have_text("Question 1 of 2")
        # The second tap, where the first one was, or the second press of a key, as soon as the next question is there.
        page.evaluate(
            """() => new MutationObserver((_, observer) => {
                observer.disconnect();
                setTimeout(() => SECOND, 20);
            }).observe(document.getElementById("question-number"), { childList: true, characterData: true, subtree: true })""".replace("SECOND", second)
        )
        page.locator("#answers button").first.click()
        expect(page.locator("#question-number")).to_have_text("Question 2 of 2")
        expect(page.locator("#answers button").first).to_be_enabled()
        expect(page.locator("#answers [aria-pressed=true]")).to_have_count(0)
        assert len(answers(school)) == 1
