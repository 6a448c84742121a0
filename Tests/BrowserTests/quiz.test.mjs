// What the quiz's pages compute, without a browser. Run with `node --test Tests/BrowserTests/`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

// As text: node knows neither the server's addresses nor, without a package.json, that a .js file is a module.
const source = (name) => readFileSync(new URL(`../../Sources/ClassroomHTTP/Pages/${name}`, import.meta.url), "utf8");
const address = (text) => `data:text/javascript,${encodeURIComponent(text)}`;
const load = (name) => import(address(source(name).replaceAll("/page.js", address(source("page.js")))));
const { awayText, correctText, countSeconds, parseCode } = await load("quiz.js");
const { isCode, isolated } = await load("page.js");
const { qrMatrix } = await load("qr.js");

test("several options are right together, of several texts each is", () => {
  assert.equal(correctText([0, "c"], ["a", "b", "c"]), "a and c");
  assert.equal(correctText(["Paris", "Lutetia"], []), "Paris or Lutetia");
  assert.equal(correctText(1, ["a", "b"]), "b");
});

test("who is away is counted, and a list that is full says that there may be more", () => {
  // Numbers are written in the language of the page.
  globalThis.document = { documentElement: { lang: "en" } };
  assert.equal(awayText(0, 0), "");
  assert.equal(awayText(1, 1), "1 away");
  assert.equal(awayText(499, 499), "499 away");
  assert.equal(awayText(500, 500), "500+ away");
  assert.equal(awayText(100, 500), "100+ away");
  delete globalThis.document;
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

test("a code is found in what people type and paste", () => {
  const texts = ["123456", " 123 456 ", "123-456", "Code: 123 456", "(123 456).", "http://192.168.0.17:3001/?code=123456", "https://a.example/?x=1&code=123456#top"];
  for (const text of [...texts, "١٢٣٤٥٦", "१२३ ४५६", "１２３４５６", "123\u2009456", "Room 12: 123–456", "123.456", "12/34/56", "١٢٣/٤٥٦", "123456, 123 456"]) assert.equal(parseCode(text), "123456", text);
  for (const text of ["", "12345", "1234567", "a123456", "123456b", "123456 or: 654321", "http://a.example/?code=12345", "½23456", "10.0.0.17", "1234.56", "½23.456", "a 123.456"]) assert.equal(parseCode(text), null, text);
});

test("a name within a text loses what could turn the text around, and is isolated if it runs from right to left", () => {
  assert.equal(isolated("Ann"), "Ann");
  assert.equal(isolated("\u202enA\u2066"), "nA");
  assert.equal(isolated("مريم"), "\u2068مريم\u2069");
});

test("indented lines are code, others are not", () => {
  assert.ok(isCode("for x in y:\n    print(x)"));
  assert.ok(!isCode("one line  with blanks\nand another"));
});

test("a QR code has the size of its version, its finders, and no more than fits", () => {
  const sizes = [[1, 21], [14, 21], [15, 25], [26, 25], [42, 29], [62, 33], [84, 37], [106, 41], [122, 45], [152, 49], [180, 53], [213, 57]];
  for (const [bytes, size] of sizes) assert.equal(qrMatrix("x".repeat(bytes)).length, size, `${bytes} bytes`);
  assert.equal(qrMatrix("x".repeat(214)), null);
  const matrix = qrMatrix("https://school.example/?code=123456");
  const finder = matrix.slice(0, 7).map((row) => row.slice(0, 7).map(Number).join(""));
  assert.deepEqual(finder, ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]);
  assert.ok(matrix.flat().every((module) => typeof module === "boolean"));
});
