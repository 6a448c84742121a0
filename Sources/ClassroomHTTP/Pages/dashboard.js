/** The dashboard's page: what the server does right now, as charts and as a table. */

import { isPassing, request, signIn } from "/connection.js";
import { LineChart } from "/chart.js";
import { byId, element, formatNumber, setText, showView } from "/page.js";

const windowMs = 120_000;

/** Figures that share a chart. A figure that this list lacks gets its own chart. */
const groups = [
  { title: "People", unit: "", metrics: { active_users: "signed in", players: "players", connections: "connections" } },
  {
    title: "Messages",
    unit: "per second",
    metrics: { messages_per_second: "requests", answers_per_second: "answers", chat_messages_per_second: "chat" },
  },
  { title: "Time to acknowledge", unit: "ms", metrics: { ack_p50: "p50", ack_p95: "p95", ack_p99: "p99" } },
  { title: "Quiz sessions", unit: "", metrics: { quiz_sessions: "all", sessions_waiting: "waiting", sessions_active: "being played" } },
  { title: "Refused", unit: "per second", metrics: { errors_per_second: "all", rate_limited_per_second: "rate-limited" } },
  { title: "Chat rooms", unit: "", metrics: { chat_rooms: "with members" } },
];

let charts = [];
let intervalMs = 1_000;
let lastArrival = null;
let isListening = false;
/** {timestamp, metrics} of the last two minutes. */
let samples = [];

signIn({ onReady: subscribe });

async function subscribe(socket) {
  if (!isListening) socket.on("dashboard:metrics", receive);
  isListening = true;
  showView("dashboard");
  setText("dashboard-error", "");
  try {
    const subscribed = await request(socket, "dashboard:subscribe", { metrics: [], intervalMs: 1_000 });
    intervalMs = subscribed.intervalMs ?? intervalMs;
    if (charts.length === 0) build(subscribed.metrics ?? []);
  } catch (error) {
    if (isPassing(error)) throw error;
    setText("dashboard-error", error.message);
  }
}

function build(known) {
  const isKnown = ([name]) => known.includes(name);
  const placed = groups.flatMap(({ metrics }) => Object.keys(metrics));
  const others = known.filter((name) => !placed.includes(name)).map((name) => ({ title: readable(name), unit: "", metrics: { [name]: "" } }));
  charts = [...groups, ...others]
    .map((group) => ({ ...group, metrics: Object.entries(group.metrics).filter(isKnown) }))
    .filter(({ metrics }) => metrics.length > 0)
    .map((group) => new LineChart(group, windowMs));
  byId("charts").replaceChildren(...charts.map((chart) => chart.node));
}

const readable = (name) => name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());

function receive({ timestamp, metrics }) {
  samples = [...samples.filter((sample) => sample.timestamp > timestamp - windowMs), { timestamp, metrics }];
  lastArrival = Date.now();
  for (const chart of charts) chart.draw(samples, 3 * intervalMs);
  drawTable();
  markFreshness();
}

function drawTable() {
  const rows = charts.flatMap(({ title, unit, metrics }) =>
    metrics.map(([name, label]) => {
      const values = samples.map((sample) => sample.metrics[name]).filter((value) => typeof value === "number");
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const figures = values.length === 0 ? ["–", "–", "–", "–"] : [samples.at(-1).metrics[name], Math.min(...values), Math.max(...values), mean];
      const heading = [title, label && `: ${label}`, unit && ` (${unit})`].filter(Boolean).join("");
      const cells = figures.map((figure) => element("td", {}, typeof figure === "number" ? formatNumber(figure) : figure));
      return element("tr", {}, element("th", { scope: "row" }, heading), cells);
    }),
  );
  byId("table").replaceChildren(...rows);
}

/** Old figures must not look like live ones. */
function markFreshness() {
  if (lastArrival === null) return;
  const isStale = Date.now() - lastArrival > 3 * intervalMs;
  setText("freshness", isStale ? `Stale: nothing new since ${new Date(lastArrival).toLocaleTimeString()}` : "Live");
  byId("freshness").dataset.state = isStale ? "stale" : "live";
  byId("charts").classList.toggle("stale", isStale);
}

setInterval(markFreshness, 1_000);
