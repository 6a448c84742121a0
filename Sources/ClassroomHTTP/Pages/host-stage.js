/** The host's screen: lobby, question, distribution, podium. It knows nothing of the connection. */

import { announce, byId, element, formatNumber, isCode, plural, setContent, setText } from "/page.js";
import { qrPicture } from "/qr.js";
import { Countdown, answerClass, awayText, correctText, countSeconds, isCorrect, renderLeaderboard, renderPodium, shapeIcon } from "/quiz.js";

const parts = ["lobby", "question", "own-pace", "results"];
const buttons = ["start", "close", "next", "report", "lock", "end", "back"];
/** Lines of the board on the screen; the others are found by their name. */
const maximumLines = 300;
/** Longer than a double click takes. */
export const restMs = 500;
/** Between two looks at the whole board. */
const boardIntervalMs = 3_000;

export class HostStage {
  #countdown = new Countdown(byId("seconds"), byId("time-bar"));
  #onRemove;
  #fetchBoard;
  #pace = "live";
  #question = null;
  #isOpen = false;
  #entries = [];
  #boardVersion = -1;
  #players = 0;
  #finished = 0;
  #away = new Set();
  #hasEnded = false;
  #isProgressKnown = false;
  #isFetching = false;
  /** The list may lack players behind the first hundred. */
  #isIncomplete = false;
  #resting = null;
  #stopLeadIn = () => {};
  isLocked = false;
  isResting = false;

  /** `onRemove(event, entry)` removes a player; `fetchBoard()` returns the whole board, {entries, summary}, or null. */
  constructor({ onRemove, fetchBoard }) {
    this.#onRemove = onRemove;
    this.#fetchBoard = fetchBoard;
    byId("player-filter").addEventListener("input", () => this.#drawBoard());
  }

  /** The question on the screen, open or closed; undefined when there is none. */
  get questionId() {
    return this.#hasEnded ? undefined : this.#question?.questionId;
  }

  /** A session from the start, or wherever its snapshot says that it stands. */
  open(snapshot) {
    this.#pace = snapshot.pace ?? "live";
    this.#question = null;
    this.#isOpen = false;
    this.#boardVersion = -1;
    this.#hasEnded = false;
    this.#isProgressKnown = false;
    this.#isIncomplete = false;
    this.#away = new Set(snapshot.away);
    this.#finished = 0;
    byId("player-filter").value = "";
    this.#setBoard([], snapshot.players ?? 0);
    setText("session-title", snapshot.title);
    setText("session-error", "");
    this.#showJoinBox(snapshot);
    this.showLock(snapshot.locked ?? false);
    if (snapshot.phase === "ended") this.showEnd();
    else if (snapshot.phase === "waiting") this.#showLobby();
    else if (snapshot.phase === "leadIn") this.showLeadIn(snapshot.startsInMs);
    else if (this.#pace === "self") this.#showOwnPace();
    else if (snapshot.question) {
      this.showQuestion(snapshot.question);
      if (snapshot.closed) this.showClosed(snapshot.closed);
    }
  }

  #showJoinBox({ joinCode, joinAddress }) {
    byId("join-box").hidden = !joinCode;
    if (!joinCode) return;
    setText("join-address", joinAddress.replace(/^https?:\/\//, ""));
    setText("join-code", spaced(joinCode));
    const picture = qrPicture(`${joinAddress}/?code=${joinCode}`, `QR code of ${joinAddress}/?code=${joinCode}`);
    byId("qr").replaceChildren(...(picture ? [picture] : []));
  }

  showLock(isLocked) {
    this.isLocked = isLocked;
    setText("lock", isLocked ? "Let new players in" : "Lock the session");
    byId("locked-hint").hidden = !isLocked;
  }

  /** The controls take no clicks for a moment: what was pressed may have made way for another button. */
  rest() {
    this.hold();
    this.#resting = setTimeout(() => {
      this.isResting = false;
      this.#showResting();
    }, restMs);
  }

  /** The controls take no clicks until `rest` has passed. */
  hold() {
    clearTimeout(this.#resting);
    this.isResting = true;
    this.#showResting();
  }

  /** A button that takes no clicks says so, those of the list of players too. */
  #showResting() {
    for (const one of [...buttons.map(byId), ...byId("board").querySelectorAll("button")]) {
      if (this.isResting) one.setAttribute("aria-disabled", "true");
      else one.removeAttribute("aria-disabled");
    }
  }

  #show(part, shown, state) {
    this.#stopLeadIn();
    const focused = document.activeElement;
    for (const one of parts) byId(one).hidden = one !== part;
    byId("view-session").dataset.part = part;
    for (const one of buttons) byId(one).hidden = !shown.includes(one);
    this.rest();
    // Not left on a button that is gone: the next Tab would start at the top of the page. And never on another button, which a second Enter
    // would press.
    if (focused?.hidden) byId(part === "question" ? "question-text" : "session-title").focus({ preventScroll: true });
    setText("session-state", state);
    this.#drawBoard();
  }

  #showLobby() {
    setText("lobby-hint", "They appear in the list as they join. Start when everybody is here.");
    this.#show("lobby", ["start", "lock", "end", "back"], "Waiting for players");
  }

  showLeadIn(startsInMs = 0) {
    this.#show("lobby", ["end"], "Starting");
    this.#stopLeadIn = countSeconds(startsInMs, (seconds) => {
      setText("lobby-hint", seconds > 0 ? `It starts in ${seconds}…` : "Here it comes…");
      if (seconds === 0 && this.#pace === "self") this.#showOwnPace();
    });
  }

  #showOwnPace() {
    this.#show("own-pace", ["lock", "end", "back"], "Everybody at their own pace");
    if (!this.#isProgressKnown) this.#showFinished(0);
  }

  showQuestion(question) {
    if (this.#pace === "self") return;
    this.#question = question;
    this.#isOpen = true;
    setText("question-number", `Question ${question.questionNumber} of ${question.questionCount}`);
    setContent("question-text", question.question);
    setText("correct", "");
    setText("answered", "");
    byId("options").replaceChildren(
      ...question.options.map((option, index) =>
        element(
          "li",
          { class: `answer ${answerClass(index)}` },
          element("span", { class: "share", "aria-hidden": "true" }),
          shapeIcon(index),
          element("span", { class: isCode(option) ? "option code" : "option", dir: "auto" }, option),
          element("span", { class: "mark", "aria-hidden": "true" }),
          element("span", { class: "count" }),
        ),
      ),
    );
    this.#countdown.start(question.remainingMs, question.durationMs);
    this.#show("question", ["close", "lock", "end"], "The question is open");
  }

  showProgress({ answered, players, away }) {
    this.#isProgressKnown = true;
    this.#away = new Set(away);
    // Those who are away keep nobody waiting, unless they answered before they went.
    setText("answered", `${formatNumber(answered)} of ${formatNumber(players)} answered`);
    this.#showFinished(answered);
    this.#drawBoard();
  }

  #showFinished(finished) {
    this.#finished = finished;
    setText("finished-count", `${formatNumber(finished)} of ${plural(this.#players, "player")} finished`);
  }

  showClosed(closed) {
    if (closed.questionId !== this.#question?.questionId) return;
    this.#isOpen = false;
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
    this.#show("question", ["next", "lock", "end"], "The question is closed");
  }

  #showTexts(texts) {
    byId("options").replaceChildren(
      ...texts.map(({ text, count }) =>
        element("li", { class: "text-answer" }, element("span", { class: "option", dir: "auto" }, text), formatNumber(count)),
      ),
    );
  }

  showEnd() {
    this.#hasEnded = true;
    this.#isOpen = false;
    this.#countdown.stop();
    byId("join-box").hidden = true;
    byId("locked-hint").hidden = true;
    renderPodium(byId("podium"), this.#entries);
    this.#show("results", ["report", "back"], "The session has ended");
    announce("The session has ended");
  }

  // The list of players, which is the leaderboard between the questions

  /** A fetched report never replaces a pushed board: it may be older. */
  showFetched({ players, questions }) {
    if (this.#boardVersion < 0) this.#setBoard(players, players.length);
    const open = questions?.find(({ questionId }) => questionId === this.#question?.questionId);
    if (open && byId("answered").textContent === "") setText("answered", `${plural(open.answered, "answer")} so far`);
    if (this.#isProgressKnown || !questions) return;
    this.#showFinished(players.filter(({ answers }) => answers.length >= questions.length).length);
  }

  showBoard(entries, { version, players }) {
    if (version < this.#boardVersion) return;
    this.#boardVersion = version;
    // The event has the first lines; the others stay as they were until they are fetched.
    const known = new Set(entries.map(({ userId }) => userId));
    const others = players > entries.length ? this.#entries.filter(({ userId }) => !known.has(userId)) : [];
    this.#setBoard([...entries, ...others.slice(0, players - entries.length)], players);
    if (players > entries.length) this.#completeBoard();
  }

  /** Every player is in the list, not the first hundred only: each can be removed. A board that changes meanwhile is fetched again. */
  async #completeBoard() {
    this.#isIncomplete = true;
    if (this.#isFetching) return;
    this.#isFetching = true;
    while (this.#isIncomplete) {
      this.#isIncomplete = false;
      const board = await this.#fetchBoard();
      if (board && board.summary.version >= this.#boardVersion) this.#setBoard(board.entries, board.summary.players);
      else if (board) this.#isIncomplete = true;
      await new Promise((resolve) => setTimeout(resolve, boardIntervalMs));
    }
    this.#isFetching = false;
  }

  #setBoard(entries, players) {
    this.#entries = entries;
    this.#players = players;
    setText("player-count", formatNumber(players));
    setText("player-word", players === 1 ? "player" : "players");
    this.#showFinished(this.#finished);
    if (this.#hasEnded) renderPodium(byId("podium"), entries);
    this.#drawBoard();
  }

  /** While a question is open the list has names only, in the order of the alphabet: who leads is shown when it is closed. */
  #drawBoard() {
    const isSecret = this.#isOpen || byId("view-session").dataset.part === "lobby";
    const wanted = byId("player-filter").value.trim().toLowerCase();
    const found = this.#entries.filter(({ username }) => username.toLowerCase().includes(wanted));
    if (this.#isOpen) found.sort((one, other) => one.username.localeCompare(other.username) || (one.userId < other.userId ? -1 : 1));
    const hadFocus = byId("board").contains(document.activeElement) ? document.activeElement.closest("li").dataset.user : null;
    setText("board-title", isSecret ? "Players" : "Leaderboard");
    byId("side").classList.toggle("names-only", isSecret);
    renderLeaderboard(byId("board"), found, { limit: maximumLines, onRemove: this.#hasEnded ? null : this.#onRemove, away: this.#away });
    if (this.isResting) this.#showResting();
    // The line is drawn anew while somebody may be about to press its button by the keyboard.
    if (hadFocus && !byId("board").contains(document.activeElement)) byId("board").querySelector(`[data-user="${CSS.escape(hadFocus)}"] button`)?.focus({ preventScroll: true });
    byId("player-filter").hidden = this.#players <= 20 && wanted === "";
    setText("board-rest", this.#describeRest(found.length, wanted));
    const away = this.#entries.filter(({ userId }) => this.#away.has(userId)).length;
    setText("away-count", this.#hasEnded ? "" : awayText(away, this.#away.size));
  }

  #describeRest(found, wanted) {
    if (this.#players === 0) return "Nobody has joined yet.";
    if (found === 0 && wanted !== "") return "Nobody has this name.";
    const rest = (wanted === "" ? this.#players : found) - Math.min(found, maximumLines);
    return rest > 0 ? `and ${plural(rest, "other")}: find them by their name` : "";
  }
}

/** "123 456": easier to read from the last row. */
function spaced(code) {
  return code?.replace(/(\d{3})(\d{3})/, "$1\u2009$2") ?? "";
}
