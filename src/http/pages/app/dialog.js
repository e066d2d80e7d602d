// Questions in front of the page. The browser keeps the focus in them and gives it back.

import { button, el, fill, pieces, tell } from "./dom.js";
import { form } from "./form.js";
import { t } from "./texts.js";
import { when } from "./time.js";

/** Shows what `content` makes in front of the page; it gets what closes it again. */
function open(title, content) {
  const heading = el("h2", { id: "dialog-title" }, title);
  const dialog = el("dialog", { "aria-labelledby": heading.id }, heading);
  dialog.append(...content(() => dialog.close()));
  dialog.addEventListener("close", () => {
    dialog.remove();
    // What had the focus before may be gone by now.
    if (document.activeElement === document.body) document.querySelector("h1").focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Asks before something is done. `send` does it with the values of `fields`; what it throws is
 * shown in the dialog, which stays. With `typed` that text has to be typed first.
 */
export function ask({ title, text, action, kind, fields = [], typed, send, places }) {
  const about = [text ?? []].flat().map((line) => el("p", {}, line));
  const proof = typed && { name: "typed", label: fill(t.type_to_confirm, { text: typed }) };
  let made;
  open(title, (close) => {
    made = form("dialog", {
      fields: [...about, ...fields, ...(proof ? [proof] : [])],
      submit: action,
      kind,
      places,
      cancel: close,
      send: async (values) => {
        if (typed && values.typed.trim() !== typed) return made.show({ typed: t.typed_wrong });
        await send(values);
        close();
      },
    });
    return [made.node];
  });
  return made;
}

/** Puts a text on the clipboard, also where the page is not served over TLS. */
async function copy(input) {
  input.select();
  try {
    await navigator.clipboard.writeText(input.value);
  } catch {
    document.execCommand("copy");
  }
  tell(t.copied);
}

/** Shows a one-time link, which nobody can see again. */
export function showLink(title, text, { link, expires_at: end }) {
  open(title, (close) => {
    const input = el("input", { id: "link", readonly: true, value: link });
    return [
      el("p", {}, text),
      el("div", { class: "field" }, el("label", { for: "link" }, t.link), input),
      el("p", { class: "hint" }, pieces(t.link_ends, { time: when(end) })),
      el("div", { class: "buttons" }, button(t.copy, () => copy(input)), button(t.done_reading, close, { class: "quiet" })),
    ];
  });
}
