import type { Answers, Key, StepKind } from "../core/model.js";
import type { Output } from "./frame.js";

/** What spelling a step needs besides the step. */
export interface Vocabulary {
  readonly key: Key;
  /** Values of the release's secrets; they leave this process only inside a script, never as an argument. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly registryLogin: RegistryLogin | null;
  /** Image of the proxy and the guardian with its exact version, such as `caddy:2.11.9`. */
  readonly proxyImage: string;
  /** Absolute folder for all state on the host; null for `$HOME/.evenkeel` of the deploy user. */
  readonly root: string | null;
}

export interface RegistryLogin {
  /** As it stands before the first slash of an image; `docker.io` for Docker Hub. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

/** A step as a host understands it. */
export interface Spelling<K extends StepKind> {
  /** POSIX shell text that needs `prelude` and is sent in a frame. */
  readonly script: string;
  /** @throws EvenkeelError `docker-unavailable` where the answer has no place for a failure. */
  readonly parse: (output: Output) => Answers[K] | "fenced";
}
