import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute } from "../../ci/lab/command.js";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { pushed } from "../support/lab-registry.js";
import { must, packInto, root } from "./support/package.js";
import { visit } from "./support/visit.js";

/**
 * The npm package as its users get it: packed, installed from the tarball into projects of their own, and
 * run from there against a host of the lab.
 */
let folder: string;
let tarball: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-library-"));
  tarball = await packInto(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package", () => {
  it("holds what is built of src and cli, the schemas and the words about it, and nothing else", async () => {
    const { stdout } = await must(["tar", "-tzf", tarball]);
    const built = globSync(["src/**/*.ts", "cli/*.ts"], { cwd: root })
      .filter((file) => !file.startsWith("src/module/"))
      .map((file) => file.replace(/\.ts$/, ""));
    const expected = [
      ...["package.json", "README.md", "CHANGELOG.md", "LICENSE"],
      ...globSync("src/**/*.schema.json", { cwd: root }),
      ...built.map((file) => `dist/${file}.js`),
      // The command line is no library.
      ...built.filter((file) => file.startsWith("src/")).map((file) => `dist/${file}.d.ts`),
    ];
    expect(stdout.trim().split("\n").sort()).toEqual(expected.map((file) => `package/${file}`).sort());
  });

  it("is small", () => {
    expect(statSync(tarball).size).toBeLessThan(300 * 1024);
  });

  it("is found right by publint and by are-the-types-wrong", async () => {
    const checkout = join(folder, "checkout");
    const publint = await execute(["publint", tarball, "--strict"], { cwd: checkout });
    expect(publint, publint.stdout + publint.stderr).toMatchObject({ code: 0 });
    const types = await execute(["attw", tarball, "--profile", "esm-only", "--format", "ascii"], {
      cwd: checkout,
    });
    expect(types, types.stdout + types.stderr).toMatchObject({ code: 0 });
    expect(types.stdout).toContain("node16 (from ESM): 🟢 (ESM)");
  });

  it("works without the Dagger SDK, which is a peer for those who want an engine", async () => {
    const project = join(folder, "plain");
    mkdirSync(project);
    writeFileSync(
      join(project, "package.json"),
      JSON.stringify({ type: "module", dependencies: { evenkeel: `file:${tarball}` } }),
    );
    writeFileSync(
      join(project, "use.ts"),
      `import { EvenkeelError, loadConfig } from "evenkeel";
try { loadConfig("none.yaml"); } catch (error) { console.log(error instanceof EvenkeelError && error.code); }
`,
    );
    await must(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"], project);
    expect((await execute(["test", "-e", join(project, "node_modules/@dagger.io")])).code).toBe(1);
    expect((await must(["node", "use.ts"], project)).stdout.trim()).toBe("config-missing");
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect((await must(["npx", "evenkeel", "--version"], project)).stdout).toBe(`${version}\n`);
  });
});

describe("in the lab", () => {
  let lab: Lab;
  let target: Target;
  beforeAll(async () => {
    lab = await openLab({ quiet: true });
    target = await lab.freshTarget();
  });
  afterAll(async () => {
    if (target !== undefined) await lab.destroyTarget(target);
  });

  describe("examples/library", () => {
    let project: string;
    let images: readonly string[];
    beforeAll(async () => {
      images = await pushedImages(lab, "api", "web");
      project = await installedExample();
    });

    it("is accepted by the compiler against the packed types", async () => {
      await must(["npm", "run", "check"], project);
    });

    it("deploys its services in order, with the gate's word in the ledger", async () => {
      const deployed = await run("deploy", ["--untested", ...images]);
      expect(deployed, deployed.stderr).toMatchObject({ code: 0 });
      expect(deployed.stdout).toMatch(
        /^api: Revision 1 serves in slot blue and is stable: .*\nweb: Revision 1 serves .*the promotion gate agreed: the test order was taken/,
      );
      expect(deployed.stderr).toMatch(/api is live, on trial[\s\S]*web is live, on trial/);
      expect(await visit(`http://${target.host}`, "/")).toBe("version 1");
    });

    it("takes back what the gate vetoes, says why, and leaves the rest alone", async () => {
      const broken = { BEHAVIOUR: JSON.stringify({ brokenAfter: 0 }) };
      const vetoed = await run("deploy", ["--untested", ...images], broken);
      expect(vetoed.code).toBe(1);
      expect(vetoed.stdout).toMatch(/^api: Nothing to do: .*\n$/);
      expect(vetoed.stderr).toMatch(
        /Rolled back: the promotion gate vetoed it: revision 2 answers 500 to an order\. Revision 1 serves\.[\s\S]*Code: vetoed/,
      );
      expect(await visit(`http://${target.host}`, "/")).toBe("version 1");
    });

    it("shares its configuration with the command line", async () => {
      const call = (...words: readonly string[]) =>
        execute(["npx", "evenkeel", ...words, "--config=deploy/web.ts"], { cwd: project, env: lab.env });
      const key = `--ssh-key=file://${target.privateKeyPath}`;
      const told = await call("history", key);
      expect(told).toMatchObject({ code: 0, stderr: "" });
      expect(told.stdout).toMatch(
        /revision 1 .*promoted[\s\S]*revision 2 .*rolled-back .*the promotion gate vetoed/,
      );
      const offered = await call("host-key");
      expect(offered).toMatchObject({ code: 0, stdout: expect.stringContaining(target.hostKeyLine) });
    });

    it("takes a commit from tests to the host, with an engine for the first parts", async () => {
      const git = ["git", "-c", "user.name=e2e", "-c", "user.email=e2e@example.com"];
      for (const words of [
        ["init", "--quiet"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "one"],
      ])
        await must([...git, ...words], project);
      const dagger = (await must(["sh", "-c", "command -v dagger"], root, lab.env)).stdout.trim();
      const outcome = await run("release", ["web"], { _EXPERIMENTAL_DAGGER_CLI_BIN: dagger });
      expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      expect(outcome.stdout).toMatch(
        /^web: \S+\/e2e\/web@sha256:[0-9a-f]{64}\nweb: Revision 3 serves .*the promotion gate agreed/m,
      );
      expect(await visit(`http://${target.host}`, "/")).toContain("<title>Shop</title>");
    });

    const run = (script: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
      execute(["npm", "run", "--silent", script, "--", ...args], {
        cwd: project,
        env: { ...lab.env, SSH_KEY_FILE: target.privateKeyPath, ...more },
      });

    /** The example with this lab's names in it, so much as a reader has to change as well. */
    async function installedExample(): Promise<string> {
      const copy = join(folder, "example");
      cpSync(join(root, "examples/library"), copy, {
        recursive: true,
        filter: (path) => !path.includes("node_modules"),
      });
      edit(join(copy, "package.json"), [['"evenkeel": "^0.1.0"', `"evenkeel": "file:${tarball}"`]]);
      edit(join(copy, "deploy/service.ts"), [
        ["registry.example.com/team", `${lab.registry}/e2e`],
        ['"shop.example.com"', `"${target.host}"`],
        [/^ +registry:.*\n/m, ""],
        [/^ +tls:.*\n/m, ""],
        [
          "container: { port: 3000 },",
          `container: { env: { VERSION: "1", BEHAVIOUR: (name === "web" && process.env.BEHAVIOUR) || "{}" } },
      bake: { duration: "2s", interval: "500ms" },
      health: { interval: "200ms" },`,
        ],
      ]);
      edit(join(copy, "deploy/web.ts"), [["www.example.com", target.host]]);
      edit(join(copy, "deploy/order.ts"), [["https://www.example.com", `http://${target.host}`]]);
      writeFileSync(join(copy, "known_hosts"), `${target.hostKeyLine}\n`);
      await must(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"], copy);
      return copy;
    }
  });

  describe("examples/dagger-module", () => {
    it("ships one image to staging and then to production, from inside of the engine", async () => {
      const copy = join(folder, "shop");
      cpSync(join(root, "examples/library/services/api"), copy, { recursive: true });
      cpSync(join(root, "examples/dagger-module"), copy, { recursive: true });
      // The module is in a folder of the repository that it ships.
      mkdirSync(join(copy, "ci"));
      cpSync(tarball, join(copy, "ci/evenkeel.tgz"));
      for (const part of ["dagger.json", "src"]) {
        cpSync(join(copy, part), join(copy, "ci", part), { recursive: true });
        rmSync(join(copy, part), { recursive: true });
      }
      const manifest = readFileSync(join(root, "examples/dagger-module/package.json"), "utf8");
      writeFileSync(join(copy, "ci/package.json"), manifest.replace("^0.1.0", "file:./evenkeel.tgz"));
      cpSync(join(root, "examples/library/services/api/package.json"), join(copy, "package.json"));
      edit(join(copy, "evenkeel.yaml"), [
        ["registry.example.com/team/shop", `${lab.registry}/e2e/shipped`],
        ["host: staging.example.com", `host: ${target.host}\n    domains: [staging.example.com]`],
        ["host: shop.example.com", `host: ${target.host}`],
        [/^ +tls:.*\n/m, ""],
        [/$/, "\nbake: { duration: 2s, interval: 500ms }\nhealth: { interval: 200ms }\n"],
      ]);
      writeFileSync(join(copy, "known_hosts"), `${target.hostKeyLine}\n`);
      const git = ["git", "-c", "user.name=e2e", "-c", "user.email=e2e@example.com"];
      for (const words of [
        ["init", "--quiet"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "one"],
      ])
        await must([...git, ...words], copy);

      const key = `--ssh-key=file://${target.privateKeyPath}`;
      const shipped = await execute(
        ["dagger", "--progress=plain", "call", "-m", "./ci", "ship", "--source=.", key],
        { cwd: copy, env: lab.env },
      );
      expect(shipped, shipped.stderr).toMatchObject({ code: 0 });
      expect(shipped.stdout).toMatch(/^staging: Revision 1 serves[\s\S]*^production: Revision 1 serves/m);
      expect(await visit(`http://${target.host}`, "/items", { host: "shop.example.com" })).toContain(
        "coffee",
      );
    });
  });
});

function edit(path: string, changes: readonly (readonly [string | RegExp, string])[]): void {
  let text = readFileSync(path, "utf8");
  for (const [from, to] of changes) {
    if (text.replace(from, () => to) === text) throw new Error(`${path} does not hold ${from}`);
    text = text.replace(from, () => to);
  }
  writeFileSync(path, text);
}

/** The tests' app in the lab's registry, once for each service, as the example's words for it. */
async function pushedImages(lab: Lab, ...services: readonly string[]): Promise<readonly string[]> {
  const tag = "evenkeel-lab-e2e-library";
  const app = join(import.meta.dirname, "support/app");
  await lab.docker("build", "--quiet", "--build-arg", `BASE=${lab.nodeImage}`, "--tag", tag, app);
  const images: string[] = [];
  for (const service of services) images.push(`${service}=${await pushed(lab, tag, `e2e/${service}:1`)}`);
  return images;
}
