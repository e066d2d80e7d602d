// Times in words, with the exact time on hover. The words follow the clock.

const { lang } = document.documentElement;
// The page's language as it is written where the browser is from: "en-GB" for "en".
const locale = navigator.languages.find((one) => one.split("-")[0] === lang) ?? lang;
const relative = new Intl.RelativeTimeFormat(lang);
const now = new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(0, "second");
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
const UNITS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** A time (as the API writes it, or in milliseconds) to the second. */
export const exactly = (time) => exact.format(new Date(time));

/** How far a time (in milliseconds) is from another: "3 hours ago", "in 12 minutes". */
export function words(time, from = Date.now()) {
  const seconds = (time - from) / 1000;
  const size = Math.abs(seconds);
  const found = UNITS.find(([, length]) => size >= length * 0.95);
  return found ? relative.format(Math.round(seconds / found[1]), found[0]) : now;
}

/** A span in words: "2 minutes". Rounded up. */
export function span(seconds) {
  const [unit, length] = UNITS.slice(3).find(([, length]) => seconds >= length) ?? ["second", 1];
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long" }).format(Math.ceil(seconds / length));
}

/** The element of such a time. */
export function when(time) {
  const date = new Date(time);
  const node = document.createElement("time");
  node.dateTime = date.toISOString();
  node.title = exactly(date);
  node.textContent = words(date);
  return node;
}

setInterval(() => {
  for (const node of document.querySelectorAll("time")) {
    const text = words(new Date(node.dateTime));
    if (node.textContent !== text) node.textContent = text;
  }
}, 20_000);
