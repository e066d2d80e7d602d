// What the page says, in its language.

const { lang } = document.documentElement;
const files = document.body.dataset.page === "console" ? [`./${lang}.js`, `./console.${lang}.js`] : [`./${lang}.js`];
const texts = await Promise.all(files.map((file) => import(file)));

/** The texts by their keys, as in the language's file. */
export const t = Object.assign({}, ...texts.map((file) => file.default));

/** What is wrong with a field, said by the server; as it is where there are no words for it. */
export function message(sentence) {
  const [number] = sentence.match(/\d+/) ?? [];
  const known = t.messages[sentence] ?? t.messages[sentence.replace(number, "#")];
  return known?.replace("#", number) ?? sentence;
}
