// Elements made of data. A child that is a text stays a text, whatever stands in it: nothing here
// reads markup, and the pages' content policy (Trusted Types) lets nothing else do so either.

/** An element. An attribute `on…` is a listener; `true` is an attribute without a value; `false`,
 * `null` and `undefined` are none, and no child. */
export function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}

/** The text in pieces, with what is to stand for each `{word}`: texts or elements. */
export const pieces = (text, parts) =>
  text.split(/\{(\w+)\}/).map((piece, at) => (at % 2 ? (parts[piece] ?? "") : piece));

/** The text, with other texts for its words. */
export const fill = (text, parts) => pieces(text, parts).join("");

/** Says to everyone what was done: below the page, and to screen readers. */
export function tell(text) {
  const told = document.getElementById("told");
  clearTimeout(tell.timer);
  // The same text twice is told twice.
  told.textContent = "";
  tell.timer = setTimeout(() => {
    told.textContent = text;
    tell.timer = setTimeout(() => (told.textContent = ""), 10_000);
  }, 50);
}

/** A part of the page under a heading. */
export function card(title, ...children) {
  const id = `part-${++card.count}`;
  const heading = el("h2", { id, tabindex: -1 }, title);
  return el("section", { class: "card", "aria-labelledby": id }, heading, ...children);
}
card.count = 0;

/** A button that does something on the page. */
export const button = (text, onclick, attributes) =>
  el("button", { type: "button", onclick, ...attributes }, text);

/** A word in a frame, such as a role or a state. */
export const badge = (text, kind) => el("span", { class: `badge ${kind ?? ""}` }, text);
