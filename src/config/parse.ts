import { EvenkeelError } from "../errors.js";
import type { BuildConfig, Config, TestConfig } from "./config.js";
import { assembleEnvironment } from "./environment.js";
import { layersOf } from "./inheritance.js";
import { parseKnownHosts } from "./known-hosts.js";
import { layer } from "./layer.js";
import { problemAt, problemsOf, valueAt } from "./problems.js";
import { brokenRules, brokenTimes } from "./rules.js";
import { schema, type Written } from "./schema.js";
import { isSection } from "./section.js";
import { type Problem, readSource, type Source } from "./source.js";

export interface Where {
  /** The name of the file, for messages. */
  readonly file: string;
  /** The text of a file whose path is relative to the configuration's folder; null when there is none. */
  readonly readFile?: (path: string) => string | null;
  /** The text was made of something else, so that its lines mean nothing to anybody. */
  readonly withoutLines?: boolean;
}

/**
 * The configuration that a text says, complete with defaults.
 *
 * @throws EvenkeelError `config-invalid`, with every problem there is, each with its line and its path.
 */
export function parseConfig(text: string, where: Where): Config {
  const source = readSource(text);
  if (source.fatal) throw invalid(where, source.problems);
  const whole = schema.safeParse(source.data);
  const layered = layersOf(source.data).map((one) => ({
    ...one,
    parsed: layer.safeParse(one.merged),
    pinned: readPinned(one, source, where),
  }));
  const problems = [
    ...source.problems,
    ...(whole.success ? [] : problemsOf(whole.error.issues, source)),
    ...brokenRules(source),
  ];
  // Thousands of mistakes, once more for every environment that inherits them, help nobody.
  for (const { name, parsed, pinned, place } of problems.length > 10 * MOST_PROBLEMS ? [] : layered)
    problems.push(
      ...(parsed.success
        ? brokenTimes(parsed.data, name).map(([path, words]) => problemAt(source, place(path), words))
        : problemsOf(parsed.error.issues, source, place)),
      ...pinned.problems,
    );
  if (problems.length > 0 || !whole.success) throw invalid(where, problems);
  const written = whole.data;
  return {
    app: written.app,
    image: written.image,
    test: testOf(written),
    build: buildOf(written, source.data),
    environments: new Map(
      layered.flatMap(({ name, parsed, pinned }) => {
        const own = written.environments[name];
        if (own === undefined || !parsed.success) return [];
        return [[name, assembleEnvironment(name, written, own, parsed.data, pinned)] as const];
      }),
    ),
    file: where.file,
  };
}

/**
 * The paths that `parseConfig` will ask `readFile` for, for callers who have to fetch files beforehand. Says
 * nothing about whether the text is valid.
 */
export function filesNamedIn(text: string): readonly string[] {
  const source = readSource(text);
  const values = layersOf(source.data).map(({ own }) => valueAt(own, ["knownHosts"]));
  return [...new Set(values.filter(isFilePath))];
}

// Lines of known_hosts hold spaces; the path of a file here must not.
function isFilePath(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !/\s/.test(value.trim());
}

function readPinned(
  { name, own }: { readonly name: string; readonly own: unknown },
  source: Source,
  where: Where,
): { readonly text: string; readonly from: string; readonly problems: readonly Problem[] } {
  const value = valueAt(own, ["knownHosts"]);
  const path = ["environments", name, "knownHosts"];
  if (typeof value !== "string")
    return { text: "", from: `environments.${name}.knownHosts, which is not set`, problems: [] };
  const file = isFilePath(value) ? value.trim() : null;
  const text = file === null ? value : (where.readFile?.(file) ?? null);
  // Not a problem yet: `host-key` is asked before the file can exist, and without it no host is trusted.
  if (text === null) return { text: "", from: `${file}, which is not there`, problems: [] };
  const told = file === null ? "" : `(${file}) `;
  if (text.length > LARGEST_KNOWN_HOSTS)
    return {
      text: "",
      from: path.join("."),
      problems: [problemAt(source, path, `${told}is larger than 1 MiB`)],
    };
  const problems = parseKnownHosts(text)
    .problems.slice(0, MOST_PROBLEMS + 1)
    .map(({ line, text: words }) => problemAt(source, path, `${told}line ${line}: ${words}`));
  return { text, from: file ?? `environments.${name}.knownHosts`, problems };
}

function testOf({ test }: Written): TestConfig {
  return {
    command: test.command,
    image: test.image,
    timeoutMs: test.timeout,
    silenceMs: test.silence,
    env: test.env,
  };
}

function buildOf({ build }: Written, data: unknown): BuildConfig {
  const node = build.node;
  return {
    context: build.context,
    dockerfile: build.dockerfile ?? null,
    target: build.target ?? null,
    args: build.args,
    secretNames: build.secrets,
    platform: build.platform ?? null,
    node: {
      start: node.start ?? null,
      build: node.build ?? null,
      base: node.base,
      asked: isSection(valueAt(data, ["build", "node"])),
    },
  };
}

const MOST_PROBLEMS = 50;
const LARGEST_KNOWN_HOSTS = 1024 * 1024;

function invalid({ file, withoutLines }: Where, problems: readonly Problem[]): EvenkeelError {
  const lines = [...problems]
    .sort((a, b) => a.line - b.line)
    .map(({ line, text }) => (withoutLines ? `  ${text}` : `  ${file}:${line}: ${text}`));
  // A mistake of the whole file shows once more in every environment that inherits it.
  const distinct = [...new Set(lines)];
  const shown = distinct.slice(0, MOST_PROBLEMS);
  const count =
    distinct.length === 1
      ? "1 problem"
      : distinct.length > MOST_PROBLEMS
        ? `more than ${MOST_PROBLEMS} problems; the first of them`
        : `${distinct.length} problems`;
  return new EvenkeelError("config-invalid", [`${file} has ${count}:`, ...shown].join("\n"));
}
