/** What no single field can tell: contradictions between fields and between environments. */

import { type Layered, layersOf, MOST_ENVIRONMENTS } from "./inheritance.js";
import type { WrittenLayer } from "./layer.js";
import { ENVIRONMENT_NAME } from "./names.js";
import { problemAt, valueAt } from "./problems.js";
import { isSection } from "./section.js";
import type { Path, Problem, Source } from "./source.js";
import { formatDuration } from "./units.js";

type Finding = readonly [path: Path, sentence: string];

/** The rules look at what is written, so that a mistake elsewhere in the file does not hide them. */
export function brokenRules(source: Source): Problem[] {
  const layers = layersOf(source.data);
  const findings = [
    ...wholeFile(source.data),
    ...layers.flatMap((one) => [
      ...[...volumes(one), ...twiceNamed(one)].map(([path, words]): Finding => [one.place(path), words]),
      ...certificates(one),
    ]),
    ...claimedTwice(layers),
  ];
  return findings.map(([path, sentence]) => problemAt(source, path, sentence));
}

/** Times that cannot all be kept; looked at only where each of them is valid. */
export function brokenTimes(layer: WrittenLayer, name: string): Finding[] {
  const { health, bake, deadline } = layer;
  const proofMs = (health.passes - 1) * health.interval;
  const findings: Finding[] = [];
  if (proofMs >= health.deadline)
    findings.push([
      ["health", "deadline"],
      `is ${formatDuration(health.deadline)}, but in ${name} ${health.passes} passes, ${formatDuration(health.interval)} apart, take ${formatDuration(proofMs)} at least`,
    ]);
  if (bake.deadline < bake.duration)
    findings.push([
      ["bake", "deadline"],
      `is ${formatDuration(bake.deadline)}, but in ${name} the bake itself lasts ${formatDuration(bake.duration)}`,
    ]);
  if (deadline <= bake.duration + proofMs)
    findings.push([
      ["deadline"],
      `is ${formatDuration(deadline)}, but in ${name} the gate and the bake alone take ${formatDuration(bake.duration + proofMs)} at least`,
    ]);
  return findings;
}

function wholeFile(data: unknown): Finding[] {
  const findings: Finding[] = [];
  const environments = valueAt(data, ["environments"]);
  if (isSection(environments) && Object.keys(environments).length === 0)
    findings.push([
      ["environments"],
      "has none; expected at least one, such as production: { host: …, user: … }",
    ]);
  if (isSection(environments) && Object.keys(environments).length > MOST_ENVIRONMENTS)
    findings.push([
      ["environments"],
      `has more than ${MOST_ENVIRONMENTS}; expected a file for each few of them`,
    ]);
  // No hyphen: on the host APP-ENVIRONMENT must split in one way only.
  for (const name of Object.keys(isSection(environments) ? environments : {}))
    if (!ENVIRONMENT_NAME.test(name))
      findings.push([
        ["environments", name],
        "is not a name for an environment; expected lower-case letters and digits, at most 21, starting with a letter, without a hyphen",
      ]);
  const dockerfile = valueAt(data, ["build", "dockerfile"]);
  if (dockerfile !== undefined && valueAt(data, ["build", "node"]) !== undefined)
    findings.push([
      ["build", "node"],
      "and build.dockerfile exclude each other: the image is made either by the Dockerfile or by evenkeel; remove one",
    ]);
  return findings;
}

function volumes({ merged }: Layered): Finding[] {
  const all = listAt(merged, ["container", "volumes"]);
  const paths = new Set<unknown>();
  return all.flatMap((volume, index): Finding[] => {
    if (!isSection(volume)) return [];
    const at: Path = ["container", "volumes", index];
    const findings: Finding[] = [];
    if (volume.readOnly !== true && volume.access === undefined)
      findings.push([
        at,
        "does not say how it stands two writers, and two containers run for a while during a deploy: expected access: shared (safe for two at once) or readOnly: true",
      ]);
    if (volume.readOnly !== true && volume.access === "exclusive")
      findings.push([
        [...at, "access"],
        "is exclusive, which a blue-green deploy cannot keep: for a while two containers have the volume, and two writers would corrupt it. Keep such data in a database or another service outside the app, or declare it shared if two writers are safe",
      ]);
    if (paths.has(volume.path))
      findings.push([[...at, "path"], "is the path of an earlier volume; expected each path only once"]);
    paths.add(volume.path);
    return findings;
  });
}

function twiceNamed({ merged }: Layered): Finding[] {
  const env = valueAt(merged, ["container", "env"]);
  const names = isSection(env) ? Object.keys(env) : [];
  const secrets = new Set(listAt(merged, ["container", "secrets"]));
  return names
    .filter((name) => secrets.has(name))
    .map((name) => [
      ["container", "env", name],
      "is named under container.secrets as well; expected one of the two (a secret's value does not belong in this file)",
    ]);
}

function certificates({ name, own }: Layered): Finding[] {
  const acme = valueAt(own, ["tls"]) === "acme";
  const at: Path = ["environments", name];
  const findings: Finding[] = [];
  if (acme && listAt(own, ["domains"]).length === 0)
    findings.push([
      [...at, "tls"],
      "is acme, which needs at least one entry under domains to obtain a certificate for",
    ]);
  const given = (field: string) => valueAt(own, [field]) !== undefined;
  for (const field of ["acmeEmail", "acmeServer", "acmeServerRoot"])
    if (!acme && given(field))
      findings.push([[...at, field], "is only used with tls: acme; add that or remove this"]);
  if (acme && given("acmeServerRoot") && !given("acmeServer"))
    findings.push([[...at, "acmeServerRoot"], "is only used with acmeServer; add that or remove this"]);
  return findings;
}

/** One host has one answer for a domain. */
function claimedTwice(layers: readonly Layered[]): Finding[] {
  const claimed = new Map<string, string>();
  return layers.flatMap(({ name, own }) => {
    const host = valueAt(own, ["host"]);
    if (typeof host !== "string") return [];
    const domains = listAt(own, ["domains"]);
    const claims = domains.length === 0 ? [null] : domains;
    return claims.flatMap((domain, index): Finding[] => {
      const claim = JSON.stringify([host.toLowerCase(), domain]);
      const first = claimed.get(claim) ?? name;
      claimed.set(claim, first);
      if (first === name) return [];
      return domain === null
        ? [
            [
              ["environments", name],
              `has no domains, and neither has ${first} on the same host: both would take every request; expected domains for one of them`,
            ],
          ]
        : [
            [
              ["environments", name, "domains", index],
              `is ${String(domain)}, which ${first} has on the same host; expected each domain once per host`,
            ],
          ];
    });
  });
}

function listAt(data: unknown, path: Path): readonly unknown[] {
  const value = valueAt(data, path);
  return Array.isArray(value) ? value : [];
}
