// The browser client against a link whose other end is the test. Run with `node --test Tests/BrowserTests/`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fakeSurroundings } from "./fake-surroundings.mjs";

// As text: without a package.json older versions of node do not take a .js file for a module.
const source = readFileSync(new URL("../../Sources/SocketIOServer/Browser/dunlin.js", import.meta.url), "utf8");
const { backoffDelay, decodePacket, encodePacket, io } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

/** A client in a world of its own, with everything that it tells the page. */
function client(options = {}, worldOptions = {}) {
  const world = fakeSurroundings(worldOptions);
  const socket = io(options.url, { ...world.options, ...options });
  const log = [];
  socket.on("connect", () => log.push("connect"));
  socket.on("disconnect", (reason) => log.push(`disconnect: ${reason}`));
  socket.on("connect_error", (error) => log.push(`connect_error: ${error.message}`));
  socket.io.on("reconnect_scheduled", (delay) => log.push(`again in ${delay}`));
  socket.io.on("reconnect_failed", () => log.push("failed"));
  return Object.assign(world, { socket, log });
}

function connectedClient(options, worldOptions) {
  const world = client(options, worldOptions);
  world.link.welcome();
  world.link.sent.length = 0;
  world.log.length = 0;
  return world;
}

/** Runs `body` and returns what was reported to the page as an uncaught error. */
function reportedErrors(body) {
  const reported = [];
  const before = globalThis.reportError;
  globalThis.reportError = (error) => reported.push(error.message);
  try {
    body();
  } finally {
    globalThis.reportError = before;
  }
  return reported;
}

test("the address is the page's own, the path the server's, the URL's path the namespace", () => {
  assert.equal(client().link.url, "ws://class.example:3001/socket.io/?EIO=4&transport=websocket");
  const other = client({ url: "https://other.example/room?a=b", path: "/live", query: { c: "d" } });
  assert.equal(other.link.url, "wss://other.example/live/?a=b&c=d&EIO=4&transport=websocket");
  other.link.say('0{"sid":"e","pingInterval":1000,"pingTimeout":1000}');
  assert.deepEqual(other.link.sent, ["40/room,"]);
  other.link.say('40/room,{"sid":"s"}');
  other.socket.emit("hello");
  const heard = [];
  other.socket.onAny((name) => heard.push(name));
  other.link.say('42/elsewhere,["theirs"]');
  other.link.say('42/room,["ours"]');
  assert.deepEqual(heard, ["ours"]);
  assert.deepEqual(other.link.sent, ["40/room,", '42/room,["hello"]']);
});

test("the handshake sends CONNECT with the auth object and gives the socket its id", () => {
  const { socket, link, log } = client({ auth: { token: "t" } });
  assert.equal(socket.connected, false);
  assert.equal(socket.active, true);
  link.welcome({ sid: "abc" });
  assert.deepEqual(link.sent, ['40{"token":"t"}']);
  assert.deepEqual(log, ["connect"]);
  assert.equal(socket.id, "abc");
});

test("an auth function is asked at every attempt", () => {
  let attempt = 0;
  const world = client({ auth: (pass) => pass({ attempt: ++attempt }) });
  world.link.welcome();
  world.link.drop();
  world.clock.advance(5_000);
  world.link.welcome();
  assert.deepEqual(world.links.map((link) => link.sent[0]), ['40{"attempt":1}', '40{"attempt":2}']);
});

test("events arrive with their arguments, once() only once, onAny() always", () => {
  const { socket, link } = connectedClient();
  const seen = [];
  socket.on("board", (...args) => seen.push(args));
  socket.once("board", () => seen.push("once"));
  socket.onAny((name) => seen.push(name));
  link.say('42["board",[{"rank":1}],{"version":2}]');
  link.say('42["board"]');
  assert.deepEqual(seen, ["board", [[{ rank: 1 }], { version: 2 }], "once", "board", []]);
});

test("a listener that was taken off is not called", () => {
  const { socket, link } = connectedClient();
  const seen = [];
  const listener = () => seen.push("a");
  socket.on("x", listener).on("x", () => seen.push("b"));
  socket.off("x", listener);
  link.say('42["x"]');
  socket.off("x");
  link.say('42["x"]');
  assert.deepEqual(seen, ["b"]);
});

test("an acknowledgement reaches its own callback", async () => {
  const { socket, link } = connectedClient();
  const answers = [];
  socket.emit("a", 1, (...args) => answers.push(args));
  const promise = socket.emitWithAck("b");
  assert.deepEqual(link.sent, ['420["a",1]', '421["b"]']);
  link.say('431[{"ok":true}]');
  link.say('430["x","y"]');
  link.say('430["again"]');
  link.say('4399["unknown id"]');
  assert.deepEqual(await promise, { ok: true });
  assert.deepEqual(answers, [["x", "y"]]);
});

test("the server's request is acknowledged once, and not on a later connection", () => {
  const world = connectedClient();
  let later;
  world.socket.on("q", (value, acknowledge) => {
    acknowledge(value, 2);
    acknowledge("twice");
  });
  world.socket.on("slow", (acknowledge) => (later = acknowledge));
  world.link.say('427["q",1]');
  world.link.say('428["slow"]');
  assert.deepEqual(world.link.sent, ["437[1,2]"]);
  world.link.drop();
  world.clock.advance(5_000);
  world.link.welcome();
  later();
  assert.deepEqual(world.link.sent, ["40"]);
});

test("timeout() rejects after its time, and a late acknowledgement is ignored", async () => {
  const { socket, link, clock } = connectedClient();
  const promise = socket.timeout(5_000).emitWithAck("a");
  clock.advance(4_999);
  clock.advance(1);
  link.say("430[1]");
  await assert.rejects(promise, /operation has timed out/);
});

test("an acknowledgement in time stops its timer", async () => {
  const { socket, link, clock } = connectedClient();
  const timersBefore = clock.pending;
  const promise = socket.timeout(5_000).emitWithAck("a");
  link.say("430[1]");
  assert.equal(await promise, 1);
  assert.equal(clock.pending, timersBefore);
});

test("a lost connection rejects what was not acknowledged", async () => {
  const { socket, link, clock } = connectedClient();
  const promise = socket.timeout(600_000).emitWithAck("a");
  link.drop();
  await assert.rejects(promise, /socket has been disconnected/);
  assert.equal(clock.pending, 1, "the next attempt's timer, and no other");
});

test("the backoff doubles from one second to five, with a deviation of up to a half", () => {
  const options = { reconnectionDelay: 1_000, reconnectionDelayMax: 5_000, randomizationFactor: 0.5 };
  const delays = (random) => [0, 1, 2, 3, 4, 5_000].map((attempt) => backoffDelay(attempt, options, () => random));
  assert.deepEqual(delays(0), [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  assert.deepEqual(delays(0.5), [1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  assert.deepEqual(delays(1), [1_500, 3_000, 5_000, 5_000, 5_000, 5_000]);
});

test("it tries again on the backoff's schedule, and starts over after a success", () => {
  const { links, clock, log } = client();
  for (const delay of [1_000, 2_000, 4_000, 5_000, 5_000]) {
    links.at(-1).fail();
    assert.equal(log.at(-1), `again in ${delay}`);
    const before = links.length;
    clock.advance(delay - 1);
    assert.equal(links.length, before);
    clock.advance(1);
    assert.equal(links.length, before + 1);
  }
  links.at(-1).welcome();
  links.at(-1).drop();
  assert.deepEqual(log.slice(-3), ["connect", "disconnect: transport close", "again in 1000"]);
});

test("it gives up after the allowed attempts", () => {
  const { socket, links, clock, log } = client({ reconnectionAttempts: 2 });
  for (let attempt = 0; attempt < 3; attempt++) {
    links.at(-1).fail();
    clock.advance(10_000);
  }
  assert.equal(links.length, 3);
  assert.equal(log.at(-1), "failed");
  assert.equal(socket.active, false);
  socket.connect();
  links.at(-1).fail();
  assert.equal(log.at(-1), "again in 1000", "asked again, it starts over");
});

test("no reconnect after the server disconnected the socket", () => {
  const { socket, link, links, clock, log } = connectedClient();
  link.say("41");
  clock.advance(60_000);
  assert.deepEqual(log, ["disconnect: io server disconnect"]);
  assert.equal(links.length, 1);
  assert.equal(socket.active, false);
  assert.equal(link.closed, true);
  socket.connect();
  assert.equal(links.length, 2);
});

test("no reconnect after the page disconnected", () => {
  const { socket, link, links, clock, log } = connectedClient();
  socket.disconnect();
  clock.advance(60_000);
  assert.deepEqual(log, ["disconnect: io client disconnect"]);
  assert.deepEqual(link.sent, ["41"]);
  assert.equal(links.length, 1);
  assert.equal(socket.active, false);
  assert.equal(clock.pending, 0);
});

test("no reconnect after the server refused the connection, and the error carries its data", () => {
  const { socket, link, links, clock, log } = client();
  let data;
  socket.on("connect_error", (error) => (data = error.data));
  link.say('0{"sid":"e","pingInterval":25000,"pingTimeout":20000}');
  link.say('44{"message":"Invalid authentication token","data":{"code":"unauthenticated"}}');
  clock.advance(60_000);
  assert.deepEqual(log, ["connect_error: Invalid authentication token"]);
  assert.deepEqual(data, { code: "unauthenticated" });
  assert.equal(links.length, 1);
  assert.equal(socket.active, false);
});

test("disconnect() while it waits ends the waiting", () => {
  const { socket, link, links, clock } = connectedClient();
  link.drop();
  socket.disconnect();
  clock.advance(60_000);
  assert.equal(links.length, 1);
});

test("reconnection: false leaves it to the page", () => {
  const { socket, link, clock, log } = connectedClient({ reconnection: false });
  link.drop();
  clock.advance(60_000);
  assert.deepEqual(log, ["disconnect: transport close"]);
  assert.equal(socket.active, false);
});

test("pings are answered; without one the connection is given up after interval and timeout", () => {
  const { link, links, clock, log } = connectedClient();
  clock.advance(44_999);
  link.say("2");
  assert.deepEqual(link.sent, ["3"]);
  clock.advance(44_999);
  assert.deepEqual(log, []);
  clock.advance(1);
  assert.deepEqual(log, ["disconnect: ping timeout", "again in 1000"]);
  assert.equal(link.closed, true);
  clock.advance(1_000);
  assert.equal(links.length, 2);
});

test("a tab that slept past the heartbeat does not pretend to be connected", () => {
  const woken = connectedClient();
  woken.clock.sleep(45_001);
  woken.window.document.visibilityState = "visible";
  woken.window.document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(woken.log[0], "disconnect: ping timeout");
  assert.equal(woken.links.length, 2, "and it tries again at once");

  const emitting = connectedClient();
  emitting.clock.sleep(45_001);
  emitting.socket.emit("a");
  assert.deepEqual(emitting.link.sent, []);
  assert.equal(emitting.log[0], "disconnect: ping timeout");
});

test("offline is noticed at once, online ends the waiting", () => {
  const { window, links, log } = connectedClient();
  window.dispatchEvent(new Event("offline"));
  assert.equal(log[0], "disconnect: transport close");
  window.dispatchEvent(new Event("online"));
  assert.equal(links.length, 2);
});

test("a connection that is not accepted within the timeout is tried again", () => {
  const { link, links, clock, log } = client();
  link.say('0{"sid":"e","pingInterval":25000,"pingTimeout":20000}');
  clock.advance(20_000);
  assert.deepEqual(log, ["connect_error: timeout", "again in 1000"]);
  clock.advance(1_000);
  assert.equal(links.length, 2);
});

test("what a former connection still says is ignored", () => {
  const { links, clock, log, link } = connectedClient();
  link.drop();
  clock.advance(1_000);
  links[1].welcome({ sid: "second" });
  log.length = 0;
  links[0].say('42["x"]');
  links[0].fail();
  assert.deepEqual(log, []);
});

test("emits wait for the connection in order, and a timed-out one is not sent", () => {
  const { socket, link, clock } = client();
  socket.emit("a");
  socket.timeout(1_000).emit("b", () => {});
  socket.volatile.emit("v");
  socket.emit("c");
  clock.advance(1_000);
  link.welcome();
  assert.deepEqual(link.sent, ["40", '42["a"]', '42["c"]']);
});

test("n emits wait, the one after is refused", async () => {
  const { socket, link } = client({ maxBufferedEmits: 2 });
  socket.emit("a");
  socket.emit("b");
  assert.throws(() => socket.emit("c"), /too many events wait/);
  await assert.rejects(socket.emitWithAck("d"), /too many events wait/);
  link.welcome();
  socket.emit("e");
  assert.deepEqual(link.sent, ["40", '42["a"]', '42["b"]', '42["e"]']);
});

const malformed = {
  "an empty frame": "",
  "an unknown Engine.IO type": "9",
  "an unknown packet type": "49",
  "an event without a payload": "42",
  "an event that is no array": '42{"a":1}',
  "an event without a name": "42[]",
  "an event whose name is null": "42[null]",
  "a reserved event name": '42["connect"]',
  "JSON cut short": '42["a",{',
  "letters instead of an id": '42abc["a"]',
  "an acknowledgement without an id": "43[1]",
  "an acknowledgement that is no array": "430{}",
  "a CONNECT without a sid": "40{}",
  "a DISCONNECT with a payload": "41{}",
  "a refusal without a reason": "44",
};
for (const [what, packet] of Object.entries(malformed)) {
  test(`${what} closes the connection, throws nothing at the page, and it tries again`, () => {
    const { link, links, clock, log } = connectedClient();
    assert.deepEqual(reportedErrors(() => link.say(packet)), []);
    assert.deepEqual(log, ["disconnect: parse error", "again in 1000"]);
    assert.equal(link.closed, true);
    clock.advance(1_000);
    assert.equal(links.length, 2);
  });
}

for (const handshake of ["0", "0{}", "0[]", '0{"pingInterval":"x","pingTimeout":1}', "0null"]) {
  test(`the broken handshake ${handshake} is a failed attempt`, () => {
    const { link, log } = client();
    assert.deepEqual(reportedErrors(() => link.say(handshake)), []);
    assert.match(log[0], /^connect_error/);
    assert.equal(log[1], "again in 1000");
  });
}

test("a binary packet is reported and dropped, the connection stays", () => {
  const { socket, link } = connectedClient();
  const seen = [];
  socket.on("a", () => seen.push("a"));
  const reported = reportedErrors(() => {
    link.say('451-["file",{"_placeholder":true,"num":0}]');
    link.say(new ArrayBuffer(3));
    link.say('42["a"]');
  });
  assert.equal(reported.length, 1);
  assert.match(reported[0], /binary/);
  assert.deepEqual(seen, ["a"]);
  assert.equal(socket.connected, true);
});

test("binary arguments and reserved names are refused before anything is sent", () => {
  const { socket, link } = connectedClient();
  const binaries = [new ArrayBuffer(1), new Uint8Array(1), Buffer.from("x"), { deep: [new DataView(new ArrayBuffer(1))] }];
  for (const binary of binaries) assert.throws(() => socket.emit("a", binary), TypeError);
  assert.throws(() => socket.emit("connect"), /reserved/);
  assert.deepEqual(link.sent, []);
});

test("a listener that throws is reported and keeps nobody from hearing", () => {
  const { socket, link } = connectedClient();
  const seen = [];
  socket.on("a", () => {
    throw new Error("mine");
  });
  socket.on("a", () => seen.push("second"));
  const reported = reportedErrors(() => link.say('42["a"]'));
  assert.deepEqual(reported, ["mine"]);
  assert.deepEqual(seen, ["second"]);
  assert.equal(socket.connected, true);
});

test("a packet survives encoding and decoding", () => {
  const packets = [
    { kind: 2, namespace: "/", id: undefined, data: ["a", { b: ["ü", null] }] },
    { kind: 2, namespace: "/room", id: 12, data: ["1"] },
    { kind: 3, namespace: "/", id: 0, data: [] },
    { kind: 1, namespace: "/room", id: undefined, data: undefined },
  ];
  for (const packet of packets) assert.deepEqual(decodePacket(encodePacket(packet)), packet);
});
