/** The player's page: code, name, lobby, questions, podium; and back to the same place after a refresh or a lost connection. */

import { Refusal, isPassing, knownToken, openConnection, rememberToken, request } from "/connection.js";
import { byId, deviceId, element, formatNumber, isolated, memory, onSubmit, plural, setText, showError, showView } from "/page.js";
import { QuestionView, outcome } from "/play-question.js";
import { countSeconds, ordinal, parseCode, renderLeaderboard, renderPodium } from "/quiz.js";

const link = new URLSearchParams(location.search);
const token = knownToken();
/** The place in a session: {sessionId, code, token, userId, username, isGuest}. Remembered by this tab. */
let seat = memory.get("seat");
let code = link.has("code") ? (parseCode(link.get("code")) ?? link.get("code")) : (seat?.code ?? "");
let pace = "live";
let entries = [];
/** The question on the screen: {question, answer, result, closed, isSending}. */
let current = {};
let stopLeadIn = () => {};

const view = new QuestionView(choose);
const socket = openConnection({ onReady: takePlace });

// Joining

function describeJoin() {
  if (link.has("session") && token) return { sessionId: link.get("session") };
  return /^\d{6}$/.test(code) ? { joinCode: code } : null;
}

/** Asks for a place. The browser's mark goes along: who was removed stays removed. */
function join(payload) {
  return request(socket, "quiz:join", { ...payload, deviceId: deviceId() });
}

/** At every connect: back to the own place if there is one, otherwise to the form that comes next. */
async function takePlace() {
  if (seat && link.has("code") && seat.code !== code) standUp();
  if (!seat) return token && describeJoin() ? joinSignedIn().catch(askForCode) : askForNext();
  try {
    settle(await join({ sessionId: seat.sessionId, token: seat.token }));
  } catch (error) {
    if (isPassing(error)) throw error;
    standUp();
    if (isRemoval(error)) showView("removed");
    else askForCode(new Error(error.code === "not_found" ? "That quiz is over" : error.message));
  }
}

/** Other refusals have the same code, such as that of an account that may not play. */
const isRemoval = (error) => error.code === "forbidden" && error.message.startsWith("You were removed");

function askForNext() {
  if (!describeJoin()) return askForCode();
  offerToComeBack("come-back", (before) => before.code === code);
  showView("name");
}

function askForCode(error = null) {
  byId("code").value = code;
  offerToComeBack("come-back-code", (before) => !code || before.code === code);
  showView("code");
  showError(byId("code-form"), error);
}

/** A guest's token outlives the tab, which phones close at will; it is offered and not used by itself, as others may have the device now. */
function offerToComeBack(button, fits) {
  const before = memory.get("guest", localStorage);
  byId(button).hidden = !before || !fits(before);
  setText(button, `Come back as ${isolated(before?.username ?? "")}`);
}

async function joinSignedIn() {
  const snapshot = await join({ ...describeJoin(), token });
  sitDown(snapshot, { token, isGuest: false });
}

function sitDown(snapshot, { token, isGuest }) {
  const { userId, username } = snapshot.you;
  remember({ sessionId: snapshot.sessionId, code, token, userId, username, isGuest });
  if (isGuest) memory.set("guest", seat, localStorage);
  settle(snapshot);
}

function remember(place) {
  seat = place;
  memory.set("seat", place);
}

/** Gives the place up. Nothing of its session goes on behind the view that comes next. */
function standUp() {
  remember(null);
  stopLeadIn();
  view.stop();
  current = {};
}

onSubmit(byId("code-form"), async (values) => {
  const typed = parseCode(values.code);
  if (!typed) throw new Error("The code has six digits");
  code = typed;
  byId("code").value = code;
  if (token) await joinSignedIn();
  else askForNext();
});

onSubmit(byId("name-form"), async ({ nickname }) => {
  if (!nickname.trim()) throw new Error("Enter a name");
  try {
    const snapshot = await join({ joinCode: code, nickname: nickname.trim() });
    sitDown(snapshot, { token: snapshot.you.token, isGuest: true });
  } catch (error) {
    if (error.code === "not_found") return askForCode(new Error("No quiz with this code is running"));
    throw error;
  }
});

async function comeBack(form) {
  const before = memory.get("guest", localStorage);
  // Another tab has forgotten it meanwhile: the guest was removed there.
  if (!before) return askForCode();
  try {
    code = before.code;
    sitDown(await join({ sessionId: before.sessionId, token: before.token }), { token: before.token, isGuest: true });
  } catch (error) {
    if (!isPassing(error)) memory.set("guest", null, localStorage);
    showError(form, error.code === "not_found" ? new Error("That quiz is over") : error);
  }
}

byId("come-back").addEventListener("click", () => comeBack(byId("name-form")));
byId("come-back-code").addEventListener("click", () => comeBack(byId("code-form")));
byId("other-code").addEventListener("click", () => askForCode());

async function leave() {
  if (socket.connected) socket.emit("quiz:leave", { sessionId: seat.sessionId });
  startOver();
}

/** Without the link's code or session: they would lead back to the same quiz. */
function startOver() {
  standUp();
  location.href = "/";
}

document.querySelector(".leave").addEventListener("click", leave);
byId("play-again").addEventListener("click", startOver);
byId("removed-ok").addEventListener("click", startOver);

if (token) {
  const playAsGuest = () => {
    rememberToken(null);
    startOver();
  };
  byId("account").append(element("button", { class: "quiet small", type: "button", onclick: playAsGuest }, "Play as a guest"));
}

// Playing

/** Shows where the session stands: after joining, a refresh, a reconnect. */
function settle(snapshot) {
  pace = snapshot.pace;
  setText("lobby-name", seat.username);
  setText("lobby-title", snapshot.title);
  setText("score", formatNumber(snapshot.you.score));
  const known = memory.get("choice");
  const isOwn = known?.sessionId === seat.sessionId;
  const isCurrent = isOwn && known.questionId === snapshot.question?.questionId;
  if (isOwn && !isCurrent && !known.isConfirmed) sendBelated(known);
  if (snapshot.phase === "ended") return showEnd(snapshot.you);
  if (snapshot.phase === "leadIn") return showLeadIn(snapshot.startsInMs);
  if (!snapshot.question) return showLobby(snapshot);
  showQuestion(snapshot.question, isCurrent ? known.answer : undefined);
  if (snapshot.answer) {
    confirmChoice(snapshot.answer);
    current.result = snapshot.answer;
    view.lock(current.answer);
    view.showResult(snapshot.answer);
  }
  if (snapshot.closed) showClosed(snapshot.closed);
  else if (!snapshot.answer && current.answer !== undefined) send();
}

/**
 * Sends an answer that was given without a connection to a question that is gone. Only the server knows whether it counts: it may have arrived
 * although its result did not come back. The player is told the outcome.
 */
async function sendBelated({ sessionId, questionId, answer, number }) {
  const which = number ? `question ${number}` : "the last question";
  try {
    await request(socket, "quiz:answer", { sessionId, questionId, answer });
    confirmChoice({ questionId });
  } catch (error) {
    if (isPassing(error)) return;
    confirmChoice({ questionId });
    notify(error.code === "closed" ? `Your answer to ${which} came too late and does not count.` : `Your answer to ${which} does not count: ${error.message}.`);
  }
}

/** The server has it, or has refused it for good. */
function confirmChoice({ questionId }) {
  const known = memory.get("choice");
  if (known?.questionId === questionId) memory.set("choice", { ...known, isConfirmed: true });
}

/** Stays until it was read, whatever else is shown. */
function notify(text) {
  setText("notice-text", text);
  byId("notice").hidden = false;
}

byId("notice-ok").addEventListener("click", () => (byId("notice").hidden = true));

function showLobby({ phase, questionCount }) {
  stopLeadIn();
  view.stop();
  const isDone = phase === "open";
  setText("lobby-state", isDone ? "You have answered everything. Wait for the host to end the quiz." : "Waiting for the host to start.");
  setText("lobby-players", plural(questionCount, "question"));
  showView("lobby");
}

function showLeadIn(startsInMs = 0) {
  stopLeadIn();
  view.stop();
  stopLeadIn = countSeconds(startsInMs, (seconds) => {
    setText("lobby-state", seconds > 0 ? `Get ready! It starts in ${seconds}…` : "Here it comes…");
  });
  showView("lobby");
}

function showQuestion(question, answer) {
  stopLeadIn();
  const previous = pace === "self" && current.result && !current.result.pending ? outcome(current.result) : null;
  current = { question, answer };
  view.show(question, { onOver: sayBonusIsOver, endsWithTime: pace !== "self" });
  if (previous) view.say(`Your last answer: ${previous[0]}`, previous[1]);
  if (answer !== undefined) view.lock(answer);
}

/** At one's own pace a question stays open; only the bonus for speed runs out. */
function sayBonusIsOver() {
  if (pace === "self" && current.answer === undefined) view.say("No bonus any more, but you can still answer.");
}

function choose(answer) {
  if (!seat || !current.question || current.answer !== undefined || current.closed) return;
  current.answer = answer;
  const { questionId, questionNumber } = current.question;
  memory.set("choice", { sessionId: seat.sessionId, questionId, answer, number: questionNumber });
  view.lock(answer);
  send();
}

/** Sends the chosen answer until the server has it; it counts the first one only, however often it comes. */
async function send() {
  const shown = current;
  const { question, answer } = shown;
  const isShown = () => current === shown;
  view.say("Sending…", "locked");
  shown.isSending = true;
  try {
    const result = await request(socket, "quiz:answer", { sessionId: seat.sessionId, questionId: question.questionId, answer }, 5_000);
    confirmChoice(result);
    showResult(result);
  } catch (error) {
    shown.isSending = false;
    if (error instanceof Refusal && !isPassing(error)) return refuse(error, shown);
    if (!isShown() || shown.result) return;
    if (shown.closed) return showClosed(shown.closed);
    view.say("Not sent yet. It goes out as soon as the server can be reached.", "locked");
    if (socket.connected) setTimeout(() => isShown() && !shown.closed && !shown.result && socket.connected && send(), error.retryAfterMs ?? 1_000);
    // Otherwise the rejoin sends it.
  }
}

function refuse(error, refused) {
  const isLate = error.code === "closed";
  if (error.code !== "invalid") confirmChoice(refused.question);
  if (current !== refused) {
    const which = `question ${refused.question.questionNumber}`;
    if (isLate) notify(`Your answer to ${which} came too late and does not count.`);
    return;
  }
  if (refused.closed) return showClosed(refused.closed);
  view.say(isLate ? "Your answer came too late and does not count." : error.message, "bad");
  if (error.code !== "invalid") return;
  if (error.message.includes("pattern")) view.say("An answer may not contain < or >.", "bad");
  current.answer = undefined;
  memory.set("choice", null);
  view.unlock();
}

function showResult(result) {
  if (result.questionId !== current.question?.questionId) return;
  confirmChoice(result);
  current.result = result;
  view.lock(current.answer);
  if (current.closed && !result.pending) return showClosed(current.closed);
  view.showResult(result);
  const isLast = current.question.questionNumber === current.question.questionCount;
  if (pace === "self" && isLast) byId("outcome").append(" That was the last question.");
}

function showClosed(closed) {
  if (closed.questionId !== current.question?.questionId) return;
  current.closed = closed;
  view.showClosed(closed, current);
  view.showBoard(entries, seat.userId);
}

function showEnd(you) {
  if (view.unsent !== undefined && current.answer === undefined && !current.closed) notify("The quiz ended before you sent your last answer.");
  stopLeadIn();
  view.stop();
  const own = you && `You finished in ${ordinal(you.rank)} place with ${plural(you.score, "point")}.`;
  setText("ended-own", own ?? "");
  const kept = memory.get("board");
  if (entries.length === 0 && kept?.sessionId === seat.sessionId) entries = kept.entries;
  showBoards();
  showView("ended");
}

function showBoards() {
  renderPodium(byId("podium"), entries);
  renderLeaderboard(byId("final-board"), entries, { ownId: seat.userId, limit: 10 });
}

// Events from the server

/** Runs for events of the own session only. */
function onSession(event, listener) {
  socket.on(event, (payload) => seat && payload?.sessionId === seat.sessionId && listener(payload));
}

onSession("quiz:started", ({ startsInMs }) => showLeadIn(startsInMs));
onSession("quiz:question", (question) => showQuestion(question));
onSession("quiz:answer:result", showResult);
onSession("quiz:question:closed", showClosed);
onSession("quiz:ended", ({ you }) => showEnd(you));
onSession("quiz:kicked", ({ userId }) => {
  if (userId !== seat.userId) return;
  standUp();
  memory.set("guest", null, localStorage);
  showView("removed");
});
socket.on("quiz:leaderboard", (board, summary) => {
  if (!seat || summary?.sessionId !== seat.sessionId) return;
  entries = board;
  memory.set("board", { sessionId: seat.sessionId, entries: entries.slice(0, 10) });
  setText("lobby-players", plural(summary.players, "player"));
  view.showBoard(entries, seat.userId);
  if (!byId("view-ended").hidden) showBoards();
});
