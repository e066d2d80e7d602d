/** The text of an answer that is no longer than this; throws when it is. */
export async function bounded(response, most) {
  let size = 0;
  const parts = [];
  for await (const part of response.body) {
    if ((size += part.length) > most) throw new Error("too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
