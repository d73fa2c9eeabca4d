/** Looks for secrets wherever they should not be, in every form in which they could have been written down. */

export type Secrets = Readonly<Record<string, string>>;

/** Names of the secrets that a text holds, each with the form it is there in: `TOKEN as base64`. */
export function leaksIn(text: string | Buffer, secrets: Secrets): readonly string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    Object.entries(formsOf(secret))
      .filter(([, forms]) => forms.some((form) => text.includes(form)))
      .map(([form]) => `${name} as ${form}`),
  );
}

/** What `grep -F -f` looks for: every form of every secret, one to a line. */
export function patternsOf(secrets: Secrets): string {
  const forms = Object.values(secrets).flatMap((secret) => Object.values(formsOf(secret)).flat());
  return `${[...new Set(forms)].join("\n")}\n`;
}

/** What would give a secret away, even cut or with its line breaks changed, by the form it is written in. */
function formsOf(secret: string): Readonly<Record<string, readonly string[]>> {
  const pieces = secret
    .split(/[\r\n]+/)
    .map((piece) => Array.from(piece).slice(0, 60).join(""))
    // Shorter ones stand in many a text that has nothing to do with them.
    .filter((piece) => piece.length >= 12 && !piece.startsWith("-----"));
  const each = (form: (piece: string) => readonly string[]) => [...new Set(pieces.flatMap(form))];
  const others = (form: (piece: string) => readonly string[]) =>
    each((piece) => form(piece).filter((written) => written !== piece));
  const hex = (piece: string) => Buffer.from(piece).toString("hex");
  return {
    "it is": pieces,
    JSON: others((piece) => [JSON.stringify(piece).slice(1, -1)]),
    "part of an address": others((piece) => [
      encodeURIComponent(piece),
      new URLSearchParams({ piece }).toString().slice(6),
    ]),
    hexadecimal: each((piece) => [hex(piece), hex(piece).toUpperCase()]),
    base64: each((piece) => [...inBase64(piece, "base64"), ...inBase64(piece, "base64url")]),
  };
}

/** At each of the three places that it can have in what was encoded, without the characters that it shares. */
function inBase64(piece: string, alphabet: "base64" | "base64url"): readonly string[] {
  const bytes = Buffer.from(piece);
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString(alphabet);
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
}
