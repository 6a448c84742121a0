/** The page's one connection: requests, the banner that says how it stands, and signing in. */

import { io } from "/dunlin.js";
import { byId, element, memory, nameOf, onSubmit, setText, showError, showView } from "/page.js";

/** The name of a field in a refusal, and its label in the form. */
const labels = {
  nickname: "The name",
  content: "The message",
  roomId: "The room’s name",
  joinCode: "The code",
  answer: "The answer",
  token: "The access token",
  sessionId: "The session",
  quizId: "The quiz",
  userId: "The player",
  questionId: "The question",
  "settings.questionDurationMs": "Seconds per question",
  "settings.advanceDelayMs": "Seconds before the next question",
  "settings.leadInMs": "Seconds before the first question",
  "settings.extraTime": "Extra time",
  "settings.pace": "Pace",
  "settings.autoAdvance": "Advance automatically",
  "settings.revealAnswers": "Results only after the close",
};

/** A refusal's message in the words of the form: its labels for the fields, seconds where the field asks for seconds. */
export function inWordsOfTheForm(message) {
  return message.replace(/^Validation error: /, "").replace(/^"([\w.]+)"(.*)$/s, (whole, field, rest) => {
    const label = labels[field] ?? `“${field}”`;
    return label + (field.endsWith("Ms") ? rest.replace(/\d+/g, (ms) => ms / 1000).replace("a whole number", "a number") : rest);
  });
}

/** The server's refusal: `code`, `message` and perhaps `retryAfterMs`. */
export class Refusal extends Error {
  constructor({ code = "internal", message = "The server refused the request", retryAfterMs } = {}) {
    super(inWordsOfTheForm(message));
    Object.assign(this, { code, retryAfterMs });
  }
}

/** Sends a request and returns the acknowledgement's body. @throws Refusal, or an Error when no answer came. */
export async function request(socket, event, payload = {}, timeoutMs = 10_000) {
  if (!socket.connected) throw new Error("There is no connection to the server");
  let answer;
  try {
    answer = await socket.timeout(timeoutMs).emitWithAck(event, payload);
  } catch {
    throw new Error("The server did not answer");
  }
  if (answer?.ok !== true) throw new Refusal(answer?.error);
  return answer;
}

/** True if the same request may succeed later. */
export const isPassing = (error) => !(error instanceof Refusal) || error.code === "unavailable" || error.code === "rate_limited";

/**
 * Opens the connection and keeps the banner true. `onReady` runs at every connect and may ask the server for the page's place back;
 * only when it is done the banner says "Connected". `onRefused` gets the server's refusal of the connection.
 */
export function openConnection({ auth, onReady, onRefused }) {
  const socket = io({ auth, autoConnect: false });
  let retryAt = 0;
  let ticking = null;

  const show = (state, text, action) => {
    clearInterval(ticking);
    document.documentElement.dataset.connection = state;
    setText("connection-state", state === "up" ? "Connected" : state === "down" ? "Not connected" : "Connecting");
    const bar = byId("connection-bar");
    bar.hidden = state === "up" || !text;
    byId("connection-action").hidden = !action;
    setText("connection-text", text ?? "");
    if (action) setText("connection-action", action);
  };

  const getReady = async () => {
    const id = socket.id;
    show("connecting", "Connected. Finding your place…");
    try {
      await onReady?.(socket);
      if (socket.id === id) show("up");
    } catch (error) {
      if (socket.id !== id) return;
      show("connecting", `${error.message}. Trying again…`);
      setTimeout(() => socket.id === id && getReady(), error.retryAfterMs ?? 2_000);
    }
  };

  socket.on("connect", getReady);
  socket.on("disconnect", (reason) => {
    if (!socket.active && reason !== "io client disconnect") show("down", "The server closed the connection.", "Connect again");
  });
  socket.on("connect_error", (error) => {
    if (socket.active) return;
    show("down", error.message, "Try again");
    onRefused?.(error);
  });
  socket.io.on("reconnect_scheduled", (delay) => {
    retryAt = Date.now() + delay;
    const say = () => setText("connection-text", `No connection. Trying again in ${Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))} s.`);
    show("down", "No connection.", "Try now");
    say();
    ticking = setInterval(say, 500);
  });
  socket.io.on("reconnect_attempt", () => show("down", "No connection. Trying…"));
  byId("connection-action").addEventListener("click", () => {
    show("down", "No connection. Trying…");
    socket.connect();
  });

  show("connecting");
  socket.connect();
  return socket;
}

/**
 * The access token, kept twice. `sessionStorage` has this tab's own, so that two tabs may be two people. `localStorage` has the last one, so
 * that it survives a closed tab: phones close tabs at will, and a teacher whose tab is gone must get back to a running quiz. Only scripts
 * of this server can read it (see the Content-Security-Policy), it lasts no longer than its expiry or revocation, and signing out forgets
 * it. The players' page has a place of its own: a teacher who opens the join link in a second tab plays as a guest, not as the teacher.
 */
const tokenPlace = ["/", "/index.html"].includes(location.pathname) ? "token.player" : "token.account";

/** The access token that this tab knows, or that was used last. */
export const knownToken = () => memory.get("token") ?? memory.get(tokenPlace, localStorage);

/** Remembers it; null forgets it, here and for tabs to come. */
export function rememberToken(token) {
  memory.set("token", token);
  memory.set(tokenPlace, token, localStorage);
}

/** The part of the address behind `#`: `token`, and parameters of the page. It is a secret, so it is wiped from the address. */
export const fragment = new URLSearchParams(location.hash.slice(1));
if (fragment.has("token")) {
  rememberToken(fragment.get("token"));
  history.replaceState(null, "", location.pathname + location.search);
}
// Another link, opened in the same tab: browsers do not load the page again for what is behind the `#`.
addEventListener("hashchange", () => location.hash.includes("token=") && location.reload());

/**
 * For pages of signed-in users: asks for a token if there is none, and calls `onReady(socket, user)` at every connect.
 * @returns a function that returns the socket, once there is one.
 */
export function signIn({ onReady }) {
  let socket = null;
  const form = byId("sign-in");

  const ask = (error = null) => {
    rememberToken(null);
    setText("connection-state", "Signed out");
    byId("connection-bar").hidden = true;
    showView("sign-in");
    showError(form, error);
  };
  const connect = () => {
    socket ??= openConnection({
      auth: (pass) => pass({ token: knownToken() }),
      onReady: async () => {
        let user;
        try {
          user = await request(socket, "auth", { token: knownToken() });
        } catch (error) {
          if (isPassing(error)) throw error;
          socket.disconnect();
          return ask(error);
        }
        byId("account").replaceChildren(
          element("span", { class: "name" }, nameOf(user.username)),
          element("button", { class: "quiet small", type: "button", onclick: signOut }, "Sign out"),
        );
        await onReady(socket, user);
      },
      onRefused: ask,
    });
    if (!socket.active) socket.connect();
  };

  onSubmit(form, ({ token }) => {
    if (!token.trim()) throw new Error("Enter a token");
    rememberToken(token.trim());
    connect();
  });
  if (knownToken()) connect();
  else ask();
  return () => socket;
}

/** Forgets who one is, in this tab and for tabs to come. */
export function signOut() {
  rememberToken(null);
  location.reload();
}

/** Calls the HTTP API as the signed-in user. @throws Error with the server's message. */
export async function api(path, options = {}) {
  const response = await fetch(`/api/v1${path}`, { ...options, headers: { authorization: `Bearer ${knownToken()}` } });
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw new Error(body?.error?.message ?? body?.message ?? `The server answered with ${response.status}`);
}
