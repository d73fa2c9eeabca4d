/**
 * The one description of evenkeel.yaml: the types, the defaults, the explanations and the JSON Schema that
 * editors use all come from here.
 */
import { z } from "zod";
import {
  commandLine,
  duration,
  listOf,
  size,
  text,
  variableName,
  variables,
  wholeNumber,
  words,
  yesOrNo,
} from "./fields.js";

const NODE_IMAGE = "node:24-bookworm-slim";
const DOCKER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const REPOSITORY =
  /^(?:(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|\[[0-9a-f:]+\])(?::\d{1,5})?\/|[a-z0-9-]+:\d{1,5}\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const IMAGE = /^[a-z0-9[][\w.:/@[\]-]*$/;
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*\.?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?)$/;
const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const URL_PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]{0,199}$/;
const INSIDE_PATH = /^\/(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^\s:,"'\\]*[^\s:,"'\\/]$/;
const RELATIVE_PATH = /^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\0\n]+$/;

const test = section("How the commit is tested. Nothing is built unless this passed.", {
  command: commandLine()
    .describe("The project's own test command: a line for a shell, or a list of words.")
    .prefault("npm test"),
  image: text("an image, such as node:24-bookworm-slim", IMAGE)
    .describe("The image that the tests run in.")
    .prefault(NODE_IMAGE),
  timeout: duration("1s", "24h").describe("How long the tests may take in all.").prefault("15m"),
  silence: duration("1s", "24h")
    .describe("How long the tests may print nothing before they count as hung.")
    .prefault("3m"),
  env: variables().describe("Plain environment variables for the tests. `CI=true` is always there."),
});

const nodeBuild = section("How an image is made of a Node project that has no Dockerfile.", {
  start: words("; a shell would keep the signal to stop from the program")
    .describe("What the container runs. Without it: `node` with `main` of package.json.")
    .optional(),
  build: commandLine()
    .describe(
      "Run after the dependencies are installed, such as npm run build. Without it: the script `build`, if there is one.",
    )
    .optional(),
  base: text("an image, such as node:24-bookworm-slim", IMAGE)
    .describe("The image that both stages start from.")
    .prefault(NODE_IMAGE),
}).prefault({});

const build = section("How the image is built: with the project's Dockerfile or, without one, for Node.", {
  context: text("a folder inside the repository, such as . or services/api", RELATIVE_PATH)
    .describe("The folder that is built, relative to the repository.")
    .prefault("."),
  dockerfile: text("a file inside the context, such as Dockerfile", RELATIVE_PATH)
    .describe("The Dockerfile, relative to the context. Without it: `Dockerfile`, if there is one.")
    .optional(),
  target: text("the name of a stage of the Dockerfile", DOCKER_NAME)
    .describe("The stage of the Dockerfile to build. Without it: the last one.")
    .optional(),
  args: variables().describe("Build arguments. They can be read from the image: no secrets here."),
  secrets: listOf(variableName("the name of a secret"), "NPM_TOKEN").describe(
    "Names of secrets that the build may mount (`RUN --mount=type=secret,id=NAME`).",
  ),
  platform: text("a platform, such as linux/amd64 or linux/arm64", /^linux\/[a-z0-9]+(?:\/v\d)?$/)
    .describe("The platform to build for. Without it: that of the engine.")
    .optional(),
  node: nodeBuild,
});

const volume = z
  .strictObject({
    name: text("a volume's name: letters, digits, _, . and -", DOCKER_NAME).describe(
      "The name of the Docker volume. It is made where it does not exist, and never removed.",
    ),
    path: text("an absolute path inside the container, such as /data", INSIDE_PATH).describe(
      "Where the container sees it.",
    ),
    access: z
      .enum(["shared", "exclusive"], { error: "shared or exclusive" })
      .describe(
        "`shared`: safe for two writers at once. `exclusive`: not so, which a blue-green deploy refuses, because two containers run for a while.",
      )
      .optional(),
    readOnly: yesOrNo().describe("Whether the container may only read it.").prefault(false),
  })
  .describe("A Docker volume. One that the container writes to says how it stands two writers.");

const container = section("The container that runs on the host.", {
  port: wholeNumber(1, 65535)
    .describe("The port on which the program in the container listens, on all addresses (0.0.0.0).")
    .prefault(3000),
  command: words("; a shell would keep the signal to stop from the program")
    .describe("What the container runs. Without it: what the image says.")
    .optional(),
  memory: size(6 * 1024 ** 2, "6MiB")
    .describe("The most memory it may use, in units of 1024: 512MiB, 2GiB. Without it: no limit.")
    .optional(),
  cpus: z
    .number({ error: "a number from 0.01 to 1024, such as 1 or 0.5" })
    .min(0.01, { error: "a number from 0.01 to 1024, such as 1 or 0.5" })
    .max(1024, { error: "a number from 0.01 to 1024, such as 1 or 0.5" })
    .describe("The most processor time it may use, in processors. Without it: no limit.")
    .optional(),
  env: variables().describe(
    "Plain environment variables. Their values are no secrets: they are kept with the release.",
  ),
  secrets: listOf(variableName("the name of a secret"), "DATABASE_URL").describe(
    "Names of the secrets that become environment variables. Their values come with the deploy, in dotenv form.",
  ),
  volumes: z
    .array(volume, { error: "a list of volumes, such as [{ name: uploads, path: /data, access: shared }]" })
    .describe("Docker volumes of the container.")
    .prefault([]),
  networks: listOf(text("a network's name: letters, digits, _, . and -", DOCKER_NAME), "backend").describe(
    "Docker networks of the host that the container joins besides the proxy's, to reach a database for example. They must exist.",
  ),
  drain: duration("0s", "1h")
    .describe("How long a stopping container has, from SIGTERM to SIGKILL, to finish the requests in flight.")
    .prefault("10s"),
});

const health = section("How a container is asked whether it is healthy.", {
  path: text("a path, such as /health", URL_PATH)
    .describe("Asked with GET. Healthy is any 2xx answer; a redirect is none.")
    .prefault("/health"),
  interval: duration("100ms", "1m").describe("The time between two probes.").prefault("1s"),
  timeout: duration("50ms", "5s", "; the guardian on the host waits 15 s for each look at both slots")
    .describe("How long an answer may take. The proxy uses it for its own checks during the bake as well.")
    .prefault("2s"),
  passes: wholeNumber(1, 100).describe("How many good answers in a row are the proof.").prefault(3),
  deadline: duration("1s", "1h")
    .describe("How long it may take from the start of the container to the last of the passes.")
    .prefault("60s"),
  expectCommit: yesOrNo()
    .describe(
      "Whether the answer must also contain the commit that is being deployed, so that no other release can answer for it.",
    )
    .prefault(false),
});

const bake = section("How a release is watched after the switch, with the previous one still running.", {
  duration: duration("1s", "24h").describe("How long it is watched.").prefault("30s"),
  interval: duration("100ms", "5s", "; the guardian on the host waits 15 s for each look")
    .describe("The time between two looks at it.")
    .prefault("1s"),
  minimumSamples: wholeNumber(1, 1_000_000)
    .describe("Requests and probes together, below which nothing can be told.")
    .prefault(5),
  slow: duration("1ms", "10m").describe("A request that takes longer counts as slow.").prefault("5s"),
  deadline: duration("1s", "24h")
    .describe("How long the bake may last in all when nothing can be told; then it counts as failed.")
    .prefault("2m"),
});

const preDeploy = section(
  "A command that runs once before the release starts, in its image: database migrations. What it changes must suit the release that still serves, because that serves on if this one fails.",
  {
    command: commandLine().describe("The command: a line for a shell, or a list of words."),
    timeout: duration("1s", "24h").describe("How long it may take.").prefault("5m"),
  },
).optional();

const keep = section("What is kept for going back.", {
  releases: wholeNumber(2, 100, ", because the one that serves needs one to go back to")
    .describe("How many releases, with their images, stay on the host.")
    .prefault(5),
  hot: duration("0s", "168h")
    .describe("How long the previous release keeps running after promotion, for an instant rollback.")
    .prefault("5m"),
});

/** What every environment has, and may say differently. */
export const layer = z.strictObject({
  container: container.prefault({}),
  health: health.prefault({}),
  bake: bake.prefault({}),
  preDeploy,
  keep: keep.prefault({}),
  deadline: duration("10s", "24h").describe("How long the whole deploy may take.").prefault("15m"),
});

const tls = z.union(
  [
    z.enum(["off", "acme"]),
    z.strictObject({
      certificate: text("an absolute path on the host, such as /etc/ssl/shop.pem", INSIDE_PATH).describe(
        "Path on the host of the certificate with its chain, PEM.",
      ),
      key: text("an absolute path on the host, such as /etc/ssl/shop.key", INSIDE_PATH).describe(
        "Path on the host of its private key, PEM.",
      ),
    }),
  ],
  { error: "off, acme, or { certificate: …, key: … } with two paths on the host" },
);

const environment = z
  .strictObject({
    host: z
      .string({ error: (issue) => oneHost(issue.input) })
      .regex(HOST, { error: (issue) => bareHost(issue.input) })
      .describe("The machine to deploy to: its name or address. Exactly one."),
    user: text(
      "the name of an account on the host, such as deploy",
      /^[A-Za-z_][A-Za-z0-9_.-]*\$?$/,
    ).describe("The account on the host: root, or one that may use Docker."),
    port: wholeNumber(1, 65535).describe("The port of the host's SSH server.").prefault(22),
    knownHosts: text("a file's path, or lines in the form of known_hosts", /\S/)
      .describe(
        "The keys that the host may show: a file in the form of known_hosts, relative to this one, or such lines themselves. `host-key` prints what a host offers.",
      )
      .optional(),
    domains: listOf(
      z
        .string({ error: "a domain, such as shop.example.com" })
        .regex(DOMAIN, { error: (issue) => bareDomain(issue.input) }),
      "shop.example.com",
    ).describe(
      "Host names whose requests go to the app. Without any: every request that no other app's domain claims.",
    ),
    tls: tls
      .describe(
        "`off`: plain HTTP. `acme`: certificates are obtained for the domains and renewed. Or certificate and key, as paths on the host.",
      )
      .prefault("off"),
    acmeEmail: text("an e-mail address", /^[^\s@{}"'`]+@[^\s@{}"'`]+$/)
      .describe("Where the certificate authority may write to; for `tls: acme`.")
      .optional(),
    responseTimeout: duration("1s", "1h")
      .describe("How long the proxy waits for the first byte of an answer.")
      .prefault("60s"),
    publicUrl: text("an address, such as https://shop.example.com/", /^https?:\/\/[^\s/$.?#][^\s]*$/)
      .describe("Asked once after the switch from where the deploy runs. It informs, and never decides.")
      .optional(),
    latest: yesOrNo()
      .describe("Whether a promotion here moves the tag `latest` to the promoted image.")
      .prefault(false),
    registry: section("How the host logs in to the registry. The password comes with the deploy.", {
      username: text("a user name", /^\S+$/).describe("The user name for the registry.").optional(),
    }).prefault({}),
    ...overrides(layer),
  })
  .describe("One place the app is deployed to.");

export const schema = section("evenkeel takes a commit to safe production: test, build, publish, deploy.", {
  app: text(
    "a name of lower-case letters, digits and hyphens, at most 31, starting with a letter and not ending with a hyphen",
    /^[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?$/,
  ).describe("The app's name. Everything on a host is keyed by it and the environment."),
  image: z
    .string({ error: "a repository, such as registry.example.com/team/shop" })
    .regex(REPOSITORY, { error: (issue) => bareRepository(issue.input) })
    .describe("The repository the image is published to, without a tag: the tag is the commit."),
  test: test.prefault({}),
  build: build.prefault({}),
  ...layer.shape,
  environments: z
    .record(
      text(
        "an environment's name of lower-case letters and digits, at most 21, starting with a letter and without a hyphen",
        /^[a-z][a-z0-9]{0,20}$/,
      ),
      environment,
      { error: "environments by name, such as production: { host: …, user: … }" },
    )
    .describe(
      "The places the app is deployed to. Each may say differently what stands under container, health, bake, preDeploy, keep and deadline: mappings are merged, lists are replaced.",
    ),
});

export type Written = z.output<typeof schema>;
export type WrittenEnvironment = z.output<typeof environment>;
export type WrittenLayer = z.output<typeof layer>;

/** The JSON Schema of evenkeel.yaml as it is written, for editors. */
export function jsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: "input" });
}

function section<Shape extends z.ZodRawShape>(description: string, shape: Shape) {
  return z.strictObject(shape, { error: (issue) => sectionError(issue.input) }).describe(description);
}

// Not for unknown keys: their issue comes from the same object, and has its own words.
function sectionError(found: unknown): string | undefined {
  const mapping = typeof found === "object" && found !== null && !Array.isArray(found);
  return mapping ? undefined : "a section of keys and values";
}

/** The same keys, all optional and without defaults: what is not said comes from the layer below. */
function overrides(base: z.ZodObject): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(base.shape).map(([key, field]) => {
      const inner = withoutDefault(field as z.ZodType);
      const description = inner.description ?? "";
      return [
        key,
        inner instanceof z.ZodObject ? section(description, overrides(inner)).optional() : inner.optional(),
      ];
    }),
  );
}

function withoutDefault(field: z.ZodType): z.ZodType {
  if (!(field instanceof z.ZodPrefault || field instanceof z.ZodOptional)) return field;
  const inner = withoutDefault(field.unwrap() as z.ZodType);
  return field.description === undefined ? inner : inner.describe(field.description);
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
