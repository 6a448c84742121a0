/** What the class sees on the host's screen: lobby, question, distribution, podium. It knows nothing of the connection. */

import { announce, byId, element, formatNumber, plural, setText } from "/page.js";
import { Countdown, answerClass, correctText, countSeconds, isCorrect, renderLeaderboard, renderPodium, shapeIcon } from "/quiz.js";

const parts = ["lobby", "question", "own-pace", "results"];
const buttons = ["start", "close", "next", "report", "end", "back"];

export class HostStage {
  #countdown = new Countdown(byId("seconds"), byId("time-bar"));
  #onRemove;
  #pace = "live";
  #question = null;
  #entries = [];
  #boardVersion = -1;
  #players = 0;
  #hasEnded = false;
  #isProgressKnown = false;
  #stopLeadIn = () => {};

  constructor({ onRemove }) {
    this.#onRemove = onRemove;
  }

  /** A session from the start, or wherever its snapshot says that it stands. */
  open(snapshot) {
    this.#pace = snapshot.pace ?? "live";
    this.#question = null;
    this.#boardVersion = -1;
    this.#hasEnded = false;
    this.#isProgressKnown = false;
    this.#showPlayers(snapshot.players ?? 0);
    this.#renderBoard([], 0);
    setText("session-title", snapshot.title);
    setText("session-error", "");
    setText("join-address", location.host);
    setText("join-code", spaced(snapshot.joinCode));
    byId("join-box").hidden = !snapshot.joinCode;
    if (snapshot.phase === "ended") this.showEnd();
    else if (snapshot.phase === "waiting") this.#showLobby();
    else if (snapshot.phase === "leadIn") this.showLeadIn(snapshot.startsInMs);
    else if (this.#pace === "self") this.#showOwnPace();
    else if (snapshot.question) {
      this.showQuestion(snapshot.question);
      if (snapshot.closed) this.showClosed(snapshot.closed);
    }
  }

  #show(part, shown, state) {
    this.#stopLeadIn();
    const focused = document.activeElement;
    for (const one of parts) byId(one).hidden = one !== part;
    setText("board-title", part === "lobby" ? "Players" : "Leaderboard");
    byId("side").classList.toggle("names-only", part === "lobby");
    for (const one of buttons) byId(one).hidden = !shown.includes(one);
    // Not left on a button that is gone: the next Tab would start at the top of the page.
    if (focused?.hidden) byId("session-title").focus({ preventScroll: true });
    setText("session-state", state);
  }

  #showLobby() {
    setText("lobby-hint", "They appear in the list as they join. Start when everybody is here.");
    this.#show("lobby", ["start", "end", "back"], "Waiting for players");
  }

  #showPlayers(count) {
    this.#players = count;
    setText("player-count", formatNumber(count));
    setText("player-word", count === 1 ? "player" : "players");
  }

  showLeadIn(startsInMs = 0) {
    this.#show("lobby", ["end"], "Starting");
    this.#stopLeadIn = countSeconds(startsInMs, (seconds) => {
      setText("lobby-hint", seconds > 0 ? `It starts in ${seconds}…` : "Here it comes…");
      if (seconds === 0 && this.#pace === "self") this.#showOwnPace();
    });
  }

  #showOwnPace() {
    this.#show("own-pace", ["end", "back"], "Everybody at their own pace");
    if (!this.#isProgressKnown) this.#showFinished(0, this.#players);
  }

  showQuestion(question) {
    if (this.#pace === "self") return;
    this.#question = question;
    setText("question-number", `Question ${question.questionNumber} of ${question.questionCount}`);
    setText("question-text", question.question);
    setText("correct", "");
    setText("answered", "");
    byId("options").replaceChildren(
      ...question.options.map((option, index) =>
        element(
          "li",
          { class: `answer ${answerClass(index)}` },
          element("span", { class: "share", "aria-hidden": "true" }),
          shapeIcon(index),
          element("span", { class: "option" }, option),
          element("span", { class: "mark", "aria-hidden": "true" }),
          element("span", { class: "count" }),
        ),
      ),
    );
    this.#countdown.start(question.remainingMs, question.durationMs);
    this.#show("question", ["close", "end"], "The question is open");
    byId("close").focus({ preventScroll: true });
  }

  showProgress({ answered, players }) {
    this.#isProgressKnown = true;
    this.#showPlayers(players);
    setText("answered", `${formatNumber(answered)} of ${formatNumber(players)} answered`);
    this.#showFinished(answered, players);
  }

  #showFinished(finished, players) {
    setText("finished-count", `${formatNumber(finished)} of ${plural(players, "player")} finished`);
  }

  showClosed(closed) {
    if (closed.questionId !== this.#question?.questionId) return;
    this.#countdown.finish();
    const { options } = this.#question;
    const total = Math.max(1, closed.answered);
    [...byId("options").children].forEach((line, index) => {
      const count = closed.distribution[index] ?? 0;
      const isRight = isCorrect(closed.correctAnswer, index, options[index]);
      line.classList.add(isRight ? "right" : "faded");
      line.querySelector(".share").style.setProperty("width", `${(100 * count) / total}%`);
      line.querySelector(".mark").textContent = isRight ? "✓" : "";
      line.querySelector(".count").textContent = formatNumber(count);
      line.setAttribute("aria-label", `${options[index]}: ${plural(count, "answer")}${isRight ? ", correct" : ""}`);
    });
    if (options.length === 0) this.#showTexts(closed.texts ?? []);
    setText("correct", `Correct: ${correctText(closed.correctAnswer, options)}`);
    setText("answered", plural(closed.answered, "answer"));
    const isLast = closed.questionNumber === closed.questionCount;
    setText("next", isLast ? "Show the final result" : "Next question");
    this.#show("question", ["next", "end"], "The question is closed");
    byId("next").focus({ preventScroll: true });
  }

  #showTexts(texts) {
    byId("options").replaceChildren(
      ...texts.map(({ text, count }) => element("li", { class: "text-answer" }, element("span", { class: "option" }, text), formatNumber(count))),
    );
  }

  showEnd() {
    this.#hasEnded = true;
    this.#countdown.stop();
    this.#show("results", ["report", "back"], "The session has ended");
    byId("join-box").hidden = true;
    renderPodium(byId("podium"), this.#entries);
    this.#renderBoard(this.#entries, this.#players);
    announce("The session has ended");
  }

  /** What was fetched never replaces what was pushed: it may be older. */
  showFetched({ players, questions }) {
    if (this.#boardVersion < 0) this.#renderBoard(players.slice(0, 100), players.length);
    const open = questions?.find(({ questionId }) => questionId === this.#question?.questionId);
    if (open && byId("answered").textContent === "") setText("answered", `${plural(open.answered, "answer")} so far`);
    if (this.#isProgressKnown || !questions) return;
    this.#showFinished(players.filter(({ answers }) => answers.length >= questions.length).length, players.length);
  }

  showBoard(entries, { version, players }) {
    if (version < this.#boardVersion) return;
    this.#boardVersion = version;
    this.#renderBoard(entries, players);
  }

  #renderBoard(entries, players) {
    this.#entries = entries;
    renderLeaderboard(byId("board"), entries, { onRemove: this.#hasEnded ? null : this.#onRemove });
    const rest = players - entries.length;
    setText("board-rest", players === 0 ? "Nobody has joined yet." : rest > 0 ? `and ${plural(rest, "other")}` : "");
    if (this.#hasEnded) renderPodium(byId("podium"), entries);
  }
}

/** "123 456": easier to read from the last row. */
function spaced(code) {
  return code?.replace(/(\d{3})(\d{3})/, "$1\u2009$2") ?? "";
}
