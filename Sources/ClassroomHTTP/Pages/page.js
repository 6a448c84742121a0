/** DOM helpers for every page. Text goes in as text only: nothing here or elsewhere parses HTML. */

export const byId = (id) => document.getElementById(id);

/** `element("button", { class: "quiet", onclick: … }, "Remove")`: attributes, listeners (`on…`), children; null ones are left out. */
export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** A name in a place of its own: what is written from right to left in it does not turn the text around it. */
export const nameOf = (name) => element("bdi", { class: "person" }, name);

/** The same within a plain text, such as a label: marks that turn directions are taken out, a name that runs from right to left is isolated. */
export function isolated(name) {
  const plain = String(name).replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
  return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u.test(plain) ? `\u2068${plain}\u2069` : plain;
}

/** Lines that are indented are most likely code: they are shown as such. */
export function setContent(id, text) {
  setText(id, text);
  byId(id).classList.toggle("code", isCode(text));
}

export const isCode = (text) => /\n[ \t]/.test(text);

export function setText(id, text) {
  const node = byId(id);
  if (node.textContent !== String(text)) node.textContent = text;
}

/** Shows one of the page's views and hides the others. The focus follows, so that a screen reader reads the new heading. */
export function showView(name) {
  const view = byId(`view-${name}`);
  if (!view.hidden) return;
  for (const other of document.querySelectorAll(".view")) other.hidden = other !== view;
  const target = view.querySelector("[data-focus]") ?? view.querySelector("h1");
  if (target?.tagName === "H1") target.tabIndex = -1;
  target?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

export const isShown = (name) => !byId(`view-${name}`).hidden;

/** Says it to screen readers, also when it is the same text again. */
export function announce(text) {
  const region = byId("announcer");
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 50);
}

/** `submit` runs for the form's values, at most once at a time unless it `allowsMany`; what it throws is shown in the form's `.error`. */
export function onSubmit(form, submit, { allowsMany = false } = {}) {
  let isBusy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isBusy && !allowsMany) return;
    isBusy = true;
    showError(form, null);
    try {
      await submit(Object.fromEntries(new FormData(form)));
    } catch (error) {
      showError(form, error);
    } finally {
      isBusy = false;
    }
  });
}

/** Under the form, and for a refusal with a retry time when it may be tried again, counted down. */
export function showError(form, error) {
  const place = form.querySelector(".error");
  clearInterval(place.dataset.countdown);
  place.textContent = "";
  if (!error) return;
  const until = Date.now() + (error.retryAfterMs ?? 0);
  const describe = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    place.textContent = seconds > 0 ? `${error.message}. Try again in ${seconds} s.` : error.retryAfterMs ? "You can try again now." : error.message;
    if (seconds <= 0) clearInterval(place.dataset.countdown);
  };
  describe();
  if (error.retryAfterMs) place.dataset.countdown = setInterval(describe, 1000);
}

/** A time of the day, from Unix milliseconds; nothing for a time that no date has, as a row that was written by hand may hold. */
export function timeOf(milliseconds) {
  const time = new Date(milliseconds);
  if (Number.isNaN(time.getTime())) return null;
  return element("time", { datetime: time.toISOString() }, time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
}

export const formatNumber = (value) => new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 }).format(value);

export const plural = (count, one, many = `${one}s`) => `${formatNumber(count)} ${count === 1 ? one : many}`;

/**
 * A mark of this browser, the same for all its tabs and for as long as it keeps what pages store. It tells the server nothing but that two
 * joins come from one browser: who was removed from a session does not come back under another name.
 */
export function deviceId() {
  const known = memory.get("device", localStorage);
  if (typeof known === "string") return known;
  // Not `crypto.randomUUID`: it is missing where the page comes by plain HTTP, as in most schools.
  const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  memory.set("device", id, localStorage);
  return id;
}

/** The memory of this tab; two tabs may be two people. Private windows may refuse to remember anything. */
export const memory = {
  get(key, storage = sessionStorage) {
    try {
      return JSON.parse(storage.getItem(`dunlin.${key}`));
    } catch {
      return null;
    }
  },
  set(key, value, storage = sessionStorage) {
    try {
      if (value === null) storage.removeItem(`dunlin.${key}`);
      else storage.setItem(`dunlin.${key}`, JSON.stringify(value));
    } catch {
      // Then a refresh starts anew.
    }
  },
};
