import { z } from "zod";
import { json as parseJson } from "../commands/answer.js";
import { frame } from "../commands/frame.js";
import { keyName, proxyImage } from "../commands/names.js";
import { sh } from "../commands/quote.js";
import { REFUSED } from "../commands/request.js";
import { hostFiles } from "../commands/site.js";
import { spell } from "../commands/spell.js";
import { tail } from "../commands/tail.js";
import type { Key, Step } from "../core/model.js";
import { line, readStep, slot } from "./steps.js";

/** What one key may do on this host. Whoever administers the host writes it before the key. */
export interface Allowed {
  readonly app: string;
  readonly environment: string;
  /** Images of this repository, and of no other. */
  readonly repository: string;
  /** Null: every domain that no other app of the host has. */
  readonly domains: readonly string[] | null;
  /** Files of the host that the proxy may be given as a certificate, its key, or what an authority is trusted by. */
  readonly certificates: readonly string[];
  /** Of the evenkeel on this host. */
  readonly version: string;
}

/**
 * Reads what the far end of a connection asks for, line by line, and says it to a shell of this host: steps of
 * a deploy and what a container wrote, of one app, and nothing else. It holds no state but whether the far end
 * has introduced itself; what may be done is decided by the text alone, and what is done by the same scripts
 * that a runner without a forced command sends.
 *
 * @returns the text for the shell. It answers there, so that answers come in the order of the requests.
 * @throws RangeError when the line is no request; nothing more is to be read then.
 */
export function createInterpreter(allowed: Allowed): (line: string) => string {
  let introduced = false;
  return (line) => {
    const { nonce, said } = parts(line);
    const hello = opening.safeParse(said);
    if (hello.success) {
      const refusal = refuseCaller(hello.data.introduction, allowed);
      introduced = refusal === null;
      const asked = hello.data.tail;
      // Nothing may come after a tail, so that its refusal ends the conversation.
      if (asked !== undefined)
        return refusal === null ? tail(allowed, null, asked, nonce).script : `{ ${refuse(refusal)}; }\n`;
      return frame(refusal === null ? ":" : refuse(refusal), nonce);
    }
    if (!introduced) throw new RangeError("the far end has not introduced itself");
    return frame(scriptFor(request.parse(said), allowed), nonce);
  };
}

const opening = z.strictObject({
  introduction: z.strictObject({ version: line, app: line, environment: line, repository: line }),
  tail: z
    .strictObject({
      slot: slot.nullable(),
      lines: z.int().min(0).max(1_000_000).nullable(),
      since: z
        .string()
        .regex(/^[\dTZ:.+-]+s?$/)
        .nullable(),
      follow: z.boolean(),
    })
    .optional(),
});
const request = z.strictObject({
  step: z.unknown(),
  secrets: z.record(z.string(), z.string()).prefault({}),
  registryLogin: z
    .strictObject({ registry: line, username: line, password: z.string() })
    .nullable()
    .prefault(null),
});

function parts(text: string): { readonly nonce: string; readonly said: unknown } {
  const [, nonce = "", json = ""] = /^([0-9a-f]{24,64}) (\{.*\})$/s.exec(text) ?? [];
  // What is wrong with it is not told: the parser would quote it, and it may hold secrets.
  const said = parseJson(json);
  if (nonce === "" || said === null) throw new RangeError("this is no request of evenkeel");
  return { nonce, said };
}

function scriptFor(asked: z.output<typeof request>, allowed: Allowed): string {
  const step = readStep(asked.step);
  const refusal = refuseStep(step, allowed);
  if (refusal !== null) return sh`ek_fail step-failed ${refusal}`;
  const { script } = spell(step, {
    key: allowed,
    secrets: new Map(Object.entries(asked.secrets)),
    registryLogin: asked.registryLogin,
    proxyImage,
    root: null,
  });
  return step.kind === "retire" || step.kind === "logs"
    ? ownContainer(step.containerId, allowed) + script
    : script;
}

/** The proxy's id is told to everybody, and who stops that stops every app. A container that is gone is the step's own affair. */
function ownContainer(id: string, key: Key): string {
  return sh`ek_of=$(docker container inspect --format '{{index .Config.Labels "evenkeel.key"}}' ${id} 2>/dev/null) && [ "$ek_of" != ${keyName(key)} ] && ek_fail container-gone 'this container is none of the app that this key deploys'
`;
}

function refuseCaller(caller: z.output<typeof opening>["introduction"], allowed: Allowed): string | null {
  if (caller.version !== allowed.version)
    return `this host has evenkeel ${allowed.version}, and the call comes from ${caller.version}: install the same version here (npm install --global evenkeel@${caller.version})`;
  if (caller.app !== allowed.app || caller.environment !== allowed.environment)
    return `this key deploys ${allowed.app} to ${allowed.environment}, not ${caller.app} to ${caller.environment}`;
  if (caller.repository !== allowed.repository)
    return `this key deploys images of ${allowed.repository}, not of ${caller.repository}`;
  return null;
}

function refuseStep(step: Step, { repository, domains, certificates }: Allowed): string | null {
  const image = step.kind === "pull" ? step.image : "release" in step ? step.release.image : null;
  if (image !== null && image.replace(/@.*/, "") !== repository)
    return `this key deploys images of ${repository}, not ${image}`;
  if (step.kind !== "route") return null;
  // The proxy serves every app with a certificate that it is given by any, and any file could hold one.
  const files = hostFiles(step.site).filter((path) => !certificates.includes(path));
  if (files.length > 0)
    return `this key gives the proxy no ${files.join(", ")}: name each of its files in --certificates before the key`;
  if (domains === null) return null;
  const others = step.site.domains.filter((domain) => !domains.includes(domain));
  if (others.length > 0) return `this key has the domains ${domains.join(", ")}, not ${others.join(", ")}`;
  // Without any, the app would get the requests of all that nobody else claims.
  return step.site.domains.length === 0 ? `this key has the domains ${domains.join(", ")} only` : null;
}

function refuse(message: string): string {
  return sh`printf '%s\n' ${message} >&2; exit ${REFUSED}`;
}
