/**
 * The one description of evenkeel.yaml: the types, the defaults, the explanations and the JSON Schema that
 * editors use all come from here.
 */
import { z } from "zod";
import {
  commandLine,
  duration,
  listOf,
  text,
  variableName,
  variables,
  wholeNumber,
  words,
  yesOrNo,
} from "./fields.js";
import { layer } from "./layer.js";
import {
  absolutePath,
  acmeDirectory,
  dockerName,
  domain,
  ENVIRONMENT_NAME,
  emailAddress,
  host,
  image,
  relativePath,
  repository,
} from "./names.js";
import { overrides, section } from "./section.js";

const NODE_IMAGE = "node:24-bookworm-slim";
const test = section("How the commit is tested. Nothing is built unless this passed.", {
  command: commandLine()
    .describe("The project's own test command: a line for a shell, or a list of words.")
    .prefault("npm test"),
  image: image().describe("The image that the tests run in.").prefault(NODE_IMAGE),
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
  base: image().describe("The image that both stages start from.").prefault(NODE_IMAGE),
}).prefault({});

const build = section("How the image is built: with the project's Dockerfile or, without one, for Node.", {
  context: relativePath("a folder inside the repository, such as . or services/api")
    .describe("The folder that is built, relative to the repository.")
    .prefault("."),
  dockerfile: relativePath("a file inside the context, such as Dockerfile")
    .describe("The Dockerfile, relative to the context. Without it: `Dockerfile`, if there is one.")
    .optional(),
  target: dockerName("the name of a stage")
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

const tls = z.union(
  [
    z.enum(["off", "acme"]),
    z.strictObject({
      certificate: absolutePath("on the host", "/etc/ssl/shop.pem").describe(
        "Path on the host of the certificate with its chain, PEM.",
      ),
      key: absolutePath("on the host", "/etc/ssl/shop.key").describe(
        "Path on the host of its private key, PEM.",
      ),
    }),
  ],
  { error: "off, acme, or { certificate: …, key: … } with two paths on the host" },
);

const ENDINGS = ["promoted", "rolled-back", "aborted", "halted", "lost"] as const;
const endings = `of ${ENDINGS.slice(0, -1).join(", ")} and ${ENDINGS.at(-1)}`;
const notification = z
  .strictObject({
    webhook: variableName("the name of a secret").describe(
      "The name of the secret that is the address to post to. Its value comes with the call, in dotenv form.",
    ),
    format: z
      .enum(["json", "slack"], { error: "json or slack" })
      .describe("What is posted. `slack`: a message as Slack, Mattermost and others take it.")
      .prefault("json"),
    on: z
      .array(z.enum(ENDINGS, { error: `one ${endings}` }), {
        error: `a list ${endings}, such as [rolled-back, halted]`,
      })
      .min(1, { error: `a list ${endings}, such as [rolled-back, halted]` })
      .describe("Which ends it is told of.")
      .prefault([...ENDINGS]),
  })
  .describe("An address that is told how a run ended.");

const place = {
  host: host().describe("The machine to deploy to: its name or address. Exactly one."),
  user: text("the name of an account on the host, such as deploy", /^[A-Za-z_][A-Za-z0-9_.-]*\$?$/).describe(
    "The account on the host: root, or one that may use Docker.",
  ),
  port: wholeNumber(1, 65535).describe("The port of the host's SSH server.").prefault(22),
  forcedCommand: yesOrNo()
    .describe(
      "Whether the account's key is bound to `evenkeel host`, so that it can deploy this app and do nothing else on the host.",
    )
    .prefault(false),
  knownHosts: text("a file's path, or lines in the form of known_hosts", /\S/)
    .describe(
      "The keys that the host may show: a file in the form of known_hosts, relative to this one, or such lines themselves. `host-key` prints what a host offers.",
    )
    .optional(),
  domains: listOf(domain(), "shop.example.com").describe(
    "Host names whose requests go to the app. Without any: every request that no other app's domain claims.",
  ),
  tls: tls
    .describe(
      "`off`: plain HTTP. `acme`: certificates are obtained for the domains and renewed. Or certificate and key, as paths on the host.",
    )
    .prefault("off"),
  acmeEmail: emailAddress()
    .describe("Where the certificate authority may write to; for `tls: acme`.")
    .optional(),
  acmeServer: acmeDirectory()
    .describe(
      "The ACME directory of a certificate authority of your own; for `tls: acme`. Without it: Let's Encrypt, then ZeroSSL.",
    )
    .optional(),
  acmeServerRoot: absolutePath("on the host", "/etc/ssl/ca.pem")
    .describe("Path on the host of the certificate, PEM, that `acmeServer` itself is to be trusted by.")
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
  notify: z
    .array(notification, {
      error: "a list of webhooks, such as [{ webhook: SLACK_WEBHOOK, format: slack }]",
    })
    .describe("Who is told how deploys and rollbacks end. That one of them cannot be reached fails nothing.")
    .prefault([]),
};

const environment = section(
  "One place the app is deployed to.",
  { ...place, ...overrides(layer) },
  "a section with host and user at least",
);

export const schema = section(
  "evenkeel takes a commit to safe production: test, build, publish, deploy.",
  {
    app: text(
      "a name of lower-case letters, digits and hyphens, at most 31, starting with a letter and not ending with a hyphen",
      /^[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?$/,
    ).describe("The app's name. Everything on a host is keyed by it and the environment."),
    image: repository().describe(
      "The repository the image is published to, without a tag: the tag is the commit.",
    ),
    test: test.prefault({}),
    build: build.prefault({}),
    ...layer.shape,
    environments: z
      .record(z.string(), environment, {
        error: "environments by name, such as production: { host: …, user: … }",
      })
      // Their names are told by a rule, so that what else is wrong in an ill-named one is told as well.
      .meta({ propertyNames: { pattern: ENVIRONMENT_NAME.source } })
      .describe(
        "The places the app is deployed to. Each may say differently what stands under container, health, bake, preDeploy, keep and deadline: mappings are merged, lists are replaced.",
      ),
  },
  "app, image and environments at least",
);

export type Written = z.output<typeof schema>;
export type WrittenEnvironment = z.output<typeof environment>;

/** The configuration as it is written: in evenkeel.yaml, or for `defineConfig`. */
export type WrittenConfig = Omit<z.input<typeof schema>, "environments"> & {
  readonly environments: Readonly<Record<string, z.input<z.ZodObject<typeof place>> & Overrides>>;
};

type Overrides = Partially<z.input<typeof layer>>;
/** Sections may be said in part; lists, like anything else, are replaced as a whole. */
type Partially<T> = T extends readonly unknown[] | string | number | boolean
  ? T
  : { readonly [Key in keyof T]?: Partially<T[Key]> };

/** The JSON Schema of evenkeel.yaml as it is written, for editors. */
export function jsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: "input" });
}
