import { EvenkeelError } from "../../errors.js";

/** An image's name taken apart as Docker reads it. */
export interface ImageReference {
  /** As it stands in the name; `docker.io` where it has none. */
  readonly registry: string;
  /** Where that registry's API answers. */
  readonly apiHost: string;
  /** With `library/` for the official images of Docker Hub. */
  readonly repository: string;
  readonly tag: string | null;
  /** `sha256:…` */
  readonly digest: string | null;
}

/**
 * Reads `repository`, `repository:tag`, `repository@sha256:…` or `repository:tag@sha256:…`.
 *
 * @throws EvenkeelError `usage` when it is none of these.
 */
export function parseReference(text: string): ImageReference {
  const match = /^([a-zA-Z0-9._:/-]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text);
  const name = match?.[1];
  if (match === null || name === undefined) throw unreadable(text);
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const registry = hasHost ? first : "docker.io";
  const path = hasHost ? rest.join("/") : name;
  if (!/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(path)) throw unreadable(text);
  const isHub = registry === "docker.io" || registry === "index.docker.io";
  return {
    registry,
    apiHost: isHub ? "registry-1.docker.io" : registry,
    repository: isHub && !path.includes("/") ? `library/${path}` : path,
    tag: match[2] ?? null,
    digest: match[3] ?? null,
  };
}

function unreadable(text: string): EvenkeelError {
  return new EvenkeelError("usage", `"${text}" is not the name of an image.`, {
    why: "An image is named repository:tag or repository@sha256:… with 64 hexadecimal digits.",
    next: "Correct the name.",
  });
}
