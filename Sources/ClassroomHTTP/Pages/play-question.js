/** A player's view of one question: choose, locked in, result, reveal. It knows nothing of the connection. */

import { Countdown, answerClass, correctText, gapText, isCorrect, ordinal, renderLeaderboard, shapeIcon } from "/quiz.js";
import { byId, element, formatNumber, isCode, isShown, onSubmit, setContent, setText, showView } from "/page.js";

/** The time before the end at which an unsent answer is sent, so that it arrives in time. */
const sendingMarginMs = 600;
/** Longer than a double tap takes: its second tap must not answer the question that took the place of the first one's. */
const restMs = 400;

export class QuestionView {
  #question = null;
  #isLocked = false;
  #isResting = false;
  #countdown = new Countdown(byId("seconds"), byId("time-bar"));
  #onChoose;

  /** `onChoose(answer)` gets an index, a list of indices or a text. */
  constructor(onChoose) {
    this.#onChoose = onChoose;
    onSubmit(byId("text-answer"), ({ text }) => {
      if (byId("text-value").readOnly) return;
      if (!text.trim()) throw new Error("Write an answer first");
      this.#onChoose(text.trim());
    });
    byId("lock-in").addEventListener("click", () => {
      const chosen = this.#pressed();
      if (chosen.length === 0) return this.say("Choose at least one answer first");
      this.#onChoose(chosen);
      // The button goes, and would take the focus along.
      byId("answers").children[chosen[0]].focus();
    });
    document.addEventListener("keydown", (event) => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, textarea, select")) return;
      // The second press of the same key must not answer the next question.
      if (this.#isResting) return;
      if (isShown("question") && /^[1-9]$/.test(event.key)) byId("answers").children[Number(event.key) - 1]?.click();
    });
  }

  /** `onOver` runs when the time is up. `endsWithTime`: the question closes then, and what stands there unsent is sent just before. */
  show(question, { onOver, endsWithTime } = {}) {
    const previous = this.#question;
    this.#question = question;
    this.#isLocked = this.#isResting = false;
    setText("question-number", `Question ${question.questionNumber} of ${question.questionCount}`);
    setContent("question-text", question.question);
    byId("answers").replaceChildren(...question.options.map((option, index) => this.#answerButton(option, index)));
    byId("answers").hidden = question.options.length === 0;
    byId("several").hidden = byId("lock-in").hidden = !question.multiple;
    const form = byId("text-answer");
    form.hidden = question.options.length > 0;
    form.reset();
    this.#lockText(false);
    byId("view-question").classList.remove("closed");
    byId("standing").hidden = true;
    byId("board-area").hidden = true;
    this.say("");
    const onNearEnd = endsWithTime ? () => this.#sendUnsent() : undefined;
    this.#countdown.start(question.remainingMs, question.durationMs, { onOver, onNearEnd, marginMs: sendingMarginMs });
    const alreadyThere = isShown("question");
    if (alreadyThere && previous && previous.questionId !== question.questionId) this.#rest();
    showView("question");
    const heading = byId("question-text");
    heading.tabIndex = -1;
    if (alreadyThere) heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  #rest() {
    const buttons = [...byId("answers").children];
    this.#isResting = true;
    for (const button of buttons) button.setAttribute("aria-disabled", "true");
    setTimeout(() => {
      this.#isResting = false;
      if (!this.#isLocked) for (const button of buttons) button.removeAttribute("aria-disabled");
    }, restMs);
  }

  #pressed() {
    return pressedIndices([...byId("answers").children]);
  }

  /** The typed text or the chosen options that were not sent; undefined if there are none. */
  get unsent() {
    if (!this.#question) return undefined;
    if (this.#question.options.length === 0) {
      const field = byId("text-value");
      return field.readOnly ? undefined : field.value.trim() || undefined;
    }
    if (!this.#question.multiple || byId("lock-in").hidden) return undefined;
    const chosen = this.#pressed();
    return chosen.length > 0 ? chosen : undefined;
  }

  #sendUnsent() {
    const answer = this.unsent;
    if (answer !== undefined) this.#onChoose(answer);
  }

  /** The answer stands until the server says otherwise: nothing else can be chosen. */
  lock(answer) {
    const buttons = [...byId("answers").children];
    this.#isLocked = true;
    byId("lock-in").hidden = true;
    buttons.forEach((button, index) => {
      // Not `disabled`: that would take the focus away, and the shape of what was chosen from a screen reader.
      button.setAttribute("aria-disabled", "true");
      button.setAttribute("aria-pressed", String(isChosen(answer, index)));
      button.classList.toggle("faded", !isChosen(answer, index));
    });
    this.#lockText(true);
    if (typeof answer === "string") byId("text-value").value = answer;
  }

  unlock() {
    this.#isLocked = false;
    for (const button of byId("answers").children) {
      button.removeAttribute("aria-disabled");
      button.setAttribute("aria-pressed", "false");
      button.classList.remove("faded");
    }
    byId("lock-in").hidden = !this.#question.multiple;
    this.#lockText(false);
  }

  /** Read-only rather than disabled, for the same reason as the buttons above. */
  #lockText(isLocked) {
    byId("text-value").readOnly = isLocked;
    byId("text-answer").querySelector("button").setAttribute("aria-disabled", String(isLocked));
  }

  say(text, tone = "") {
    setText("outcome", text);
    byId("outcome").className = `outcome ${tone}`;
  }

  showResult(result) {
    if (result.pending) return this.say("Locked in. The result comes when the question closes.", "locked");
    this.say(...outcome(result));
    setText("score", formatNumber(result.totalScore));
  }

  /** `isSending`: the answer is on its way, and its result may still come. */
  showClosed(closed, { answer, result, isSending }) {
    const wasUnsent = answer === undefined && this.unsent !== undefined;
    this.#countdown.finish();
    this.lock(answer);
    byId("view-question").classList.add("closed");
    byId("board-area").hidden = false;
    const correct = correctText(closed.correctAnswer, this.#question.options);
    [...byId("answers").children].forEach((button, index) => {
      const isRight = isCorrect(closed.correctAnswer, index, this.#question.options[index]);
      const isOwn = isChosen(answer, index);
      button.classList.toggle("faded", !isRight && !isOwn);
      button.classList.toggle("right", isRight);
      const mark = isRight ? "✓" : isOwn ? "✗" : "";
      button.querySelector(".mark").textContent = mark;
      button.querySelector(".verdict").textContent = isRight ? " (correct)" : isOwn ? " (your answer, wrong)" : "";
    });
    if (result && !result.pending) this.say(result.correct ? outcome(result)[0] : `Not this time. Correct: ${correct}`, outcome(result)[1]);
    else if (wasUnsent) this.say(`The question was closed before you sent your answer. Correct: ${correct}`, "bad");
    else if (answer === undefined) this.say(`The time is over. Correct: ${correct}`);
    else if (result || isSending) this.say(`Closed. Correct: ${correct}`);
    else this.say(`Your answer came too late and does not count. Correct: ${correct}`, "bad");
    if (!closed.you) return;
    setText("score", formatNumber(closed.you.score));
    setText("rank", `${ordinal(closed.you.rank)} place`);
    setText("rank-of", `of ${formatNumber(closed.you.players)}`);
    byId("standing").hidden = false;
  }

  showBoard(entries, ownId) {
    renderLeaderboard(byId("board"), entries, { ownId, limit: 5 });
    setText("gap", gapText(entries, ownId) ?? "");
  }

  stop() {
    this.#countdown.stop();
  }

  #answerButton(option, index) {
    const choose = (event) => {
      const button = event.currentTarget;
      const isKey = event.detail === 0;
      if (button.getAttribute("aria-disabled") === "true" && (this.#isLocked || !this.#isResting || !isKey)) return;
      if (!this.#question.multiple) return this.#onChoose(index);
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    };
    return element(
      "button",
      { type: "button", class: `answer ${answerClass(index)}`, "aria-pressed": "false", onclick: choose },
      shapeIcon(index),
      element("span", { class: isCode(option) ? "option code" : "option", dir: "auto" }, option, element("span", { class: "verdict for-screen-readers" })),
      index < 9 ? element("kbd", { "aria-hidden": "true" }, String(index + 1)) : null,
      element("span", { class: "mark", "aria-hidden": "true" }),
    );
  }
}

/** True if an answer, an index or a list of indices, includes this option. */
export const isChosen = (answer, index) => [answer].flat().includes(index);

const pressedIndices = (buttons) =>
  buttons.flatMap((button, index) => (button.getAttribute("aria-pressed") === "true" ? [index] : []));

export function outcome({ correct, score, timeBonus = 0 }) {
  if (!correct) return ["Not this time.", "bad"];
  const bonus = timeBonus > 0 ? ` (${formatNumber(timeBonus)} for speed)` : "";
  return [`Correct! +${formatNumber(score + timeBonus)} points${bonus}`, "good"];
}
