/** The host's page: pick a quiz, gather players, lead through the questions, take the report home. */

import { Refusal, api, fragment, isPassing, request, signIn } from "/connection.js";
import { HostStage } from "/host-stage.js";
import { byId, element, memory, plural, setText, showView } from "/page.js";

/** The session on the screen, {sessionId}: the link's, or the one that this tab remembers. */
let hosted = fragment.has("session") ? { sessionId: fragment.get("session") } : memory.get("hosted");
let user = null;
const stage = new HostStage({ onRemove: remove });
const socket = signIn({ onReady: takePlace });

async function takePlace(socket, signedIn) {
  user = signedIn;
  listen(socket);
  if (!hosted) return showLibrary();
  try {
    await open(hosted.sessionId);
  } catch (error) {
    if (isPassing(error)) throw error;
    remember(null);
    await showLibrary();
    showProblem("library-error", error);
  }
}

function remember(session) {
  hosted = session;
  memory.set("hosted", session);
}

function showProblem(place, error) {
  setText(place, error?.message ?? "");
}

// The library

async function showLibrary() {
  const [{ quizzes }, running] = await Promise.all([list("/quizzes"), runningSessions()]);
  byId("quizzes").replaceChildren(...quizzes.map((quiz) => quizCard(quiz)));
  byId("no-quizzes").hidden = quizzes.length > 0;
  byId("running-list").replaceChildren(...running.map((session) => sessionCard(session)));
  byId("running").hidden = running.length === 0;
  showView("library");
}

async function list(path) {
  return (await api(path)).json();
}

async function runningSessions() {
  const { sessions } = await list("/sessions");
  return sessions.filter(({ status }) => status !== "ended");
}

function card({ title, detail, action, label, onclick }) {
  const name = element("span", { class: "card-title" }, title);
  const button = element("button", { type: "button", class: action === "host" ? "primary" : null, "aria-label": `${label}: ${title}`, onclick }, label);
  button.dataset.action = action;
  return element("li", { class: "card panel" }, name, element("span", { class: "hint" }, detail), button);
}

function quizCard({ id, title, questionCount }) {
  const onclick = () => attempt("library-error", () => create(id));
  return card({ title, detail: plural(questionCount, "question"), action: "host", label: "Host", onclick });
}

function sessionCard({ sessionId, title, status, joinCode }) {
  const detail = `${status === "waiting" ? "waiting for its start" : "being played"}, ${joinCode ? `code ${joinCode}` : sessionId}`;
  const onclick = () => attempt("library-error", () => open(sessionId));
  return card({ title: title ?? sessionId, detail, action: "resume", label: "Go back to it", onclick });
}

async function create(quizId) {
  const form = new FormData(byId("settings"));
  const settings = {
    pace: form.get("pace"),
    questionDurationMs: Math.round(Number(form.get("seconds")) * 1000),
    autoAdvance: form.has("autoAdvance"),
    revealAnswers: form.has("afterClose") ? "afterClose" : "immediately",
  };
  const created = await request(socket(), "quiz:create_session", { quizId, settings });
  remember({ sessionId: created.sessionId });
  stage.open({ ...created, phase: "waiting", pace: settings.pace, players: 0 });
  showView("session");
}

/** Into a session of one's own as its host, wherever it stands. */
async function open(sessionId) {
  const snapshot = await request(socket(), "quiz:observe", { sessionId });
  if (snapshot.role !== "host") throw new Refusal({ code: "forbidden", message: "Somebody else hosts this session" });
  remember({ sessionId });
  stage.open(snapshot);
  showView("session");
  await fetchStanding();
}

/** The board and the count of answers come with their next change; who comes back wants them now. */
async function fetchStanding() {
  const { sessionId } = hosted;
  const report = await list(`/sessions/${sessionId}/report`).catch(() => null);
  if (report && hosted?.sessionId === sessionId) stage.showFetched(report);
}

// Leading

/** Runs what a button asks for; a refusal is shown at `place`. */
async function attempt(place, action) {
  showProblem(place, null);
  try {
    await action();
  } catch (error) {
    showProblem(place, error);
  }
}

function command(event, payload = {}) {
  return attempt("session-error", () => request(socket(), event, { sessionId: hosted.sessionId, ...payload }));
}

function remove({ userId, username }) {
  if (confirm(`Remove ${username} from this session? They cannot come back.`)) command("quiz:kick", { userId });
}

async function downloadReport() {
  const response = await api(`/sessions/${hosted.sessionId}/report.csv`);
  const address = URL.createObjectURL(await response.blob());
  element("a", { href: address, download: `${hosted.sessionId}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

byId("start").addEventListener("click", () => command("quiz:start"));
byId("close").addEventListener("click", () => command("quiz:close"));
byId("next").addEventListener("click", () => command("quiz:next"));
byId("end").addEventListener("click", () => {
  if (confirm("End the session for everybody?")) command("quiz:end");
});
byId("report").addEventListener("click", () => attempt("session-error", downloadReport));
byId("back").addEventListener("click", () => {
  remember(null);
  attempt("session-error", showLibrary);
});

let isListening = false;

function listen(socket) {
  if (isListening) return;
  isListening = true;
  const onSession = (event, listener) => socket.on(event, (payload) => payload?.sessionId === hosted?.sessionId && listener(payload));
  onSession("quiz:started", (started) => stage.showLeadIn(started.startsInMs));
  onSession("quiz:question", (question) => stage.showQuestion(question));
  onSession("quiz:progress", (progress) => stage.showProgress(progress));
  onSession("quiz:question:closed", (closed) => stage.showClosed(closed));
  onSession("quiz:ended", () => stage.showEnd());
  socket.on("quiz:leaderboard", (entries, summary) => {
    // A host who also plays in another tab is told of that session on its own socket only, but boards carry their session.
    if (summary?.sessionId === hosted?.sessionId) stage.showBoard(entries, summary);
  });
}
