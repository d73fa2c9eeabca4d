import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { EvenkeelError, printableLine } from "../../errors.js";
import { type Clock, systemClock } from "../clock.js";
import { authorize, type RegistryLogin, readChallenge } from "./authorization.js";
import type { ImageReference } from "./reference.js";
import { createTransport, type HttpAnswer, type HttpQuestion } from "./transport.js";

export interface RegistryOptions {
  readonly login?: RegistryLogin | null;
  /** Registries, as they stand in image names, that may be spoken to without encryption. Loopback always may. */
  readonly plainHttp?: readonly string[];
  /** Whether every registry at a private address (RFC 1918, RFC 4193) may be, too. */
  readonly plainHttpAtPrivateAddresses?: boolean;
  /** For one request. Default 15 s. */
  readonly timeoutMs?: number;
  /** For all tries of a request together. Default 60 s. */
  readonly totalMs?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

export interface RegistryQuestion {
  readonly method: "GET" | "HEAD" | "PUT" | "POST";
  /** Below `/v2/REPOSITORY/`, or the whole address that the registry named for an upload. */
  readonly path: string;
  readonly accept?: string;
  readonly content?: { readonly type: string; readonly bytes: Buffer };
}

/** Talks with one registry about one repository, and logs in when it is asked to. */
export interface Conversation {
  /** Any answer but 401, 403, 429 and 5xx. */
  ask(question: RegistryQuestion): Promise<HttpAnswer>;
}

/** Opens a conversation for as long as `work` takes. */
export async function converse<T>(
  image: ImageReference,
  access: "pull" | "pull,push",
  options: RegistryOptions,
  work: (conversation: Conversation) => Promise<T>,
): Promise<T> {
  const transport = createTransport({
    clock: options.clock ?? systemClock,
    timeoutMs: options.timeoutMs ?? 15_000,
    totalMs: options.totalMs ?? 60_000,
    signal: options.signal,
  });
  const login = options.login ?? null;
  const scope = `repository:${image.repository}:${access}`;
  const mayBePlain = isPlainAllowed(image.registry, options);
  let protocol: "https" | "http" | null = mayBePlain ? null : "https";
  let authorization: string | null = null;

  const send = async ({ method, path, accept, content }: RegistryQuestion): Promise<HttpAnswer> => {
    // Encrypted first, also where it need not be: that is how a registry that learned it is noticed.
    protocol ??= (await transport.reaches(new URL(`https://${image.apiHost}/v2/`))) ? "https" : "http";
    const home = new URL(`${protocol}://${image.apiHost}/v2/${image.repository}/`);
    const url = new URL(path, home);
    const question: HttpQuestion = {
      method,
      url,
      headers: {
        ...(accept === undefined ? {} : { accept }),
        ...(content === undefined ? {} : { "content-type": content.type }),
        // What takes an upload may be another server, which must not be told the password.
        ...(authorization === null || url.origin !== home.origin ? {} : { authorization }),
      },
      ...(content === undefined ? {} : { body: content.bytes }),
    };
    return follow(transport.ask, question, mayBePlain);
  };

  const ask = async (question: RegistryQuestion): Promise<HttpAnswer> => {
    const answer = await send(question);
    const challenge = answer.status === 401 ? readChallenge(answer.headers["www-authenticate"]) : null;
    if (challenge === null || authorization !== null) return accepted(answer, image);
    authorization = await authorize(challenge, login, scope, transport, { host: image.registry, mayBePlain });
    return accepted(await send(question), image);
  };

  try {
    return await work({ ask });
  } finally {
    await transport.close();
  }
}

/** `sha256:…` of some bytes. */
export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function accepted(answer: HttpAnswer, image: ImageReference): HttpAnswer {
  if (answer.status !== 401 && answer.status !== 403) return answer;
  const words = printableLine(answer.body.toString("utf8"), 300);
  throw new EvenkeelError(
    "registry-denied",
    `${image.registry} answered ${answer.status} for ${image.repository}${words === "" ? "" : `: ${words}`}`,
  );
}

const MOST_REDIRECTS = 5;

// Blobs often lie elsewhere, and what lies there must not be told the password.
async function follow(
  send: (question: HttpQuestion) => Promise<HttpAnswer>,
  question: HttpQuestion,
  mayBePlain: boolean,
): Promise<HttpAnswer> {
  let current = question;
  for (let hops = 0; ; hops++) {
    const answer = await send(current);
    const location = answer.headers.location;
    const isRedirect = [301, 302, 303, 307, 308].includes(answer.status) && typeof location === "string";
    if (!isRedirect || question.method === "PUT" || question.method === "POST") return answer;
    const url = URL.parse(location, current.url.href);
    if (url === null || hops >= MOST_REDIRECTS || (url.protocol !== "https:" && !mayBePlain)) {
      throw new EvenkeelError(
        "registry-unreachable",
        `${question.url.host} redirects to where it is not followed: ${printableLine(location, 100).split("?")[0]}`,
      );
    }
    const { authorization: _, ...others } = current.headers;
    current = { ...current, url, headers: url.origin === current.url.origin ? current.headers : others };
  }
}

/** Whether a registry, as it stands in an image's name, may be spoken to without encryption. */
export function isPlainAllowed(registry: string, options: RegistryOptions): boolean {
  const host = registry.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  if (host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))) return true;
  if (options.plainHttp?.includes(registry) === true) return true;
  return options.plainHttpAtPrivateAddresses === true && isPrivate(host);
}

function isPrivate(host: string): boolean {
  if (isIP(host) === 4) return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host);
  return isIP(host) === 6 && /^f[cd]/i.test(host);
}
