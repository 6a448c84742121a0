/** A small line chart over time: lines differ by dash as well as by colour, the legend has the values of now. */

import { element, formatNumber, svg } from "/page.js";

const width = 320;
const height = 110;
const shortestWindowMs = 20_000;

export class LineChart {
  node;
  metrics;
  title;
  unit;
  #windowMs;
  #lines;
  #values;
  #top = element("span", { class: "axis" });
  #start = element("span");

  /** `metrics` are pairs of a figure's name and its label. */
  constructor({ title, unit, metrics }, windowMs) {
    Object.assign(this, { title, unit, metrics });
    this.#windowMs = windowMs;
    this.#lines = metrics.map((_, index) => svg("path", { class: `line line-${index}` }));
    this.#values = metrics.map(() => element("strong", {}, "–"));
    const grid = [0.5, 1].map((share) => svg("line", { class: "grid", x1: 0, x2: width, y1: height * share - 0.5, y2: height * share - 0.5 }));
    const key = (index) => svg("svg", { class: "key", viewBox: "0 0 24 6", "aria-hidden": "true" }, svg("path", { class: `line line-${index}`, d: "M0 3H24" }));
    this.node = element(
      "section",
      { class: "chart panel" },
      element("h2", {}, title, unit ? element("span", { class: "unit" }, ` ${unit}`) : null),
      element(
        "ul",
        { class: "legend" },
        metrics.map(([, label], index) => element("li", {}, key(index), `${label} `, this.#values[index])),
      ),
      this.#top,
      svg(
        "svg",
        { class: "plot", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": `${title}, a chart of the last two minutes; the table below has its figures` },
        grid,
        this.#lines,
      ),
      element("span", { class: "axis" }, this.#start, element("span", {}, "now")),
    );
  }

  /** `samples`: {timestamp, metrics}, oldest first. A gap longer than `gapMs` stays a gap. */
  draw(samples, gapMs) {
    const end = samples.at(-1).timestamp;
    // A young chart shows less than the whole window: its line should be seen from the first seconds on.
    const windowMs = Math.min(this.#windowMs, Math.max(shortestWindowMs, end - samples[0].timestamp));
    this.#start.textContent = `${Math.round(windowMs / 1000)} s ago`;
    const values = samples.flatMap(({ metrics }) => this.metrics.map(([name]) => metrics[name] ?? 0));
    const top = roundUp(Math.max(...values));
    this.#top.textContent = formatNumber(top);
    this.metrics.forEach(([name], index) => {
      let previous = -Infinity;
      let path = "";
      for (const { timestamp, metrics } of samples) {
        const value = metrics[name];
        if (typeof value !== "number") {
          // Nothing was measured: that is a gap, not a 0.
          previous = -Infinity;
          continue;
        }
        const x = width * (1 - (end - timestamp) / windowMs);
        const y = height - 2 - ((height - 4) * value) / top;
        path += timestamp - previous > gapMs ? `M${x.toFixed(1)} ${y.toFixed(1)}h0` : `L${x.toFixed(1)} ${y.toFixed(1)}`;
        previous = timestamp;
      }
      this.#lines[index].setAttribute("d", path);
      const latest = samples.at(-1).metrics[name];
      this.#values[index].textContent = typeof latest === "number" ? formatNumber(latest) : "–";
    });
  }
}

/** The next of 1, 2, 5, 10, 20, …: an axis that does not jump with every sample. */
function roundUp(value) {
  if (!(value > 1)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => step * power >= value) * power;
}
