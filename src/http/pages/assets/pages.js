// What forms get where scripts run: a button that shows a password, and how strong a new one is.
// Everything else works without.

// A one-time token must not stay in the address, where it is bookmarked and kept in the history.
if (location.search.includes("token=")) history.replaceState(null, "", location.pathname);

function showing(root, button) {
  const input = root.querySelector(`#${button.dataset.shows}`);
  const { show, hide, label } = button.dataset;
  const shown = (yes) => {
    input.type = yes ? "text" : "password";
    button.textContent = yes ? hide : show;
    button.setAttribute("aria-label", `${button.textContent}: ${label}`);
  };
  shown(false);
  button.hidden = false;
  button.addEventListener("click", () => shown(input.type === "password"));
  // A password that is shown is no password to the browser's own store.
  input.form.addEventListener("submit", () => shown(false));
}

// Characters that do not follow from the one before: the same again, or its neighbour ("abc", "321").
const surprising = (characters) => {
  const codes = characters.map((character) => character.toLowerCase().codePointAt(0));
  return codes.filter((code, at) => at === 0 || Math.abs(code - codes[at - 1]) > 1).length;
};

// An estimate for the eye, 0 to 4; the server knows the lists of common passwords and decides.
const level = (text, least, names) => {
  const characters = [...text];
  if (characters.length < least) return 0;
  const lower = text.toLowerCase();
  if (names.some((name) => name.length > 2 && lower.includes(name))) return 1;
  const worth = Math.min(surprising(characters), 2 * new Set(lower).size);
  return worth < 8 ? 1 : worth < 12 ? 2 : worth < 16 ? 3 : 4;
};

function measuring(root, input) {
  const told = root.querySelector(`#${input.dataset.strength}`);
  input.addEventListener("input", () => {
    const others = [...input.form.elements].filter((one) => one.name === "username" || one.name === "email");
    const names = others.map((one) => one.value.toLowerCase().split("@")[0]);
    const now = level(input.value, Number(input.dataset.least), names);
    told.hidden = input.value === "";
    told.dataset.level = now;
    const words = told.getAttribute(`data-${now}`);
    if (told.textContent !== words) told.textContent = words;
  });
}

/** Gives the forms in `root` what they get. */
export function aid(root) {
  for (const button of root.querySelectorAll("[data-shows]")) showing(root, button);
  for (const input of root.querySelectorAll("[data-strength]")) measuring(root, input);
}

aid(document);
