"""Pages in Chromium with `echo-server`: connection state recovery with the official client, and our own client in its place."""

import pytest
from playwright.sync_api import sync_playwright

# A client whose transport goes comes back as the same socket and has what it missed.
RECOVERY = """async (transports) => {
  const next = (client, event) => new Promise((resolve) => client.once(event, (...values) => resolve(values)));
  const options = { forceNew: true, transports, reconnectionDelay: 50, reconnectionDelayMax: 50 };
  const [ann, ben] = [io(options), io(options)];
  await Promise.all([next(ann, 'connect'), next(ben, 'connect')]);
  const report = { id: ann.id, first: ann.recovered };
  await ann.emitWithAck('join', 'room');
  let said = next(ann, 'say');
  ben.emit('say', 'seen');
  report.seen = (await said)[0];
  const gone = next(ann, 'disconnect');
  ann.io.engine.close();
  await gone;
  said = next(ann, 'say');
  const back = next(ann, 'connect');
  ben.emit('say', 'missed');
  await back;
  report.missed = (await said)[0];
  report.recovered = [ann.recovered, ann.id];
  said = next(ann, 'say');
  ben.emit('say', 'live');
  report.live = (await said)[0];
  ann.disconnect().connect();
  await next(ann, 'connect');
  report.anew = [ann.recovered, ann.id === report.id];
  [ann, ben].forEach((client) => client.disconnect());
  return report;
}"""

# What a page does with the reference's script, done with ours.
DROP_IN = """async () => {
  const socket = io({ auth: { token: 'x' } });
  await new Promise((resolve) => socket.on('connect', resolve));
  const answer = await socket.timeout(10000).emitWithAck('echo', { a: [1, 'two'] });
  const echoed = new Promise((resolve) => socket.once('echo', (...values) => resolve(values)));
  socket.emit('echo', 'three');
  const report = { answer, echoed: await echoed, names: [io === io.connect, io === io.io, typeof io.Socket] };
  socket.disconnect();
  return report;
}"""


@pytest.fixture
def page(echo_server, chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            page = browser.new_context().new_page()
            page.set_default_timeout(30_000)
            page.goto(echo_server.url + "/socket.io/socket.io.js")
            yield page
        finally:
            browser.close()


@pytest.mark.echo_server_options("--recovery")
@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]], ids="+".join)
def test_the_official_client_recovers_its_session(page, socket_io_script, transports):
    page.add_script_tag(path=socket_io_script)
    report = page.evaluate(RECOVERY, transports)
    assert report["first"] is False
    assert (report["seen"], report["missed"], report["live"]) == ("seen", "missed", "live")
    assert report["recovered"] == [True, report["id"]]
    assert report["anew"] == [False, False], "a farewell ends the session"


def test_the_script_that_is_served_is_a_drop_in(page, echo_server):
    page.add_script_tag(url=echo_server.url + "/socket.io/socket.io.js")
    report = page.evaluate(DROP_IN)
    assert report == {"answer": {"a": [1, "two"]}, "echoed": ["three"], "names": [True, True, "function"]}
