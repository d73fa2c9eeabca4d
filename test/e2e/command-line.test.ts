import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { execute } from "../../ci/lab/command.js";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { startCommandLine } from "./support/command-line.js";
import { appImage } from "./support/image.js";
import { root } from "./support/package.js";
import { visit } from "./support/visit.js";

/** The command line against a host, and beside the Dagger module, whose words, output and exit codes it has. */
let folder: string;
let lab: Lab;
let target: Target;
let image: string;
let key: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-command-line-"));
  lab = await openLab({ quiet: true });
  target = await lab.freshTarget();
  const app = await appImage(lab);
  image = `--image=${app.reference}`;
  key = `--ssh-key=file://${target.privateKeyPath}`;
  configure("1");
  writeFileSync(join(folder, "known_hosts"), `${target.hostKeyLine}\n`);

  function configure(version: string) {
    writeFileSync(join(folder, "evenkeel.yaml"), configurationOf(version, app.repository));
  }
});
afterAll(async () => {
  if (target !== undefined) await lab.destroyTarget(target);
  rmSync(folder, { recursive: true, force: true });
});

const configurationOf = (version: string, repository: string) =>
  stringify({
    app: "shop",
    image: repository,
    container: { env: { VERSION: version } },
    health: { interval: "200ms" },
    bake: { duration: "2s", interval: "500ms" },
    environments: { test: { host: target.host, user: "deploy", knownHosts: "known_hosts" } },
  });

const evenkeel = (words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  startCommandLine(words, folder, { SSH_AUTH_SOCK: "", HOME: folder, ...env }).ended;
const dagger = (...words: readonly string[]) =>
  execute(["dagger", "--progress=plain", "call", "-m", root, "--source=.", ...words], {
    cwd: folder,
    env: lab.env,
  });

describe("npx evenkeel", () => {
  it("plans, deploys and finds nothing to do, with the result on stdout and progress on stderr", async () => {
    const planned = await evenkeel(["plan", image, "--untested", key]);
    expect(planned).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^Would deploy: nothing serves/),
    });

    const deployed = await evenkeel(["deploy", image, "--untested", key]);
    expect(deployed, deployed.stderr).toMatchObject({ code: 0 });
    expect(deployed.stdout).toMatch(/^Revision 1 serves in slot blue and is stable: .*\n$/);
    expect(deployed.stderr).toMatch(/^gated .*^promoted: revision 1 serves in blue/ms);
    expect(await visit(`http://${target.host}`, "/")).toBe("version 1");

    const again = await evenkeel(["deploy", image, "--untested", key]);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Nothing to do: revision 1 /) });
  });

  it("prints what the module's function prints", async () => {
    // What is free on the disk is another number each time.
    const told = ({ code, stdout }: { code: number | null; stdout: string }) => ({
      code,
      text: stdout.replace(/^( +disk +).*/m, "$1").trimEnd(),
    });
    const own = told(await evenkeel(["status", key]));
    expect(own).toEqual(told(await dagger("status", key)));
    expect(own.text).toContain("revision 1 in slot blue");
    expect((await evenkeel(["host-key"])).stdout).toContain(target.hostKeyLine);
    expect((await evenkeel(["logs", key, "--lines=1"])).stdout).toBe("version 1 listens on 3000\n");
  });

  it("refuses with the module's words and exit code", async () => {
    const words = ["deploy", image, key, "--environment=test"];
    const [own, module] = [await evenkeel(words), await dagger(...words)];
    expect({ code: own.code, stdout: own.stdout }).toEqual({ code: module.code, stdout: module.stdout });
    expect(own.code).toBe(1);
    for (const line of own.stderr.trim().split("\n")) expect(module.stderr).toContain(line);
    expect(own.stderr).toContain("Code: untested-image");
  });

  it("finds the key where ssh does", async () => {
    mkdirSync(join(folder, ".ssh"));
    copyFileSync(target.privateKeyPath, join(folder, ".ssh/id_ed25519"));
    // An agent that is gone, as one is told of in many a shell.
    for (const SSH_AUTH_SOCK of ["", join(folder, "no-agent")]) {
      const told = await evenkeel(["status"], { SSH_AUTH_SOCK });
      expect(told, told.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("revision 1") });
    }
  });

  it("tells its progress to other programs, and gives no secret away", async () => {
    writeFileSync(
      join(folder, "evenkeel.yaml"),
      readFileSync(join(folder, "evenkeel.yaml"), "utf8").replace('"1"', '"2"'),
    );
    const deployed = await evenkeel(
      [
        "deploy",
        image,
        "--untested",
        key,
        "--format=json",
        "--registry-password=env://PASSWORD",
        "--registry-username=robot",
      ],
      { PASSWORD: "s3cret-of-the-registry" },
    );
    expect(deployed, deployed.stderr).toMatchObject({ code: 0 });
    const events = deployed.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string });
    expect(events.at(0)?.event).toBe("start");
    expect(events.at(-1)).toMatchObject({ event: "end", outcome: "promoted" });
    expect(deployed.stdout + deployed.stderr).not.toContain("s3cret");
  });

  it("goes back, and takes a lock away", async () => {
    const back = await evenkeel(["rollback", key, "--to=1", "--report=back.html"]);
    expect(back, back.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Revision 1 serves/) });
    expect((await evenkeel(["history", key])).stdout).toMatch(
      /revision 2 .*promoted[\s\S]*revision 1 .*promoted/,
    );
    expect(readFileSync(join(folder, "back.html"), "utf8")).toContain("</html>");
    const unlocked = await evenkeel(["unlock", key]);
    expect(unlocked).toMatchObject({ code: 0, stdout: expect.stringMatching(/lock +free/) });
  });

  it("stops at Ctrl-C, and says what the host does by itself", async () => {
    writeFileSync(
      join(folder, "evenkeel.yaml"),
      readFileSync(join(folder, "evenkeel.yaml"), "utf8")
        .replace('"2"', '"3"')
        .replace("duration: 2s", "duration: 20s"),
    );
    const run = startCommandLine(["deploy", image, "--untested", key], folder, { SSH_AUTH_SOCK: "" });
    await run.printed("baking");
    run.signal("SIGINT");
    const { code, stdout, stderr } = await run.ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toMatch(/^Stopping\. What served keeps serving/m);
    expect(stderr).toMatch(/^Stopped while the host was at work\. [\s\S]*Code: stopped\n$/m);
  });
});
