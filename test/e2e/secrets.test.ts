import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { execute } from "../../ci/lab/command.js";
import type { Target } from "../../ci/lab/lab.js";
import { contentsOf } from "../support/lab-registry.js";
import { leaksIn, type Secrets } from "../support/secret-search.js";
import { createProject } from "./support/committed-project.js";
import { failureOf } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";
import { filesHolding, type OnMachine, watchProcesses } from "./support/watched-processes.js";

/** Values that something on the way could misread. */
const secrets: Secrets = {
  PEM: `-----BEGIN PRIVATE KEY-----\n${"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+/abc=\n".repeat(12)}-----END PRIVATE KEY-----\n`,
  QUOTES: `it's "both" \`kinds\``,
  UNICODE: "Grüße, 世界 🌍",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: no shell may expand it either
  DOLLARS: "pa$$word ${HOME} $(id) \\$x",
  SPACES: "  in front, and behind  ",
  HASH: "before # after",
  EQUALS: "equals=a==b===c",
  BACKSLASHES: "C:\\new\\table\\",
  CARRIAGE: "with the carriage's\r\nreturn between lines\r",
  TAB: "a\tb",
  LONG: "x1y2z3".repeat(12_000),
};

/** Where on a host they may be: the releases' own environment, and what Docker and containerd keep of a container. */
const allowedFiles = [
  /^\/home\/deploy\/\.evenkeel\/keys\/[\w-]+\/releases\/\d+\/env(\.sh)?$/,
  /^\/var\/lib\/docker\/containers\/\w+\/config\.v2\.json$/,
  /^\/var\/lib\/docker\/containerd\/daemon\/io\.containerd\.metadata\.v1\.bolt\/meta\.db$/,
  /^\/run\/docker\/containerd\/[\w./-]+\/config\.json$/,
];
/** Which processes may have them in their environment: the app, on its way to be it too, and what makes it. */
const allowedHolders = [/^(\/usr\/bin\/)?docker create /, /^node \/?[\w./]*server\.js $/, /^runc init $/];
const unlike = (texts: readonly string[], allowed: readonly RegExp[]) =>
  texts.filter((text) => !allowed.some((pattern) => pattern.test(text)));
// Every file system that can be written to.
const searched = ["/", "/run", "/dev/shm", "/var/lib/docker"];

let shop: Shop;
let target: OnMachine;
let everySecret: Secrets;
let processes: Awaited<ReturnType<typeof watchProcesses>>;
beforeAll(async () => {
  shop = await openShop({ user: "deploy" });
  everySecret = { ...secrets, SSH_KEY: keyOf(shop.target) };
  target = machineOf(shop.target);
  processes = await watchProcesses(target, everySecret);
});
afterAll(() => shop?.close());
const machineOf =
  (host: Target): OnMachine =>
  (argv, options) =>
    shop.lab.onTarget(host, argv, options);

const container = `secrets: [${Object.keys(secrets).join(", ")}]`;
const environmentFile = (values: Readonly<Record<string, string>>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${dotenv(value)}`)
    .join("\n");

describe("secrets with difficult bytes", () => {
  test("arrive byte for byte", async () => {
    const report = await shop.deploy(
      { version: "1", container },
      { environmentFile: environmentFile(secrets) },
    );
    expect(report.outcome).toMatchObject({ phase: "promoted", revision: 1 });
    const seen = JSON.parse(await shop.visit("/env")) as Record<string, string>;
    expect(Object.fromEntries(Object.keys(secrets).map((name) => [name, seen[name]]))).toEqual(secrets);
  });

  test("unchanged: nothing to do", async () => {
    const again = await shop.deploy(
      { version: "1", container },
      { environmentFile: `UNUSED=1\n${environmentFile(secrets)}` },
    );
    expect(again.outcome).toMatchObject({ phase: "nothing-to-do", revision: 1 });
  });

  test("one changed: a new revision, which has it", async () => {
    const report = await shop.deploy(
      { version: "1", container },
      { environmentFile: environmentFile({ ...secrets, EQUALS: "b=c" }) },
    );
    expect(report.outcome).toMatchObject({ phase: "promoted", revision: 2 });
    expect(JSON.parse(await shop.visit("/env"))).toMatchObject({ EQUALS: "b=c", PEM: secrets.PEM });
  });

  test("a rollback brings the one before back", async () => {
    await shop.onHost("docker", "rm", "-f", `${shop.key}-blue`);
    await shop.rollback();
    expect(JSON.parse(await shop.visit("/env"))).toMatchObject({ EQUALS: secrets.EQUALS, PEM: secrets.PEM });
  });
});

describe("an app that tells its whole environment, in its log and in its health answer", () => {
  test("is quoted without them: in the message, to the reporter, in the ledger and in the history", async () => {
    const told: string[] = [];
    const error = await failureOf(
      shop.deploy(
        { version: "3", container, behaviour: { tells: true }, health: "{ interval: 200ms, deadline: 2s }" },
        {
          environmentFile: environmentFile(secrets),
          reporter: {
            phase: (report) => told.push(JSON.stringify(report)),
            note: (_, text) => told.push(text),
            summary: (summary) => told.push(JSON.stringify(summary)),
          },
        },
      ),
    );
    // That it told them is seen by what stands in their place.
    expect(error.detail).toMatch(/last: 503.*\[secret\][\s\S]*last logs:[\s\S]*\[secret\]/);
    const ledger = await shop.onHost("cat", `/home/deploy/.evenkeel/keys/${shop.key}/ledger.jsonl`);
    const history = await shop.history();
    for (const text of [ledger, history]) expect(text).toMatch(/503.*\[secret\]/);
    for (const text of [error.message, told.join("\n"), ledger, history])
      expect(leaksIn(text, everySecret)).toEqual([]);
  });
});

describe("where they are", () => {
  test("in no command line, and in no environment but the app's and that of the command that makes it", async () => {
    const { commandLines, holders } = await processes.stop();
    // The watch saw what it is about: the commands of a deploy, and the environments with secrets.
    expect(commandLines).toMatch(/docker (create|run)/);
    expect(commandLines.length).toBeGreaterThan(2_000);
    expect(leaksIn(commandLines, everySecret)).toEqual([]);
    expect(holders).toContain("node /app/server.js ");
    expect(unlike(holders, allowedHolders)).toEqual([]);
  });

  test("in no file but the releases' own environment, which nobody else may read, and the containers' own", async () => {
    const holding = await filesHolding(target, everySecret, searched);
    expect(unlike(holding, allowedFiles)).toEqual([]);
    const own = holding.filter((file) => file.startsWith("/home/"));
    expect(own).toContain(`/home/deploy/.evenkeel/keys/${shop.key}/releases/1/env`);
    for (const file of own) expect(await shop.onHost("stat", "-c", "%a %U", file)).toBe("600 deploy");
    expect(await shop.onHost("ls", "-a", "/dev/shm", "/tmp")).not.toMatch(/evenkeel\.[A-Za-z0-9]{6}/);
  });

  test("in no log, and in nothing that is told of the host", async () => {
    const logs = "docker logs evenkeel-proxy 2>&1; docker logs evenkeel-guardian 2>&1";
    for (const text of [await shop.onHost("sh", "-c", logs), await shop.status(), await shop.history()])
      expect(leaksIn(text, everySecret)).toEqual([]);
  });
});

describe("a secret of each kind, through `dagger call`", () => {
  const canary = () => `canary-${randomBytes(15).toString("hex")}`;
  const sealed: Secrets = { TOKEN: canary(), REGISTRY_PASSWORD: canary(), BUILD_TOKEN: canary() };
  let folder: string;
  let host: Target;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "evenkeel-sealed-"));
    host = await shop.lab.freshTarget();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    if (host !== undefined) await shop.lab.destroyTarget(host);
  });

  test("is in no command line or environment, here or there, no output, no file, and not in the image", async () => {
    const every = { ...sealed, SSH_KEY: keyOf(host) };
    const given = (name: string, text: string) => {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return `file://${join(folder, name)}`;
    };
    const lab = shop.lab;
    const project = await createProject(
      join(folder, "project"),
      { lab, target: host, app: "sealed", build: { secrets: ["BUILD_TOKEN"] } },
      {
        Dockerfile: `FROM node:24-bookworm-slim
WORKDIR /app
RUN --mount=type=secret,id=BUILD_TOKEN sha256sum </run/secrets/BUILD_TOKEN >token.sha256 # ${canary()}
COPY server.js ./
USER node
CMD ["node", "server.js"]
`,
      },
    );
    const here: OnMachine = (argv, options) => execute(argv, options);
    const engine = lab.env._EXPERIMENTAL_DAGGER_RUNNER_HOST?.replace("docker-container://", "") ?? "";
    const inEngine: OnMachine = (argv, options) =>
      execute(["docker", "exec", "-i", engine, ...argv], { ...options, env: lab.env });
    await inEngine(["touch", "/tmp/evenkeel-before"]);
    // Here there are many processes, and none of those that matter is gone in an instant.
    const watches = await Promise.all([
      watchProcesses(here, every, 0.3),
      watchProcesses(machineOf(host), every),
    ]);
    const { code, stdout, stderr } = await execute(
      [
        ...["dagger", "--progress=plain", "-vv", "call", "-m", resolve(import.meta.dirname, "../..")],
        ...["--source=.", "deploy", "--environment=production", `--ssh-key=file://${host.privateKeyPath}`],
        `--environment-file=${given("environment", `TOKEN=${sealed.TOKEN}`)}`,
        `--registry-password=${given("password", sealed.REGISTRY_PASSWORD ?? "")}`,
        `--build-secrets=${given("build", `BUILD_TOKEN=${sealed.BUILD_TOKEN}`)}`,
      ],
      { cwd: project.path, env: lab.env },
    );
    const seen = await Promise.all(watches.map((watch) => watch.stop()));

    expect(code, stderr).toBe(0);
    expect(leaksIn(stdout + stderr, every)).toEqual([]);
    // Here the looks are too far apart to meet every process that is gone at once.
    for (const [index, { commandLines, holders }] of seen.entries()) {
      expect(commandLines).toMatch(index === 0 ? /dagger .*call / : /docker create /);
      expect(leaksIn(commandLines, every)).toEqual([]);
      expect(unlike(holders, allowedHolders)).toEqual([]);
    }
    const holding = await filesHolding(machineOf(host), every, searched);
    expect(unlike(holding, allowedFiles)).toEqual([]);
    // What the engine keeps of this call but the files of its containers, whose image is looked through below.
    const files = ["-path", "*/snapshots/snapshots", "-prune"];
    const cached = ["/var/lib/dagger", ...files, "-o", "-newer", "/tmp/evenkeel-before"];
    expect(await filesHolding(inEngine, every, cached)).toEqual([]);
    const image = /[\w.:/-]+@sha256:[0-9a-f]{64}/.exec(stdout)?.[0] ?? "";
    const contents = await contentsOf(image);
    // That it was used shows that what is looked through is what was built with it.
    const used = createHash("sha256")
      .update(sealed.BUILD_TOKEN ?? "")
      .digest("hex");
    expect(contents.some((bytes) => bytes.includes(used))).toBe(true);
    expect(contents.flatMap((bytes) => leaksIn(bytes, every))).toEqual([]);
  }, 600_000);

  test("is hidden in the logs that are shown; and history knows how long the commit took", async () => {
    const call = async (...words: readonly string[]) => {
      const to = ["--environment=production", `--ssh-key=file://${host.privateKeyPath}`];
      const argv = ["dagger", "--progress=plain", "call", "-m", resolve(import.meta.dirname, "../..")];
      const { code, stdout, stderr } = await execute([...argv, "--source=.", ...words, ...to], {
        cwd: join(folder, "project"),
        env: shop.lab.env,
      });
      expect(code, stderr).toBe(0);
      return stdout;
    };
    // What an app should not do, and some do.
    const says = `echo "token: ${sealed.TOKEN}" >/proc/1/fd/1`;
    await machineOf(host)(["docker", "exec", "sealed-production-blue", "sh", "-c", says]);
    const file = join(folder, "environment");
    expect(await call("logs", `--environment-file=file://${file}`)).toContain("token: [secret]");
    expect(await call("history")).toMatch(/promoted[\s\S]*lead time +\d+ (s|min) from commit to promotion/);
  });
});

test("the search finds what is planted: in a command line, in an environment, and in a file, encoded", async () => {
  const planted: Secrets = { CANARY: `canary-${randomBytes(12).toString("hex")}` };
  const { CANARY = "" } = planted;
  const watch = await watchProcesses(target, planted);
  await target(["sh", "-c", "sleep 1; :", CANARY]);
  await target(["env", `HELD=${CANARY}`, "sleep", "1.5"]);
  const encoded = Buffer.from(`robot:${CANARY}`).toString("base64");
  await target(["sh", "-c", "cat >/var/tmp/planted"], { input: `{"auth":"${encoded}"}` });
  const { commandLines, holders } = await watch.stop();
  expect(leaksIn(commandLines, planted)).toEqual(["CANARY as it is"]);
  expect(holders).toContain("sleep 1.5 ");
  expect(await filesHolding(target, planted, searched)).toContain("/var/tmp/planted");
});

/** What only this key has: the first lines say what kind it is, and then its public half. */
function keyOf(host: Target): string {
  return readFileSync(host.privateKeyPath, "utf8").trim().split("\n").slice(3, -1).join("\n");
}

function dotenv(value: string): string {
  if (/^[\w=]+$/.test(value)) return value;
  if (!value.includes("'") && !value.includes("\r")) return `'${value}'`;
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\r", "\\r").replaceAll("\n", "\\n")}"`;
}
