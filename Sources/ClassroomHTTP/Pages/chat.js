/** The chat's page: one room at a time, its messages in the order of their sequence numbers. */

import { fragment, isPassing, request, signIn } from "/connection.js";
import { byId, element, memory, nameOf, onSubmit, setText, showError, showView, timeOf } from "/page.js";

/** As many as the page keeps; older ones are taken off the top. */
const maximumShown = 500;

let room = fragment.get("room") ?? new URLSearchParams(location.search).get("room") ?? memory.get("room");
let user = null;
let isListening = false;
/** clientId → list item of a message that the server has not confirmed. */
const unconfirmed = new Map();
/** userId → username of everybody who was met in the room: the server tells who is there at joining only. */
let met = new Map();
const list = byId("messages");
const log = byId("log");
const composer = byId("composer");
const socket = signIn({ onReady: takePlace });

async function takePlace(socket, signedIn) {
  user = signedIn;
  if (!isListening) socket.on("chat:message", receive);
  isListening = true;
  if (!room) return showView("room");
  try {
    await join(room);
  } catch (error) {
    if (isPassing(error)) throw error;
    byId("room").value = room;
    room = null;
    showView("room");
    showError(byId("room-form"), error);
  }
}

async function join(roomId) {
  const { history, members } = await request(socket(), "chat:join", { roomId });
  if (list.dataset.room !== roomId) {
    list.replaceChildren();
    unconfirmed.clear();
    met = new Map();
  }
  list.dataset.room = roomId;
  room = roomId;
  memory.set("room", room);
  setText("room-name", roomId);
  showError(composer, null);
  meet(members);
  showView("chat");
  const newest = Number([...list.children].findLast((item) => item.dataset.sequence)?.dataset.sequence ?? 0);
  // Away for longer than the history is: what is shown would lack messages in its middle.
  if (history.length > 0 && history[0].sequence > newest + 1) list.replaceChildren(...unconfirmed.values());
  history.forEach(place);
  log.scrollTop = log.scrollHeight;
}

onSubmit(byId("room-form"), async ({ room }) => {
  if (!room.trim()) throw new Error("Enter a room's name");
  await join(room.trim());
});

byId("leave").addEventListener("click", async () => {
  await request(socket(), "chat:leave", { roomId: room }).catch(() => {});
  room = null;
  memory.set("room", null);
  showView("room");
});

// Sending

onSubmit(
  composer,
  async ({ content }) => {
    if (!content.trim()) return;
    const message = { userId: user.userId, username: user.username, content, sentAt: Date.now(), clientId: newClientId() };
    const item = render(message);
    unconfirmed.set(message.clientId, item);
    list.append(item);
    log.scrollTop = log.scrollHeight;
    byId("content").value = "";
    fit(byId("content"));
    await send(message, item);
  },
  { allowsMany: true },
);

/** Until the server confirms it, the message stays marked; if it refuses, with a button to try again. */
async function send({ content, clientId }, item) {
  item.className = "message own unconfirmed";
  try {
    place(await request(socket(), "chat:message", { roomId: room, content, type: "text", clientId }));
  } catch (error) {
    // The echo or the history may show meanwhile that it was stored all the same.
    if (!unconfirmed.has(clientId)) return;
    if (!isPassing(error)) {
      // It would be refused again: the text goes back to where it can be corrected.
      takeBack(content, item);
      unconfirmed.delete(clientId);
      throw error;
    }
    const again = () => {
      button.remove();
      byId("content").focus();
      showError(composer, null);
      send({ content, clientId }, item).catch((reason) => showError(composer, reason));
    };
    const button = element("button", { type: "button", class: "small", onclick: again }, "Not sent. Send again");
    item.append(button);
    item.scrollIntoView({ block: "nearest" });
    throw error;
  }
}

function takeBack(content, item) {
  const field = byId("content");
  item.remove();
  field.value = [content, field.value].filter(Boolean).join("\n");
  fit(field);
}

const newClientId = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

byId("content").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});
byId("content").addEventListener("input", (event) => fit(event.target));

/** As high as its lines, up to the style sheet's maximum. */
function fit(field) {
  field.style.setProperty("height", "auto");
  field.style.setProperty("height", `${field.scrollHeight + 2}px`);
}

// Showing

function receive(message) {
  if (message?.roomId !== room) return;
  place(message);
  meet([message]);
}

/** The list is drawn when somebody is new in it, not once per member and message: a room may have hundreds. */
function meet(people) {
  const unknown = people.filter(({ userId, username }) => met.get(userId) !== username);
  if (unknown.length === 0) return;
  for (const { userId, username } of unknown) met.set(userId, username);
  byId("members").replaceChildren("Seen here: ", ...[...met.values()].flatMap((name, index) => [index > 0 ? ", " : "", nameOf(name)]));
}

/** At its place in the order; a message that is there already stays once. */
function place(message) {
  if (typeof message?.sequence !== "number" || message.roomId !== list.dataset.room) return;
  unconfirmed.get(message.clientId)?.remove();
  unconfirmed.delete(message.clientId);
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const numbered = [...list.children].filter((item) => item.dataset.sequence);
  const before = numbered.findLast((item) => Number(item.dataset.sequence) <= message.sequence);
  if (before && Number(before.dataset.sequence) === message.sequence) return;
  const item = render(message);
  item.dataset.sequence = message.sequence;
  if (before) before.after(item);
  else list.prepend(item);
  while (list.children.length > maximumShown) list.firstChild.remove();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function render({ userId, username, content, sentAt }) {
  return element(
    "li",
    { class: userId === user.userId ? "message own" : "message" },
    element(
      "span",
      { class: "byline" },
      element("strong", {}, nameOf(username)),
      timeOf(sentAt),
    ),
    element("span", { class: "content", dir: "auto" }, content),
  );
}
