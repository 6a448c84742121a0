"""The HTML report of a load test in Chromium: on a phone and a wide screen, light and dark, and on paper."""

import re
import subprocess

import pytest

from browser_tabs import PHONE, SCREEN
from server_process import ServerProcess, binary

SCRIPT = """
config:
  target: {target}
  phases: [{{duration: 3, arrivalCount: 12, name: crowd}}, {{duration: 2, arrivalRate: 5, name: rush}}]
  apdex: {{threshold: 100}}
  ensure: {{thresholds: [{{socketio.response_time.p99: 60000}}, {{socketio.emit: 1}}], conditions: [{{expression: vusers.completed > 1000, strict: false}}]}}
scenarios:
  - name: chat <b>bold</b>
    engine: socketio
    flow:
      - emit: [join, room]
        acknowledge: true
      - loop:
          - emit: [say, "{{{{ $auditTag('a room with a rather long name') }}}}"]
          - emit: {{channel: echo, data: {{number: 1}}}}
            acknowledge: {{match: {{json: $.0.number, value: 1}}}}
          - think: 100ms
        count: 10
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    server = ServerProcess([binary("ECHO_SERVER_BINARY", "echo-server"), "--port", "0"], folder).wait_until_listening()
    (folder / "load.yml").write_text(SCRIPT.format(target=server.url))
    command = [binary("DUNLIN_BINARY", "dunlin"), "run", "load.yml", "--html", "run.html", "-o", "run.json", "-q"]
    try:
        finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
    finally:
        server.kill()
    # One threshold is not met.
    assert finished.returncode == 1, finished.stderr
    return folder / "run.html"


VIEWS = [(name, viewport, scheme) for name, viewport in (("phone", PHONE), ("screen", SCREEN)) for scheme in ("light", "dark")]

# What the page's own geometry and colours say, in the browser.
LOOK = """
() => {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = (one, two) => { const [a, b] = [luminance(one), luminance(two)].sort(); return (b + 0.05) / (a + 0.05); };
  const visible = (element) => element.getClientRects().length > 0;
  const texts = [...document.querySelectorAll('h1, h2, p, dt, dd, small, th, td, li, figcaption, .badge, summary, .tick, .legend li')].filter(visible);
  return {
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    faint: texts.map((e) => [contrast(e.closest('svg') && e.tagName === 'text' ? getComputedStyle(e).fill : getComputedStyle(e).color, background(e)), e.textContent.slice(0, 40)]).filter(([c]) => c < 4.5),
    small: [...document.querySelectorAll('svg text')].filter(visible).map((e) => e.getBoundingClientRect().height).filter((h) => h < 9),
    outside: [...document.querySelectorAll('svg text')].filter(visible).filter((e) => {
      const [inner, outer] = [e.getBoundingClientRect(), e.closest('svg').getBoundingClientRect()];
      return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
    }).map((e) => e.textContent),
    overlapping: [...document.querySelectorAll('svg')].filter(visible).flatMap((svg) => {
      const boxes = [...svg.querySelectorAll('text')].map((e) => [e.getBoundingClientRect(), e.textContent]);
      const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3;
      return boxes.flatMap(([a, one], i) => boxes.slice(i + 1).filter(([b]) => meet(a, b)).map(([, two]) => one + ' / ' + two));
    }),
    charts: [...document.querySelectorAll('figure')].filter((f) => f.querySelector('svg path, svg polyline')).length,
    lonely: [...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'auto').length,
    bold: document.querySelectorAll('b').length && [...document.querySelectorAll('b')].some((e) => e.textContent === 'bold'),
  };
}
"""


@pytest.mark.parametrize(("name", "viewport", "scheme"), VIEWS)
def test_the_report_can_be_read(tabs, report, name, viewport, scheme):
    with tabs.person(name, viewport, color_scheme=scheme) as page:
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(report.as_uri())
        look = page.evaluate(LOOK)
        assert requests == [report.as_uri()], "it needs nothing from elsewhere"
        assert look["overflow"] <= 0 and look["lonely"] == 0
        assert look["faint"] == [] and look["small"] == [] and look["outside"] == [] and look["overlapping"] == []
        # All but that of the errors: there were none.
        assert look["charts"] == 5 and not look["bold"]
        assert "failed" in page.inner_text("h1") and "socketio.emit" in page.inner_text("main")
        for heading in ("Checks", "Steps", "Delivery", "The run"):
            assert page.get_by_role("heading", name=re.compile(f"^{heading}")).is_visible(), heading
        page.screenshot(path=report.with_name(f"{name}-{scheme}.png"), full_page=True)


def test_the_report_fits_on_paper(tabs, report):
    with tabs.person("printer", SCREEN, color_scheme="dark") as page:
        page.goto(report.as_uri())
        page.emulate_media(media="print")
        # A4 at 96 dots per inch without margins of 1 cm.
        page.set_viewport_size({"width": 718, "height": 1047})
        look = page.evaluate(LOOK)
        assert look["overflow"] <= 0 and look["faint"] == [] and look["outside"] == []
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth + 1).length") == 0
        pdf = page.pdf(path=report.with_name("report.pdf"), format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "1cm"))
        assert pdf.startswith(b"%PDF") and 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 8
        page.screenshot(path=report.with_name("print.png"), full_page=True)
