/** Names of things outside evenkeel: hosts, domains, images, paths. */
import { z } from "zod";
import { text } from "./fields.js";

export const ENVIRONMENT_NAME = /^[a-z][a-z0-9]{0,20}$/;
const DOCKER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const VOLUME_NAME = /^(?!evenkeel-)[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const REPOSITORY =
  /^(?=.{1,255}$)(?:(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|\[[0-9a-f:]+\])(?::\d{1,5})?\/|[a-z0-9-]+:\d{1,5}\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const IMAGE = /^[a-z0-9[][\w.:/@[\]-]*$/;
const HOST =
  /^(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*\.?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?)$/;
const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const URL_PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]{0,199}$/;
// Neither may mean anything to the proxy's own configuration, in which they stand as they are.
const EMAIL = /^[^\s@{}"'`]+@[^\s@{}"'`]+$/;
const ACME_DIRECTORY = /^https:\/\/[^\s/{}"'`#]+(?:\/[^\s{}"'`#]*)?$/;
const ABSOLUTE_PATH = /^\/(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^\s:,"'\\]*[^\s:,"'\\/]$/;
const RELATIVE_PATH = /^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\0\n]+$/;

export function repository() {
  return z
    .string({ error: "a repository, such as registry.example.com/team/shop" })
    .regex(REPOSITORY, { error: (issue) => bareRepository(issue.input) });
}

export function image() {
  return text("an image, such as node:24-bookworm-slim", IMAGE);
}

/** The name of a network or a stage, as Docker allows it. */
export function dockerName(what: string) {
  return text(`${what}: letters, digits, _, . and -`, DOCKER_NAME);
}

/** The name of a volume. Those of evenkeel hold the keys of every certificate on the host. */
export function volumeName() {
  return text(
    "a volume's name: letters, digits, _, . and -, and none of evenkeel's own (evenkeel-…)",
    VOLUME_NAME,
  );
}

export function host() {
  return z
    .string({ error: (issue) => oneHost(issue.input) })
    .regex(HOST, { error: (issue) => bareHost(issue.input) });
}

export function domain() {
  return z
    .string({ error: "a domain, such as shop.example.com" })
    .regex(DOMAIN, { error: (issue) => bareDomain(issue.input) });
}

export function emailAddress() {
  return text("an e-mail address", EMAIL);
}

export function acmeDirectory() {
  return text(
    "the https address of an ACME directory, such as https://ca.example.com/acme/directory",
    ACME_DIRECTORY,
  );
}

/** The path of a request, with characters that mean nothing to the proxy's own configuration. */
export function urlPath() {
  return text("a path, such as /health", URL_PATH);
}

export function absolutePath(where: string, example: string) {
  return text(`an absolute path ${where}, such as ${example}`, ABSOLUTE_PATH);
}

/** A path that does not leave its folder. */
export function relativePath(expected: string) {
  return text(expected, RELATIVE_PATH);
}

function oneHost(found: unknown): string {
  if (!Array.isArray(found)) return "a host's name or address, such as 203.0.113.7";
  return found.length > 1
    ? "exactly one host: blue-green on several hosts at once would need one decision for all of them, which does not exist yet. Give each host an environment of its own"
    : "exactly one host, written without the list";
}

function bareHost(found: unknown): string {
  const written = String(found);
  if (written.includes("://"))
    return "a host's name or address without a scheme; the connection is always SSH";
  if (written.includes("@")) return "a host's name or address alone; the account goes under `user`";
  if (/^[^:]+:\d+$/.test(written)) return "a host's name or address alone; the port goes under `port`";
  return "a host's name or address, such as 203.0.113.7";
}

function bareDomain(found: unknown): string {
  const written = String(found);
  if (written.includes("*")) return "a domain without wildcards; name each one";
  if (written.includes("://") || /[/:]/.test(written)) return "a domain alone, without scheme, port or path";
  if (/^[\x21-\x7e]+$/.test(written) === false) return "a domain in ASCII (xn--… for other scripts)";
  return "a domain in lower case, such as shop.example.com";
}

function bareRepository(found: unknown): string {
  const written = String(found);
  if (written.includes("://")) return "a repository without a scheme, such as registry.example.com/team/shop";
  if (written.includes("@")) return "a repository without a digest: each deploy chooses its image by digest";
  if (/:[^/]*$/.test(written)) return "a repository without a tag: the tag is the commit";
  if (/[A-Z]/.test(written)) return "a repository in lower case";
  return "a repository, such as registry.example.com/team/shop";
}
