// What the quiz's pages compute, without a browser. Run with `node --test Tests/BrowserTests/`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

// As text: node knows neither the server's addresses nor, without a package.json, that a .js file is a module.
const source = (name) => readFileSync(new URL(`../../Sources/ClassroomServer/Pages/${name}`, import.meta.url), "utf8");
const address = (text) => `data:text/javascript,${encodeURIComponent(text)}`;
const { correctText, countSeconds } = await import(address(source("quiz.js").replaceAll("/page.js", address(source("page.js")))));

test("several options are right together, of several texts each is", () => {
  assert.equal(correctText([0, "c"], ["a", "b", "c"]), "a and c");
  assert.equal(correctText(["Paris", "Lutetia"], []), "Paris or Lutetia");
  assert.equal(correctText(1, ["a", "b"]), "b");
});

test("seconds are counted down to 0, each shown once", async () => {
  const shown = [];
  await new Promise((done) => countSeconds(1_050, (seconds) => shown.push(seconds) && seconds === 0 && done()));
  assert.deepEqual(shown, [2, 1, 0]);
});

test("a countdown without time left shows 0 at once, a stopped one nothing more", async () => {
  const shown = [];
  countSeconds(0, (seconds) => shown.push(seconds));
  countSeconds(150, (seconds) => shown.push(`stopped at ${seconds}`))();
  await new Promise((done) => setTimeout(done, 300));
  assert.deepEqual(shown, [0, "stopped at 1"]);
});
