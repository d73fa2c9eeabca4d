/** What came back for a framed script. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/**
 * How a script travels over a shell that reads its commands from a connection. It stands inside one
 * brace group, which a shell parses to its end before it runs any of it: a text that the network cut at
 * any byte does nothing.
 *
 * @param nonce letters and digits that nothing on the host can guess, another one for each frame.
 * @throws RangeError when the nonce is not of that kind.
 */
export function frame(script: string, nonce: string): string {
  if (!/^[A-Za-z0-9]{16,}$/.test(nonce)) throw new RangeError("a nonce is 16 or more letters and digits");
  return `{ (
${script}
) </dev/null; ek_code=$?; printf '\\n%s %s\\n' ${nonce} "$ek_code"; printf '\\n%s\\n' ${nonce} >&2; }
`;
}

/** What ends a script's output: before its exit code on standard output, alone on standard error. */
export function mark(nonce: string): string {
  return `\n${nonce}`;
}
