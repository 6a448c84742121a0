// What the client meets instead of a browser: a clock that moves by hand, and WebSockets whose other end is the test.

export class ManualClock {
  #now = 0;
  #nextHandle = 1;
  #timers = new Map();

  now = () => this.#now;

  setTimeout = (body, ms) => {
    const handle = this.#nextHandle++;
    this.#timers.set(handle, { at: this.#now + ms, body });
    return handle;
  };

  clearTimeout = (handle) => void this.#timers.delete(handle);

  /** Moves on by `ms`, running what falls due in its order. */
  advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
      if (!due) break;
      const [handle, { at, body }] = due;
      this.#timers.delete(handle);
      this.#now = at;
      body();
    }
    this.#now = end;
  }

  /** The clock moves, the timers don't: what a suspended tab sees. */
  sleep(ms) {
    this.#now += ms;
  }

  get pending() {
    return this.#timers.size;
  }
}

/** The test's end of one connection. */
export class Link {
  sent = [];
  closed = false;

  constructor(url) {
    this.url = url;
  }

  // The WebSocket that the client sees
  send(text) {
    this.sent.push(text);
  }

  close() {
    this.closed = true;
  }

  // The server
  say(text) {
    this.onmessage({ data: text });
  }

  welcome({ pingInterval = 25_000, pingTimeout = 20_000, sid = "socket1" } = {}) {
    this.say(`0${JSON.stringify({ sid: "engine1", upgrades: [], pingInterval, pingTimeout, maxPayload: 1e6 })}`);
    this.say(`40${JSON.stringify({ sid })}`);
  }

  drop() {
    this.onclose({});
  }

  fail() {
    this.onerror({});
    this.onclose({});
  }
}

/** Options for `io` that put it into a world of its own, and that world. */
export function fakeSurroundings({ random = () => 0.5 } = {}) {
  const clock = new ManualClock();
  const links = [];
  const WebSocket = function (url) {
    const link = new Link(url);
    links.push(link);
    return link;
  };
  const document = new EventTarget();
  const window = Object.assign(new EventTarget(), { document, location: new URL("http://class.example:3001/host?x=1") });
  const { setTimeout, clearTimeout, now } = clock;
  return {
    clock,
    links,
    window,
    get link() {
      return links.at(-1);
    },
    options: { WebSocket, setTimeout, clearTimeout, now, random, window },
  };
}
