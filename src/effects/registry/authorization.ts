import { EvenkeelError } from "../../errors.js";
import type { HttpAnswer, Transport } from "./transport.js";

export interface RegistryLogin {
  readonly username: string;
  readonly password: { reveal(): string };
}

/** What a registry asks for with 401 (distribution spec; RFC 9110, section 11). */
export interface Challenge {
  readonly scheme: "bearer" | "basic";
  readonly parameters: Readonly<Record<string, string>>;
}

export function readChallenge(header: string | string[] | undefined): Challenge | null {
  const text = Array.isArray(header) ? header.join(", ") : (header ?? "");
  const bearer = /\bbearer\s+(.*)$/i.exec(text)?.[1];
  if (bearer !== undefined) return { scheme: "bearer", parameters: readParameters(bearer) };
  return /\bbasic\b/i.test(text) ? { scheme: "basic", parameters: {} } : null;
}

/**
 * The value of an `authorization` header that answers a challenge; a token is fetched where one is wanted.
 *
 * @throws EvenkeelError `registry-denied` when the login is refused, missing, or would cross the network
 *   in the clear.
 */
export async function authorize(
  challenge: Challenge,
  login: RegistryLogin | null,
  scope: string,
  transport: Transport,
  site: { readonly host: string; readonly mayBePlain: boolean },
): Promise<string> {
  if (challenge.scheme === "basic") {
    if (login !== null) return basic(login);
    throw new EvenkeelError(
      "registry-denied",
      `${site.host} asks for a user name and a password; none is given.`,
    );
  }
  const realm = URL.parse(challenge.parameters.realm ?? "");
  if (realm === null || !/^https?:$/.test(realm.protocol)) {
    throw new EvenkeelError("registry-denied", `${site.host} does not say where its tokens are given out.`);
  }
  if (login !== null && realm.protocol === "http:" && !site.mayBePlain) {
    throw new EvenkeelError(
      "registry-denied",
      `${site.host} wants the password to be sent unencrypted to ${realm.host}; it was not sent.`,
    );
  }
  const { service } = challenge.parameters;
  if (service !== undefined) realm.searchParams.set("service", service);
  realm.searchParams.set("scope", scope);
  const answer = await transport.ask({
    method: "GET",
    url: realm,
    headers: { accept: "application/json", ...(login === null ? {} : { authorization: basic(login) }) },
  });
  const token = readToken(answer);
  if (token !== null) return `Bearer ${token}`;
  throw new EvenkeelError(
    "registry-denied",
    login === null
      ? `${realm.host} gives no token without a login (answer ${answer.status}).`
      : `${realm.host} refused the login of ${login.username} (answer ${answer.status}).`,
  );
}

function readToken(answer: HttpAnswer): string | null {
  if (answer.status !== 200) return null;
  try {
    const body: unknown = JSON.parse(answer.body.toString("utf8"));
    const { token, access_token } = body as { token?: unknown; access_token?: unknown };
    const found = token ?? access_token;
    return typeof found === "string" && /^[\x21-\x7e]+$/.test(found) ? found : null;
  } catch {
    return null;
  }
}

function basic(login: RegistryLogin): string {
  return `Basic ${Buffer.from(`${login.username}:${login.password.reveal()}`).toString("base64")}`;
}

function readParameters(text: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [, name = "", quoted, plain] of text.matchAll(/([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)) {
    parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "";
  }
  return parameters;
}
