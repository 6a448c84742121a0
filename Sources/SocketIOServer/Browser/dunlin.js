/**
 * Dunlin's browser client: Socket.IO 5 over Engine.IO 4, by WebSocket only, without dependencies or a build step.
 *
 *     import { io } from "/dunlin.js";
 *     const socket = io({ auth: { token } });
 *     socket.on("connect", () => …);
 *     const answer = await socket.timeout(5_000).emitWithAck("quiz:join", { joinCode });
 *
 * Its names and behaviour are those of the official client, with these differences:
 * - every socket has a connection of its own; the path of the URL is the namespace, as usual;
 * - binary arguments are refused with a TypeError, binary messages from the server are reported and dropped;
 * - at most `maxBufferedEmits` events wait for a connection. One more is refused: its callback gets an Error if it takes one
 *   (`timeout`, `emitWithAck`), otherwise `emit` throws;
 * - `socket.io` also emits `reconnect_scheduled (delayMs, attempt)`, so that a page can say when it tries again.
 */

const defaults = {
  path: "/socket.io/",
  /** An object, or a function that gets a callback to pass the object to; asked at every attempt. */
  auth: undefined,
  query: {},
  autoConnect: true,
  /** From opening the WebSocket to the server's CONNECT, in milliseconds. */
  timeout: 20_000,
  reconnection: true,
  reconnectionAttempts: Infinity,
  reconnectionDelay: 1_000,
  reconnectionDelayMax: 5_000,
  randomizationFactor: 0.5,
  maxBufferedEmits: 1_000,
};

/** What it takes from its surroundings; a test passes its own among the options. */
const surroundings = () => ({
  WebSocket: globalThis.WebSocket,
  // Wrapped: a browser's timers insist on being called as functions of the window.
  setTimeout: (body, ms) => setTimeout(body, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  random: Math.random,
  now: () => Date.now(),
  window: globalThis,
});

const reservedNames = new Set(["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]);

const Kind = { connect: 0, disconnect: 1, event: 2, ack: 3, connectError: 4 };

/** A packet that breaks the protocol. The connection is closed with "parse error", the page sees nothing else. */
class PacketError extends Error {}

/** Opens a socket. `io()`, `io(options)`, `io(url)` and `io(url, options)`. */
export function io(url, options) {
  return typeof url === "object" ? new Socket(undefined, url) : new Socket(url, options);
}

/** How long to wait before attempt `attempt` (from 0): `min(delay·2^n ± random·factor·that, max)`. */
export function backoffDelay(attempt, { reconnectionDelay, reconnectionDelayMax, randomizationFactor }, random = Math.random) {
  // From twice the maximum on the result is the maximum whatever the deviation, and 2^n cannot overflow.
  const base = Math.min(reconnectionDelay * 2 ** attempt, 2 * reconnectionDelayMax);
  const deviation = (2 * random() - 1) * randomizationFactor * base;
  return Math.min(Math.round(base + deviation), reconnectionDelayMax);
}

export function encodePacket({ kind, namespace = "/", id, data }) {
  const prefix = namespace === "/" ? "" : `${namespace},`;
  return `${kind}${prefix}${id ?? ""}${data === undefined ? "" : JSON.stringify(data, refuseBinary)}`;
}

/** @throws PacketError */
export function decodePacket(text) {
  const header = /^([0-4])(?:(\/[^,]*)(?:,|$))?(\d+)?/.exec(text);
  if (!header) throw new PacketError("unknown packet type");
  const [whole, kind, namespace = "/", id] = header;
  const packet = { kind: Number(kind), namespace, id: id === undefined ? undefined : Number(id), data: undefined };
  if (whole.length < text.length) {
    try {
      packet.data = JSON.parse(text.slice(whole.length));
    } catch {
      throw new PacketError("the payload is not JSON");
    }
  }
  if (!isWellFormed(packet)) throw new PacketError("the payload does not fit the packet type");
  return packet;
}

function isWellFormed({ kind, id, data }) {
  const isObject = typeof data === "object" && data !== null && !Array.isArray(data);
  switch (kind) {
    case Kind.connect:
      return isObject && typeof data.sid === "string";
    case Kind.disconnect:
      return data === undefined;
    case Kind.event:
      return Array.isArray(data) && (typeof data[0] === "number" || (typeof data[0] === "string" && !reservedNames.has(data[0])));
    case Kind.ack:
      return Array.isArray(data) && id !== undefined;
    default:
      return isObject || typeof data === "string";
  }
}

/** A JSON replacer. It looks at the original value: some binary types turn themselves into plain objects. */
function refuseBinary(key, value) {
  const original = this[key];
  if (original instanceof ArrayBuffer || ArrayBuffer.isView(original) || (typeof Blob === "function" && original instanceof Blob)) {
    throw new TypeError("dunlin.js does not send binary arguments");
  }
  return value;
}

function report(error) {
  if (typeof globalThis.reportError === "function") globalThis.reportError(error);
  else console.error(error);
}

/** Listeners by event name. One that throws is reported and does not keep the others from running. */
class Emitter {
  #listeners = new Map();

  on(event, listener) {
    return this.#add(event, { listener, once: false });
  }

  once(event, listener) {
    return this.#add(event, { listener, once: true });
  }

  /** Without a listener all of the event's; without an event all. */
  off(event, listener) {
    if (event === undefined) this.#listeners.clear();
    else if (listener === undefined) this.#listeners.delete(event);
    else {
      const rest = this.#entries(event).filter((entry) => entry.listener !== listener);
      this.#listeners.set(event, rest);
    }
    return this;
  }

  listeners(event) {
    return this.#entries(event).map((entry) => entry.listener);
  }

  /** Calls the event's listeners. For the client itself: `emit` of a socket sends. */
  dispatch(event, ...args) {
    for (const entry of [...this.#entries(event)]) {
      if (entry.once) this.off(event, entry.listener);
      callSafely(entry.listener, args);
    }
  }

  #add(event, entry) {
    this.#listeners.set(event, [...this.#entries(event), entry]);
    return this;
  }

  #entries(event) {
    return this.#listeners.get(event) ?? [];
  }
}

/** One timer at a time: starting it stops the one before. */
class Timer {
  #options;
  #handle = null;

  constructor(options) {
    this.#options = options;
  }

  get isRunning() {
    return this.#handle !== null;
  }

  start(ms, body) {
    this.stop();
    this.#handle = this.#options.setTimeout(() => {
      this.#handle = null;
      body();
    }, ms);
  }

  stop() {
    if (this.#handle !== null) this.#options.clearTimeout(this.#handle);
    this.#handle = null;
  }
}

function callSafely(callback, args) {
  try {
    callback(...args);
  } catch (error) {
    report(error);
  }
}

/**
 * One connection to one namespace.
 *
 * Events of its own: `connect`; `disconnect (reason)`, with the reference's reasons; `connect_error (error)`, where `active`
 * tells whether it tries again by itself. It does not after "io server disconnect", "io client disconnect" and a refusal by
 * the server (whose `error.data` is the server's): then only `connect()` opens it again.
 */
export class Socket extends Emitter {
  /** The server's name for this connection; undefined while there is none. */
  id = undefined;
  connected = false;
  /** Emits `reconnect_scheduled`, `reconnect_attempt`, `reconnect` and `reconnect_failed`. */
  io = new Emitter();
  auth;

  #options;
  #url;
  #namespace;
  #transport = null; // the WebSocket in use; what any other still says is stale
  #wanted = false; // connected, or to be connected without anybody asking
  #attempts = 0; // failed attempts in a row
  #retry;
  #connectTimeout;
  #heartbeat;
  #heartbeatMs = 0;
  #heartbeatDeadline = Infinity;
  #buffer = []; // {id, text} that wait for the connection
  #acks = new Map(); // id → {callback, takesError, timer}
  #nextAckId = 0;
  #anyListeners = new Emitter();
  #stopWatching = null;

  constructor(url, options = {}) {
    super();
    this.#options = { ...defaults, ...surroundings(), ...options };
    this.auth = this.#options.auth;
    this.#retry = new Timer(this.#options);
    this.#connectTimeout = new Timer(this.#options);
    this.#heartbeat = new Timer(this.#options);
    const address = new URL(url ?? "/", this.#options.window.location?.href ?? "http://localhost");
    this.#namespace = url === undefined ? "/" : address.pathname.replace(/\/+$/, "") || "/";
    this.#url = this.#transportURL(address, url === undefined);
    if (this.#options.autoConnect) this.connect();
  }

  get disconnected() {
    return !this.connected;
  }

  /** Whether it is connected or will be without a call of `connect()`. */
  get active() {
    return this.#wanted;
  }

  /** Opens the connection; at once, if it was waiting for its next attempt. */
  connect() {
    if (!this.#wanted) {
      this.#wanted = true;
      this.#attempts = 0;
      this.#watchWindow();
    }
    if (!this.#transport) this.#open();
    return this;
  }

  disconnect() {
    const wasConnected = this.connected;
    if (wasConnected) this.#sendPacket({ kind: Kind.disconnect });
    this.#giveUp();
    this.#dropTransport();
    if (wasConnected) this.#announceLoss("io client disconnect");
    return this;
  }

  onAny(listener) {
    this.#anyListeners.on("any", listener);
    return this;
  }

  offAny(listener) {
    this.#anyListeners.off("any", listener);
    return this;
  }

  /** Sends an event; a function as last argument is called with the server's acknowledgement. Waits for the connection. */
  emit(event, ...args) {
    this.#emit(event, args, {});
    return this;
  }

  /** Resolves with the acknowledgement's first argument; rejects when the connection is lost before it came. */
  emitWithAck(event, ...args) {
    return this.#emitForAnswer(event, args, {});
  }

  /** `socket.timeout(ms).emit(event, …, (error, answer) => …)` and `.emitWithAck(…)`, with a limit on the waiting. */
  timeout(ms) {
    return {
      emit: (event, ...args) => void this.#emit(event, args, { timeoutMs: ms, takesError: true }),
      emitWithAck: (event, ...args) => this.#emitForAnswer(event, args, { timeoutMs: ms }),
    };
  }

  /** `socket.volatile.emit(…)` is dropped, not kept, while there is no connection. */
  get volatile() {
    return { emit: (event, ...args) => void this.#emit(event, args, { volatile: true }) };
  }

  // Sending

  #emitForAnswer(event, args, flags) {
    return new Promise((resolve, reject) => {
      const settle = (error, answer) => (error ? reject(error) : resolve(answer));
      this.#emit(event, [...args, settle], { ...flags, takesError: true });
    });
  }

  #emit(event, args, { timeoutMs, takesError = false, volatile = false }) {
    if (reservedNames.has(event)) throw new Error(`"${event}" is a reserved event name`);
    this.#checkHeartbeat();
    const callback = typeof args.at(-1) === "function" ? args.at(-1) : null;
    const id = callback ? this.#nextAckId : undefined;
    const data = [event, ...(callback ? args.slice(0, -1) : args)];
    const text = encodePacket({ kind: Kind.event, namespace: this.#namespace, id, data });
    if (!this.connected) {
      if (volatile) return;
      if (this.#buffer.length >= this.#options.maxBufferedEmits) return this.#refuse(callback, takesError);
    }
    if (callback) this.#awaitAck(callback, takesError, timeoutMs);
    if (this.connected) this.#sendText(text);
    else this.#buffer.push({ id, text });
  }

  #refuse(callback, takesError) {
    const error = new Error("too many events wait for the connection");
    if (!callback || !takesError) throw error;
    callSafely(callback, [error]);
  }

  #awaitAck(callback, takesError, timeoutMs) {
    const id = this.#nextAckId++;
    const timer = new Timer(this.#options);
    this.#acks.set(id, { callback, takesError, timer });
    if (timeoutMs === undefined) return;
    timer.start(timeoutMs, () => {
      this.#acks.delete(id);
      this.#buffer = this.#buffer.filter((waiting) => waiting.id !== id);
      callSafely(callback, takesError ? [new Error("operation has timed out")] : []);
    });
  }

  #sendPacket(packet) {
    this.#sendText(encodePacket({ namespace: this.#namespace, ...packet }));
  }

  #sendText(text) {
    this.#transport?.send(`4${text}`);
  }

  // The connection's life

  #transportURL(address, withoutQuery) {
    const secure = address.protocol === "https:" || address.protocol === "wss:";
    const query = new URLSearchParams(withoutQuery ? "" : address.search);
    for (const [name, value] of Object.entries(this.#options.query)) query.set(name, value);
    query.set("EIO", "4");
    query.set("transport", "websocket");
    const path = this.#options.path.replace(/\/*$/, "/");
    return `${secure ? "wss" : "ws"}://${address.host}${path}?${query}`;
  }

  #open() {
    this.#retry.stop();
    this.#connectTimeout.start(this.#options.timeout, () => this.#lose("timeout", new Error("timeout")));
    let transport;
    try {
      transport = new this.#options.WebSocket(this.#url);
    } catch (error) {
      // Later, so that the page has had time to listen.
      this.#connectTimeout.start(0, () => this.#lose("transport error", error));
      return;
    }
    this.#transport = transport;
    const ifCurrent = (body) => (event) => void (this.#transport === transport && body(event));
    transport.onmessage = ifCurrent(({ data }) => this.#receive(data));
    transport.onerror = ifCurrent(() => this.#lose("transport error", new Error("websocket error")));
    transport.onclose = ifCurrent(() => this.#lose("transport close", new Error("the connection was closed")));
  }

  /** The connection is gone, or never came to be: tells the page and, where it is wanted, plans the next attempt. */
  #lose(reason, error = new Error(reason)) {
    const wasConnected = this.connected;
    this.#dropTransport();
    const { reconnection, reconnectionAttempts } = this.#options;
    const exhausted = this.#wanted && reconnection && this.#attempts >= reconnectionAttempts;
    if (!reconnection || exhausted) this.#giveUp();
    if (wasConnected) this.#announceLoss(reason);
    else this.dispatch("connect_error", error);
    // A listener may have called connect() or disconnect() meanwhile.
    if (this.#wanted && !this.#transport) this.#scheduleRetry();
    else if (exhausted && !this.#wanted) this.io.dispatch("reconnect_failed");
  }

  #announceLoss(reason) {
    this.connected = false;
    this.id = undefined;
    this.#abandonAcks();
    this.dispatch("disconnect", reason);
  }

  /** Nothing that was sent will be acknowledged any more; what still waits to be sent may be. */
  #abandonAcks() {
    const waiting = new Set(this.#buffer.map((one) => one.id));
    for (const [id, ack] of [...this.#acks]) {
      if (waiting.has(id)) continue;
      this.#acks.delete(id);
      ack.timer.stop();
      if (ack.takesError) callSafely(ack.callback, [new Error("socket has been disconnected")]);
    }
  }

  #scheduleRetry() {
    const attempt = ++this.#attempts;
    const delay = backoffDelay(attempt - 1, this.#options, this.#options.random);
    this.#retry.start(delay, () => {
      this.io.dispatch("reconnect_attempt", attempt);
      if (this.#wanted && !this.#transport) this.#open();
    });
    this.io.dispatch("reconnect_scheduled", delay, attempt);
  }

  #giveUp() {
    this.#wanted = false;
    this.#stopWatching?.abort();
    this.#stopWatching = null;
  }

  #dropTransport() {
    for (const timer of [this.#retry, this.#connectTimeout, this.#heartbeat]) timer.stop();
    this.#heartbeatDeadline = Infinity;
    const transport = this.#transport;
    this.#transport = null;
    transport?.close();
  }

  /** A sleeping tab's timers stand still: look at the clock when it wakes, and don't sit out a delay that has become pointless. */
  #watchWindow() {
    const { window } = this.#options;
    if (typeof window?.addEventListener !== "function") return;
    this.#stopWatching = new AbortController();
    const { signal } = this.#stopWatching;
    const wake = () => {
      this.#checkHeartbeat();
      if (this.#retry.isRunning) this.#open();
    };
    window.addEventListener("online", wake, { signal });
    window.addEventListener("offline", () => this.#transport && this.#lose("transport close", new Error("offline")), { signal });
    const { document } = window;
    document?.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake(), { signal });
  }

  // Receiving

  #receive(message) {
    try {
      if (typeof message !== "string") return; // belongs to a binary packet, which was reported
      this.#receiveEnginePacket(message[0], message.slice(1));
    } catch (error) {
      if (!(error instanceof PacketError)) throw error;
      this.#lose("parse error", error);
    }
  }

  #receiveEnginePacket(type, body) {
    switch (type) {
      case "0":
        return this.#receiveHandshake(body);
      case "1":
        return this.#lose("transport close", new Error("the server closed the connection"));
      case "2":
        this.#transport.send(`3${body}`);
        return this.#expectHeartbeat();
      case "3":
      case "5":
      case "6":
        return;
      case "4":
        return this.#receivePacket(body);
      default:
        throw new PacketError("unknown Engine.IO packet type");
    }
  }

  #receiveHandshake(body) {
    let handshake;
    try {
      handshake = JSON.parse(body);
    } catch {
      throw new PacketError("the handshake is not JSON");
    }
    this.#heartbeatMs = handshake?.pingInterval + handshake?.pingTimeout;
    if (!(this.#heartbeatMs > 0)) throw new PacketError("the handshake lacks the heartbeat's times");
    this.#expectHeartbeat();
    const transport = this.#transport;
    const join = (data) => void (this.#transport === transport && this.#sendPacket({ kind: Kind.connect, data }));
    if (typeof this.auth === "function") callSafely(this.auth, [join]);
    else join(this.auth);
  }

  #expectHeartbeat() {
    this.#heartbeatDeadline = this.#options.now() + this.#heartbeatMs;
    this.#heartbeat.start(this.#heartbeatMs, () => this.#lose("ping timeout"));
  }

  #checkHeartbeat() {
    if (this.#options.now() > this.#heartbeatDeadline) this.#lose("ping timeout");
  }

  #receivePacket(text) {
    if (text[0] === "5" || text[0] === "6") return report(new Error("dunlin.js dropped a binary packet: it does not read them"));
    const packet = decodePacket(text);
    if (packet.namespace !== this.#namespace) return;
    switch (packet.kind) {
      case Kind.connect:
        return this.#receiveConnect(packet.data);
      case Kind.connectError:
        return this.#receiveRefusal(packet.data);
      case Kind.disconnect:
        this.#giveUp();
        return this.#lose("io server disconnect");
      case Kind.event:
        return this.#receiveEvent(packet);
      case Kind.ack:
        return this.#receiveAck(packet);
    }
  }

  #receiveConnect({ sid }) {
    if (this.connected) return;
    this.#connectTimeout.stop();
    this.connected = true;
    this.id = sid;
    const attempts = this.#attempts;
    this.#attempts = 0;
    const waiting = this.#buffer;
    this.#buffer = [];
    for (const { text } of waiting) this.#sendText(text);
    this.dispatch("connect");
    if (attempts > 0) this.io.dispatch("reconnect", attempts);
  }

  #receiveRefusal(data) {
    const error = new Error(typeof data === "string" ? data : String(data.message ?? "refused by the server"));
    error.data = data.data;
    this.#giveUp();
    this.#lose("connect error", error);
  }

  #receiveEvent({ id, data }) {
    if (!this.connected) return;
    const [name, ...args] = data;
    if (id !== undefined) args.push(this.#acknowledgement(id));
    this.#anyListeners.dispatch("any", name, ...args);
    this.dispatch(name, ...args);
  }

  #acknowledgement(id) {
    const transport = this.#transport;
    let sent = false;
    return (...data) => {
      if (sent || this.#transport !== transport) return;
      sent = true;
      this.#sendPacket({ kind: Kind.ack, id, data });
    };
  }

  #receiveAck({ id, data }) {
    const ack = this.#acks.get(id);
    if (!ack) return;
    this.#acks.delete(id);
    ack.timer.stop();
    callSafely(ack.callback, ack.takesError ? [null, ...data] : data);
  }
}
