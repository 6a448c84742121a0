/** The host's page: pick a quiz, gather players, lead through the questions, take the report home. */

import { Refusal, api, fragment, isPassing, request, signIn, signOut } from "/connection.js";
import { HostStage, restMs } from "/host-stage.js";
import { byId, element, isolated, memory, nameOf, plural, setText, showView } from "/page.js";

/** The session on the screen, {sessionId}: the link's, or the one that this tab remembers. */
let hosted = fragment.has("session") ? { sessionId: fragment.get("session") } : memory.get("hosted");
/** Where players find the classroom, as the server knows it: {publicUrl, networkUrl}. */
let classroom = null;
const stage = new HostStage({ onRemove: remove, fetchBoard });
const socket = signIn({ onReady: takePlace });

async function takePlace(socket, user) {
  const may = (permission) => user.permissions.includes(permission);
  if (!may("quiz:create") && !may("quiz:manage")) return refuseStudent(user);
  listen(socket);
  byId("settings").hidden = byId("quizzes").hidden = !may("quiz:create");
  await learnDefaults();
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

/** Signed in, but not as somebody who hosts: an empty library would not say why. */
function refuseStudent({ username, role }) {
  byId("not-host-reason").replaceChildren("You are signed in as ", nameOf(username), `, a ${role}. Hosting a quiz needs the account of an instructor.`);
  showView("not-host");
}

byId("other-account").addEventListener("click", signOut);

function remember(session) {
  hosted = session;
  memory.set("hosted", session);
}

function showProblem(place, error) {
  setText(place, error?.message ?? "");
}

// The defaults of the server, for fields that the host leaves as they are

async function learnDefaults() {
  if (classroom) return;
  classroom = await list("/classroom").catch(() => null);
  if (!classroom) return;
  const { questionDurationMs, advanceDelayMs, autoAdvance, pace } = classroom.sessionDefaults;
  const form = byId("settings").elements;
  form.seconds.value = questionDurationMs / 1000;
  form.delay.value = advanceDelayMs / 1000;
  form.autoAdvance.checked = autoAdvance;
  form.pace.value = pace;
  fitSettings();
}

/** The delay matters only where questions follow by themselves. */
function fitSettings() {
  const form = byId("settings").elements;
  byId("delay-field").hidden = !form.autoAdvance.checked || form.pace.value === "self";
}

byId("settings").addEventListener("change", fitSettings);
byId("settings").addEventListener("submit", (event) => event.preventDefault());

/** The address for players: what the operator says, or the one in the bar above unless only this machine finds it there. */
function joinAddress() {
  const isLocal = /^(localhost|127\..*|\[?::1\]?|0\.0\.0\.0)$/.test(location.hostname);
  return classroom?.publicUrl ?? (isLocal ? classroom?.networkUrl : null) ?? location.origin;
}

// The library

async function showLibrary() {
  const [quizzes, running] = await Promise.all([all("quizzes"), runningSessions()]);
  byId("quizzes").replaceChildren(...quizzes.map((quiz) => quizCard(quiz)));
  byId("no-quizzes").hidden = quizzes.length > 0;
  byId("running-list").replaceChildren(...running.map((session) => sessionCard(session)));
  byId("running").hidden = running.length === 0;
  showView("library");
}

async function list(path) {
  return (await api(path)).json();
}

/** All parts of a list, up to a thousand entries; `filter` has more parameters of the query. */
async function all(name, filter = {}) {
  const entries = [];
  for (let offset = 0; offset !== undefined && entries.length < 1000; ) {
    const part = await list(`/${name}?${new URLSearchParams({ ...filter, offset })}`);
    entries.push(...part[name]);
    offset = part.next;
  }
  return entries;
}

/** The newest first. Those that have ended may be any number: they are not asked for. */
async function runningSessions() {
  const sessions = await Promise.all([all("sessions", { status: "waiting" }), all("sessions", { status: "active" })]);
  return sessions.flat().sort((one, other) => other.createdAt - one.createdAt);
}

function card({ title, detail, action, label, run }) {
  const name = element("span", { class: "card-title", dir: "auto" }, title);
  const button = element("button", { type: "button", class: action === "host" ? "primary" : null, "aria-label": `${label}: ${isolated(title)}` }, label);
  button.addEventListener("click", (event) => press(event, "library-error", run));
  button.dataset.action = action;
  return element("li", { class: "card panel" }, name, element("span", { class: "hint" }, detail), button);
}

function quizCard({ id, title, questionCount }) {
  return card({ title, detail: plural(questionCount, "question"), action: "host", label: "Host", run: () => create(id) });
}

function sessionCard({ sessionId, title, status, joinCode }) {
  const detail = `${status === "waiting" ? "waiting for its start" : "being played"}, ${joinCode ? `code ${joinCode}` : sessionId}`;
  return card({ title: title ?? sessionId, detail, action: "resume", label: "Go back to it", run: () => open(sessionId) });
}

async function create(quizId) {
  const form = byId("settings").elements;
  const settings = {
    pace: form.pace.value,
    questionDurationMs: milliseconds(form.seconds, "Seconds per question"),
    autoAdvance: form.autoAdvance.checked,
    revealAnswers: form.afterClose.checked ? "afterClose" : "immediately",
  };
  if (!byId("delay-field").hidden) settings.advanceDelayMs = milliseconds(form.delay, "Seconds before the next question");
  const created = await request(socket(), "quiz:create_session", { quizId, settings });
  remember({ sessionId: created.sessionId });
  stage.open({ ...created, phase: "waiting", pace: settings.pace, players: 0, joinAddress: joinAddress() });
  showView("session");
}

/** The field's value in milliseconds. The server checks the range; it could not tell that the field holds no number. */
function milliseconds(field, label) {
  if (field.value.trim() === "" || Number.isNaN(field.valueAsNumber)) throw new Error(`${label} must be a number`);
  return Math.round(field.valueAsNumber * 1000);
}

/** Into a session of one's own as its host, wherever it stands. */
async function open(sessionId) {
  const snapshot = await request(socket(), "quiz:observe", { sessionId });
  if (snapshot.role !== "host") throw new Refusal({ code: "forbidden", message: "Somebody else hosts this session" });
  remember({ sessionId });
  stage.open({ ...snapshot, joinAddress: joinAddress() });
  showView("session");
  await fetchStanding();
}

/** The board and the count of answers come with their next change; who comes back wants them now. */
async function fetchStanding() {
  const { sessionId } = hosted;
  const report = await list(`/sessions/${sessionId}/report`).catch(() => null);
  if (report && hosted?.sessionId === sessionId) stage.showFetched(report);
}

/** The whole board: events have its first hundred lines. */
async function fetchBoard() {
  if (!hosted) return null;
  const { sessionId } = hosted;
  const board = await list(`/sessions/${sessionId}/leaderboard`).catch(() => null);
  return hosted?.sessionId === sessionId ? board : null;
}

// Leading

let isBusy = false;
let lastPressed = null;

/** Runs what a button asks for, once: the page's buttons rest meanwhile. A refusal is shown at `place`. */
async function press(event, place, action) {
  // The second click of a double click must not meet what took a button's place. A key goes to the focus, which stays away from such buttons;
  // but its second press must not take back what the first one did on the same button.
  const button = event.currentTarget;
  if (isBusy || (stage.isResting && (event.detail > 0 || button === lastPressed))) return;
  lastPressed = button;
  isBusy = true;
  stage.hold();
  const resting = [...document.querySelectorAll("main button")];
  for (const one of resting) one.setAttribute("aria-disabled", "true");
  showProblem(place, null);
  try {
    await action();
  } catch (error) {
    showProblem(place, error);
  } finally {
    isBusy = false;
    for (const one of resting) one.removeAttribute("aria-disabled");
    stage.rest();
  }
}

/** With the question on the screen: a command that was meant for it does not act on the next one. */
function command(event, payload = {}) {
  const questionId = stage.questionId;
  return request(socket(), event, { sessionId: hosted.sessionId, ...(questionId && { questionId }), ...payload });
}

/**
 * A player is removed whatever question is current. While the page asks, it hears nothing from the server: the next question may have opened, and
 * a command with the one on the screen would be refused.
 */
const removePlayer = (userId) => request(socket(), "quiz:kick", { sessionId: hosted.sessionId, userId });

const onPress = (id, action) => byId(id).addEventListener("click", (event) => press(event, "session-error", action));

async function remove(event, { userId, username }) {
  await press(event, "session-error", async () => {
    if (await isConfirmed(`Remove ${isolated(username)} from this session? They cannot come back.`)) await removePlayer(userId);
  });
}

/** Asks after a moment: the second press of the same key must not be the answer. */
async function isConfirmed(question) {
  await new Promise((resolve) => setTimeout(resolve, restMs));
  return confirm(question);
}

// A key that is held down presses a button once.
document.addEventListener("keydown", (event) => {
  if (event.repeat && event.target.closest?.("button")) event.preventDefault();
});

async function downloadReport() {
  const response = await api(`/sessions/${hosted.sessionId}/report.csv`);
  const address = URL.createObjectURL(await response.blob());
  element("a", { href: address, download: fileName(response) ?? `${hosted.sessionId}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function fileName(response) {
  const header = response.headers.get("content-disposition") ?? "";
  const [, encoded] = /filename\*=UTF-8''([^;]+)/.exec(header) ?? [];
  return encoded ? decodeURIComponent(encoded) : /filename="([^"]+)"/.exec(header)?.[1];
}

onPress("start", () => command("quiz:start"));
onPress("close", () => command("quiz:close"));
onPress("next", () => command("quiz:next"));
onPress("lock", async () => stage.showLock((await command("quiz:lock", { locked: !stage.isLocked })).locked));
onPress("report", downloadReport);
onPress("end", async () => {
  if (await isConfirmed("End the session for everybody?")) await command("quiz:end");
});
onPress("back", () => {
  remember(null);
  return showLibrary();
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
  onSession("quiz:locked", ({ locked }) => stage.showLock(locked));
  onSession("quiz:ended", () => stage.showEnd());
  socket.on("quiz:leaderboard", (entries, summary) => {
    // A host who also plays in another tab is told of that session on its own socket only, but boards carry their session.
    if (summary?.sessionId === hosted?.sessionId) stage.showBoard(entries, summary);
  });
}
