import type { StepKind, StepOf } from "../core/model.js";
import { spell } from "./spell.js";
import { type Tail, type TailSpelling, tailMark } from "./tail.js";
import type { Spelling, Vocabulary } from "./vocabulary.js";

/** What is asked of an account with a forced command, in place of a shell. sshd runs what stands before the key. */
export const forcedCommand = "evenkeel host";

/** Exit code of an opening that the forced command refuses; its standard error says why. */
export const REFUSED = 77;

/** How a call introduces itself, so that what this key may not do is refused before anything is touched. */
export interface Introduction {
  /** Of the caller's evenkeel: the host spells the steps, and the caller reads the answers. */
  readonly version: string;
  readonly app: string;
  readonly environment: string;
  /** Where the images come from. */
  readonly repository: string;
}

/**
 * How a request travels in place of a framed script: JSON has no line end in it, and a line that was cut is none.
 *
 * @param nonce as for `frame`, in hexadecimal.
 */
export function requestLine(json: string, nonce: string): string {
  return `${nonce} ${json}\n`;
}

/** A step as data, with only those secrets that it needs. The answer is read as ever. */
export function request<K extends StepKind>(step: StepOf<K>, vocabulary: Vocabulary): Spelling<K> {
  const { secrets, registryLogin } = vocabulary;
  const asked = {
    step,
    ...(step.kind === "stage" ? { secrets: Object.fromEntries(secrets) } : {}),
    ...(step.kind === "pull" && registryLogin !== null ? { registryLogin } : {}),
  };
  return { script: JSON.stringify(asked), parse: spell(step, vocabulary).parse };
}

/** As `tail`, for a host with a forced command. */
export function tailRequest(introduction: Introduction, asked: Tail, nonce: string): TailSpelling {
  return { script: requestLine(JSON.stringify({ introduction, tail: asked }), nonce), mark: tailMark(nonce) };
}
