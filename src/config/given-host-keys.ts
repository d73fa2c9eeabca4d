import { EvenkeelError } from "../errors.js";
import type { Config, Environment } from "./config.js";
import { fingerprint, type KnownHost, parseKnownHosts, pinsFor } from "./known-hosts.js";

/**
 * The configuration whose hosts may show the keys of `text`, which is in the form of known_hosts. Where the
 * configuration pins a host's keys itself, those are all there are, so that nobody who may only start a
 * deploy can make it trust another machine: a call may repeat them, and only revoke beyond that.
 *
 * @throws EvenkeelError `usage` for a line that cannot be read, or for another key than the pinned one
 */
export function withKnownHosts(config: Config, text: string): Config {
  if (text.trim() === "") return config;
  const given = parseKnownHosts(text);
  const problems = [
    ...given.problems.map((problem) => `line ${problem.line}: ${problem.text}`),
    ...[...config.environments.values()].flatMap((environment) =>
      contradictions(environment, given.entries, config.file),
    ),
  ];
  if (problems.length > 0)
    throw new EvenkeelError(
      "usage",
      ["The host keys given with the call cannot be used:", ...problems.slice(0, MOST_PROBLEMS)].join("\n  "),
      {
        why: "They are lines of known_hosts, and keys that the configuration pins are not replaced by a call.",
        next: "Correct the lines, or take them out of one of the two places. Compare a fingerprint with the machine itself first.",
      },
    );
  const environments = [...config.environments].map(
    ([name, environment]) => [name, alsoTrusting(environment, text)] as const,
  );
  return { ...config, environments: new Map(environments) };
}

function contradictions(
  { name, host }: Environment,
  given: readonly KnownHost[],
  file: string,
): readonly string[] {
  const place = { host: host.address, port: host.port };
  const own = pinsFor(parseKnownHosts(host.knownHosts).entries, place);
  return pinsFor(given, place)
    .filter(({ keyType, key }) => {
      const alike = own.filter((entry) => entry.keyType === keyType);
      return alike.length > 0 && !alike.some((entry) => entry.key === key);
    })
    .map(
      ({ line, keyType, key }) =>
        `line ${line}: the ${keyType} key ${fingerprint(key)}, but for ${name} ${file} pins ${own
          .filter((entry) => entry.keyType === keyType)
          .map((entry) => fingerprint(entry.key))
          .join(" and ")}`,
    );
}

function alsoTrusting(environment: Environment, text: string): Environment {
  const { host } = environment;
  const place = { host: host.address, port: host.port };
  const own = parseKnownHosts(host.knownHosts).entries;
  const pinned = pinsFor(own, place).length > 0;
  const added = pinned ? text.replace(/^[ \t]*(?!@revoked)\S.*$/gm, "") : text;
  const from = pinned ? host.knownHostsFrom : GIVEN;
  return {
    ...environment,
    host: { ...host, knownHosts: `${host.knownHosts}\n${added}`, knownHostsFrom: from },
  };
}

const GIVEN = "the call";
const MOST_PROBLEMS = 20;
