/** How a quiz looks, to players and hosts alike: answers with colour and shape, countdown, leaderboard, podium. */

import { announce, element, formatNumber, isolated, nameOf, plural, svg } from "/page.js";

/** One a colour (`.answer-0` and so on in the style sheet): no answer is told from another by colour alone. */
const shapes = [
  { name: "triangle", points: "12,3 22,21 2,21" },
  { name: "diamond", points: "12,1 23,12 12,23 1,12" },
  { name: "square", points: "3,3 21,3 21,21 3,21" },
  { name: "star", points: "12,1 15,9 23,9.5 17,14.5 19,23 12,18 5,23 7,14.5 1,9.5 9,9" },
  { name: "hexagon", points: "7,3 17,3 22,12 17,21 7,21 2,12" },
  { name: "arrow", points: "2,8 12,8 12,2 22,12 12,22 12,16 2,16" },
];

export const answerClass = (index) => `answer-${index % shapes.length}`;

export function shapeIcon(index) {
  const { points } = shapes[index % shapes.length];
  return svg("svg", { class: "shape", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("polygon", { points }));
}

/**
 * The six digits in what somebody typed or pasted: digits of any script, "Code: 123 456", "123.456", or the whole link; null when there are
 * none. The server reads a code in the same way.
 */
export function parseCode(text) {
  const linked = /code=([^&#]*)/.exec(text)?.[1];
  const runs = (linked ?? text).match(/(?<![\p{L}\p{N}])\p{Nd}(?:[\s\p{Pd}\p{Cf}]*\p{Nd})*(?![\p{L}\p{N}])/gu) ?? [];
  const codes = [...runs, linked ? "" : grouped(text)].map((run) => [...run].map(digitOf).join("")).filter((digits) => digits.length === 6);
  return new Set(codes).size === 1 ? codes[0] : null;
}

/** Two or three groups of the same length, whatever sign stands between them, where there is no letter; otherwise nothing. */
function grouped(text) {
  if (/\p{Alphabetic}/u.test(text)) return "";
  const groups = text.match(/\p{N}+/gu) ?? [];
  return [2, 3].includes(groups.length) && groups.every((group) => [...group].length === 6 / groups.length) ? groups.join("") : "";
}

/** The value of a decimal digit of any script; nothing for another character. Each script has its ten in a row. */
function digitOf(character) {
  if (!/\p{Nd}/u.test(character)) return "";
  let before = 0;
  for (let code = character.codePointAt(0); /\p{Nd}/u.test(String.fromCodePoint(code - 1)); code -= 1) before += 1;
  return String(before % 10);
}

/** Seconds and a bar that run down to the server's deadline. It counts from the time that the server says remains: clocks differ. */
export class Countdown {
  #number;
  #bar;
  #timer = null;
  #said = new Set();

  constructor(number, bar) {
    this.#number = number;
    this.#bar = bar;
  }

  /** `onOver` runs when the time is up, `onNearEnd` `marginMs` before that; neither when the countdown is stopped before. */
  start(remainingMs, durationMs, { onOver, onNearEnd, marginMs = 0 } = {}) {
    this.stop();
    let isNearEnd = false;
    this.#said = new Set([10, 5].filter((seconds) => remainingMs <= seconds * 1000));
    const end = performance.now() + remainingMs;
    const tick = () => {
      const left = Math.max(0, end - performance.now());
      this.#show(left, durationMs);
      if (left <= marginMs && !isNearEnd) {
        isNearEnd = true;
        onNearEnd?.();
      }
      if (left > 0) return;
      this.stop();
      onOver?.();
    };
    this.#timer = setInterval(tick, 100);
    tick();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Stops, and shows that no time is left. */
  finish() {
    this.stop();
    this.#show(0, 1);
  }

  #show(remainingMs, durationMs) {
    const seconds = Math.ceil(remainingMs / 1000);
    if (this.#number.textContent !== String(seconds)) this.#number.textContent = seconds;
    const share = durationMs > 0 ? Math.min(1, remainingMs / durationMs) : 0;
    this.#bar.style.setProperty("transform", `scaleX(${share})`);
    this.#bar.classList.toggle("urgent", seconds <= 5);
    for (const threshold of [10, 5]) {
      if (seconds > threshold || seconds < 1 || this.#said.has(threshold)) continue;
      this.#said.add(threshold);
      announce(`${seconds} seconds left`);
    }
  }
}

/** Calls `show` with the seconds left, whenever they change and at last with 0. @returns a function that stops it. */
export function countSeconds(ms, show) {
  const end = performance.now() + ms;
  let shown = null;
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    if (seconds === 0) clearInterval(timer);
    if (seconds !== shown) show((shown = seconds));
  };
  const timer = setInterval(tick, 100);
  tick();
  return () => clearInterval(timer);
}

/** The server lists so many of those who are away; there may be more. */
const maximumListedAway = 500;

/** "3 away": `count` players are in the list that is shown, of the `listed` ones that the server named. */
export function awayText(count, listed) {
  if (count === 0) return "";
  return `${formatNumber(count)}${listed >= maximumListedAway ? "+" : ""} away`;
}

/** True if an option is correct: the contract's `correctAnswer` is an index, a text or a list of them. */
export function isCorrect(correctAnswer, index, option) {
  return [correctAnswer].flat(Infinity).some((one) => one === index || one === option);
}

export function correctText(correctAnswer, options) {
  const texts = [correctAnswer].flat(Infinity).map((one) => (typeof one === "number" ? options[one] : one));
  // Several options are right together only, of several texts each is.
  return texts.join(options.length > 0 ? " and " : " or ");
}

/**
 * Fills an `<ol>`. `onRemove(event, entry)` adds a button to each line; `away` has the user ids of those who are not connected.
 * A line that says the same as before stays the same node: a press that began on its button still ends on it.
 */
export function renderLeaderboard(list, entries, { ownId, limit = entries.length, onRemove, away = new Set() } = {}) {
  const shown = entries.slice(0, limit);
  const own = entries.findIndex((entry) => entry.userId === ownId);
  if (own >= limit) shown.push(entries[own]);
  const known = new Map([...list.children].map((line) => [line.dataset.line, line]));
  const lines = shown.map((entry) => {
    const isOwn = entry.userId === ownId;
    const isAway = away.has(entry.userId);
    const key = JSON.stringify([entry.userId, entry.username, entry.rank, entry.score, isOwn, isAway, Boolean(onRemove)]);
    return known.get(key) ?? boardLine(key, entry, { isOwn, isAway, onRemove });
  });
  const kept = new Set(lines);
  for (const line of known.values()) if (!kept.has(line)) line.remove();
  lines.forEach((line, index) => {
    if (list.children[index] !== line) list.insertBefore(line, list.children[index] ?? null);
  });
}

function boardLine(key, entry, { isOwn, isAway, onRemove }) {
  return element(
    "li",
    { class: [isOwn && "own", isAway && "away"].filter(Boolean).join(" ") || null, "data-user": entry.userId, "data-line": key },
    element("span", { class: "rank" }, String(entry.rank)),
    element(
      "span",
      { class: "name" },
      nameOf(entry.username),
      isOwn ? element("span", { class: "tag" }, "you") : null,
      isAway ? element("span", { class: "tag" }, "away") : null,
    ),
    element("span", { class: "points" }, formatNumber(entry.score)),
    onRemove &&
      element(
        "button",
        { class: "quiet small", type: "button", "aria-label": `Remove ${isolated(entry.username)}`, onclick: (event) => onRemove(event, entry) },
        "Remove",
      ),
  );
}

/** The first three steps; those who share a rank share a step's height. */
export function renderPodium(list, entries) {
  list.replaceChildren(
    ...entries.slice(0, 3).map((entry) =>
      element(
        "li",
        { class: `step step-${Math.min(entry.rank, 3)}` },
        element("span", { class: "name" }, nameOf(entry.username)),
        element(
          "span",
          { class: "block" },
          element("span", { class: "rank" }, String(entry.rank)),
          element("span", { class: "points" }, plural(entry.score, "point")),
        ),
      ),
    ),
  );
}

/** "12 points behind Ann", or null: the board has the first hundred only. */
export function gapText(entries, ownId) {
  const own = entries.find((entry) => entry.userId === ownId);
  const ahead = own && entries.filter((entry) => entry.score > own.score).at(-1);
  return ahead ? `${plural(ahead.score - own.score, "point")} behind ${isolated(ahead.username)}` : null;
}

export function ordinal(rank) {
  const suffixes = { one: "st", two: "nd", few: "rd", other: "th" };
  return `${rank}${suffixes[new Intl.PluralRules("en", { type: "ordinal" }).select(rank)]}`;
}
