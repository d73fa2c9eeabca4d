import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute } from "../../ci/lab/command.js";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { pushed } from "../support/lab-registry.js";
import { createProject } from "./support/committed-project.js";

/**
 * The npm package as its users get it: packed, installed from the tarball into projects of their own, and
 * run from there against a host of the lab.
 */
const root = resolve(import.meta.dirname, "../..");

let folder: string;
let tarball: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-library-"));
  tarball = await pack();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package", () => {
  it("holds the library and what belongs to it, and nothing else", async () => {
    const { stdout } = await must(["tar", "-tzf", tarball]);
    const files = stdout.trim().split("\n");
    for (const needed of ["dist/index.js", "dist/index.d.ts", "LICENSE", "README.md", "CHANGELOG.md"])
      expect(files).toContain(`package/${needed}`);
    const others = files.filter(
      (file) =>
        !/^package\/(dist\/.+\.(js|d\.ts)|[A-Z]+(\.md)?|package\.json|evenkeel\.schema\.json)$/.test(file),
    );
    expect(others).toEqual([]);
    expect(files.filter((file) => file.startsWith("package/dist/module/"))).toEqual([]);
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
  });
});

describe("examples/library", () => {
  let lab: Lab;
  let target: Target;
  let project: string;
  let image: string;
  beforeAll(async () => {
    lab = await openLab({ quiet: true });
    [target, image] = await Promise.all([lab.freshTarget(), pushedImage(lab)]);
    project = await installedExample(lab, target);
  });
  afterAll(async () => {
    if (target !== undefined) await lab.destroyTarget(target);
  });

  it("is accepted by the compiler against the packed types", async () => {
    await must(["npm", "run", "check"], project);
  });

  it("prints the host's key, deploys, finds nothing to do, and tells the history", async () => {
    const offered = await run("status", "--host-key");
    expect(offered).toMatchObject({ code: 0, stdout: expect.stringContaining(target.hostKeyLine) });

    const deployed = await run("deploy", image, "--untested");
    expect(deployed.stderr).toMatch(/^gated .*^promoted: revision 1 serves in blue/ms);
    expect(deployed).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Revision 1 serves in slot blue and is stable"),
    });
    expect(await (await fetch(`http://${target.host}/`)).text()).toContain("version library");

    const again = await run("deploy", image, "--untested");
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("Nothing to do") });

    const told = await run("status");
    expect(told.stdout).toContain("revision 1 in slot blue");
    expect(told.stdout).toMatch(/revision 1 .*promoted/);
  });

  it("ends with an exit code and a reason when the image carries no record of its tests", async () => {
    const refused = await run("deploy", image);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/--untested[\s\S]*Code: untested-image/);
  });

  it("takes a commit from tests to the host, with an engine for the first parts", async () => {
    const released = await createProject(join(folder, "released"), {
      lab,
      target,
      app: "released",
      domains: ["released.example.com"],
    });
    const dagger = (await must(["sh", "-c", "command -v dagger"], root, lab.env)).stdout.trim();
    const outcome = await execute(["node", join(project, "src/release.ts")], {
      cwd: released.path,
      env: {
        ...lab.env,
        _EXPERIMENTAL_DAGGER_CLI_BIN: dagger,
        SSH_KEY_FILE: target.privateKeyPath,
        PRODUCTION_ENV: "TOKEN=s3cret",
      },
    });
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    expect(outcome.stdout).toMatch(/e2e\/released@sha256:[0-9a-f]{64}[\s\S]*Revision 1 serves/);
    expect(outcome.stdout + outcome.stderr).not.toContain("s3cret");
  });

  const run = (script: string, ...args: readonly string[]) =>
    execute(["npm", "run", "--silent", script, "--", ...args], {
      cwd: project,
      env: { ...lab.env, SSH_KEY_FILE: target.privateKeyPath },
    });

  async function installedExample(lab: Lab, target: Target): Promise<string> {
    const copy = join(folder, "example");
    cpSync(join(root, "examples/library"), copy, {
      recursive: true,
      filter: (path) => !path.includes("node_modules"),
    });
    const manifest = JSON.parse(readFileSync(join(copy, "package.json"), "utf8"));
    manifest.dependencies.evenkeel = `file:${tarball}`;
    writeFileSync(join(copy, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(copy, "known_hosts"), `${target.hostKeyLine}\n`);
    // The example's own file with this lab's names in it.
    const configuration = readFileSync(join(copy, "evenkeel.yaml"), "utf8")
      .replace("registry.example.com/team/shop", `${lab.registry}/e2e/library`)
      .replace("host: shop.example.com", `host: ${target.host}`)
      .replace(/^ +domains:.*\n +tls:.*\n/m, "");
    writeFileSync(
      join(copy, "evenkeel.yaml"),
      `${configuration}\nbake: { duration: 2s, interval: 500ms }\nhealth: { interval: 200ms }\n`.replace(
        "  port: 3000",
        "  port: 3000\n  env: { VERSION: library }",
      ),
    );
    await must(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"], copy);
    return copy;
  }
});

/** The tests' app in the lab's registry, by digest. */
async function pushedImage(lab: Lab): Promise<string> {
  const tag = "evenkeel-lab-e2e-library";
  await lab.docker(
    "build",
    "--quiet",
    "--build-arg",
    `BASE=${lab.nodeImage}`,
    "--tag",
    tag,
    join(import.meta.dirname, "support/app"),
  );
  return pushed(lab, tag, "e2e/library:1");
}

async function pack(): Promise<string> {
  await must(["npm", "run", "build", "--", "--outDir", join(folder, "build")]);
  // Packed from a folder of its own, so that neither a stale dist nor another run gets into it.
  const packed = join(folder, "packed");
  mkdirSync(packed);
  for (const file of ["package.json", "README.md", "CHANGELOG.md", "LICENSE"])
    cpSync(join(root, file), join(packed, file));
  cpSync(join(folder, "build"), join(packed, "dist"), { recursive: true });
  const { stdout } = await must(
    ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder],
    packed,
  );
  return join(folder, stdout.trim());
}

async function must(argv: readonly string[], cwd = root, env = process.env) {
  const outcome = await execute(argv, { cwd, env });
  if (outcome.code !== 0)
    throw new Error(`${argv.join(" ")} ended with ${outcome.code}:\n${outcome.stdout}${outcome.stderr}`);
  return outcome;
}
