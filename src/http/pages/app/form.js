// Forms: what is wrong stands beside its field, and a second click sends nothing twice.

import { why } from "./api.js";
import { el, fill } from "./dom.js";
import { aid } from "./pages.js";
import { message, t } from "./texts.js";

const least = Number(document.body.dataset.least);

/** The frame of a field: its label, the control, its error and what helps. */
function frame(id, field, control, ...more) {
  const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
  const hint = field.hint && el("p", { class: "hint", id: `${id}-hint` }, field.hint);
  const about = [field.hint && `${id}-hint`];
  const mark = (node) => (text) => {
    error.textContent = text ?? "";
    error.hidden = !text;
    node.toggleAttribute("aria-invalid", Boolean(text));
    if (text) node.setAttribute("aria-invalid", "true");
    const ids = [text && `${id}-error`, ...about].filter(Boolean).join(" ");
    if (ids) node.setAttribute("aria-describedby", ids);
    else node.removeAttribute("aria-describedby");
  };
  return { parts: [control, error, hint, ...more], mark };
}

/** A line of text, or a password. */
function line(id, field) {
  const { name, label, type = "text", value = "", autocomplete = "off", least: strong } = field;
  const input = el("input", {
    id,
    name,
    type,
    value,
    autocomplete,
    autocapitalize: "none",
    spellcheck: "false",
    required: field.required,
    "data-strength": strong && `${id}-strength`,
    "data-least": strong && least,
  });
  const show = el("button", {
    type: "button",
    class: "show",
    "data-shows": id,
    "data-show": t.show_password,
    "data-hide": t.hide_password,
    "data-label": label,
    "aria-controls": id,
    hidden: true,
  });
  const control = type === "password" ? el("div", { class: "secret" }, input, show) : input;
  const meter = strong && el("p", {
    class: "strength",
    id: `${id}-strength`,
    role: "status",
    "data-0": fill(t.strength_short, { n: least }),
    "data-1": t.strength_weak,
    "data-2": t.strength_fair,
    "data-3": t.strength_good,
    "data-4": t.strength_strong,
    hidden: true,
  });
  const hint = strong ? fill(t.password_hint, { n: least }) : field.hint;
  const { parts, mark } = frame(id, { ...field, hint }, control, meter);
  mark(input)();
  const node = el("div", { class: "field" }, el("label", { for: id }, label), ...parts);
  const missing = () => field.required && !input.value && t.required;
  return { node, mark: mark(input), focus: () => input.focus(), value: () => input.value, missing };
}

/** Some of several (`checkbox`: a list), or one of them (`radio`: its word). */
function choice(id, field) {
  const { name, label, type, options, value = [], disabled } = field;
  const boxes = options.map(([word, text]) =>
    el("input", { type, name, value: word, id: `${id}-${word}`, checked: value.includes(word) }),
  );
  const rows = options.map(([word, text], at) =>
    el("label", { class: "choice", for: `${id}-${word}` }, boxes[at], el("span", {}, text)),
  );
  const { parts, mark } = frame(id, field, el("div", { class: "choices" }, ...rows));
  const node = el("fieldset", { class: "field", disabled }, el("legend", { class: field.bare && "unseen" }, label), ...parts);
  mark(node)();
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const read = () => (type === "radio" ? chosen()[0] : chosen());
  return { node, mark: mark(node), focus: () => boxes[0].focus(), value: read, missing: () => "" };
}

/**
 * A form.
 *
 * `fields`: each `{ name, label, type, value, hint, autocomplete, required, least, options, bare }`,
 * or an element that stands between them. `send` gets the values by name; what it throws is shown:
 * beside the fields that the problem names, beside the one of `places` for its code, else above
 * the buttons.
 */
export function form(id, { fields, submit, send, places = {}, kind, cancel }) {
  const made = new Map();
  const nodes = fields.map((field) => {
    if (field instanceof Node) return field;
    const make = field.options ? choice : line;
    made.set(field.name, make(`${id}-${field.name}`, field));
    return made.get(field.name).node;
  });
  const alert = el("p", { class: "alert", role: "alert", hidden: true });
  // What is dangerous is not done by the first press of a key.
  const autofocus = kind === "danger" && !made.size;
  const quit = cancel && el("button", { type: "button", class: "quiet", onclick: cancel, autofocus }, t.cancel);
  const act = submit && el("button", { type: "submit", class: kind }, submit);
  const buttons = el("div", { class: "buttons" }, act, quit);
  const node = el("form", { id, novalidate: true, onsubmit: sent }, ...nodes, alert, buttons);
  aid(node);

  function show(errors, rest) {
    for (const [name, field] of made) field.mark(errors[name]);
    alert.textContent = rest ?? "";
    alert.hidden = !rest;
    [...made].find(([name]) => errors[name])?.[1].focus();
  }

  function refuse(error) {
    const errors = {};
    const others = [];
    for (const { field, message: text } of error.problem?.errors ?? []) {
      if (made.has(field)) errors[field] = message(text);
      else others.push(`${field}: ${message(text)}`);
    }
    const place = places[error.code];
    if (place) errors[place] = why(error);
    else if (!Object.keys(errors).length) others.push(why(error));
    show(errors, others.join(" "));
  }

  async function sent(event) {
    event.preventDefault();
    if (node.ariaBusy === "true") return;
    const missing = [...made].map(([name, field]) => [name, !field.node.hidden && field.missing()]);
    const errors = Object.fromEntries(missing.filter(([, text]) => text));
    show(errors);
    if (Object.keys(errors).length) return;
    node.ariaBusy = "true";
    try {
      await send(Object.fromEntries([...made].map(([name, field]) => [name, field.value()])));
    } catch (error) {
      refuse(error);
    } finally {
      node.ariaBusy = "false";
    }
  }

  return { node, show, field: (name) => made.get(name).node, focus: (name) => made.get(name).focus() };
}

/** The fields that differ from what is there; an empty text is none. */
export function changes(values, before) {
  const now = Object.entries(values).map(([name, value]) => [name, value.trim() || null]);
  return Object.fromEntries(now.filter(([name, value]) => value !== before[name]));
}

/** The form of the name and the address of an account. */
export function profileForm(id, account, { hint, send }) {
  return form(id, {
    fields: [
      { name: "display_name", label: t.display_name, value: account.display_name ?? "", autocomplete: "name" },
      { name: "email", label: t.email, type: "email", value: account.email ?? "", autocomplete: "email", hint },
    ],
    submit: t.save,
    places: { email_taken: "email" },
    send: (values) => send(changes(values, account)),
  }).node;
}
