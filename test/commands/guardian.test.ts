import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { armText, guardianLoop, lookText } from "../../src/commands/guardian.js";
import { fakeHost } from "./support/fake-host.js";
import { shells } from "./support/shells.js";

const key = "shop-production";

describe.each(shells.map((shell) => [shell.join(" "), shell] as const))("in %s", (_, shell) => {
  let host: ReturnType<typeof fakeHost>;
  let loop: ChildProcess | null = null;
  let servers: ChildProcess[] = [];
  let ports = { blue: 0, green: 0 };
  const ask = (slot: "blue" | "green") => `127.0.0.1 ${ports[slot]} /health 1.000 2 0.05`;
  const environment = () => ({
    PATH: `${host.folder}/bin:${process.env.PATH}`,
    FOLDER: host.folder,
    GREEN: String(ports.green),
  });
  /** A server of its own process, because this one waits for the shells that it starts. */
  const serve = (slot: string) => {
    const text = `require("node:http").createServer((_, r) => { r.statusCode = Number(require("node:fs").readFileSync(process.argv[1], "utf8")); setTimeout(() => r.end("body"), require("node:fs").existsSync(process.argv[1] + ".slow") ? 400 : 0) }).listen(0, "127.0.0.1", function () { console.log(this.address().port) })`;
    const server = spawn(process.execPath, ["-e", text, join(host.folder, slot)], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    servers.push(server);
    return new Promise<number>((resolve) => server.stdout?.once("data", (port) => resolve(Number(port))));
  };
  const path = (file: string) => join(host.root, file);
  const read = (file: string) => (existsSync(path(file)) ? readFileSync(path(file), "utf8") : null);
  /** The container's folders, and none of the fractions of a second that a test would wait for. */
  const here = (text: string) =>
    text
      .replaceAll(/(?<![\w$}.])\/(routes|guards|logs|tmp)\b/g, `${host.root}/$1`)
      .replaceAll("sleep 0.5", "sleep 0.05");

  const run = (text: string, args: readonly string[]) => {
    const [program = "sh", ...rest] = shell;
    const env = environment();
    return spawnSync(program, [...rest, "-c", here(text), "x", ...args], { encoding: "utf8", env });
  };
  const arm = (leaseMs: number, patienceMs = 300) =>
    run(armText, [
      key,
      "token",
      "7",
      "3",
      "green",
      "blue",
      String(leaseMs),
      String(patienceMs),
      "boot",
      ask("green"),
      ask("blue"),
    ]);
  const guard = () => {
    const [program = "sh", ...rest] = shell;
    writeFileSync(path("loop"), here(guardianLoop));
    const env = environment();
    loop = spawn(program, [...rest, path("loop")], { env, stdio: "ignore" });
  };
  const until = async (done: () => boolean, limitMs = 8_000) => {
    for (const end = Date.now() + limitMs; Date.now() < end; ) {
      if (done()) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`never: pointer ${read(`routes/${key}/active`)}, guard ${read(`guards/${key}/guard`)}`);
  };
  const answers = (slot: "blue" | "green", yes: boolean) =>
    writeFileSync(join(host.folder, slot), yes ? "200" : "503");

  beforeEach(async () => {
    host = fakeHost(shell);
    for (const folder of [`routes/${key}`, `guards/${key}`, "logs", "tmp"])
      mkdirSync(path(folder), { recursive: true });
    writeFileSync(path(`routes/${key}/active`), "green+blue");
    // In place of the network: the arguments after -e are the program that gets the slot's answer. A busybox
    // shell has its own `nc` and asks a real server.
    host.command(
      "nc",
      'slot=$1; [ "$2" = "$GREEN" ] && slot=green || slot=blue; shift 3; [ ! -e "$FOLDER/$slot.slow" ] || sleep 0.4; printf "HTTP/1.1 %s x\\r\\n\\r\\nbody" "$(cat "$FOLDER/$slot")" | "$@" >/dev/null',
    );
    ports = { blue: await serve("blue"), green: await serve("green") };
    answers("blue", true);
    answers("green", true);
  });
  afterEach(() => {
    loop?.kill("SIGKILL");
    for (const server of servers) server.kill("SIGKILL");
    servers = [];
    host.remove();
  });

  it("goes back to the previous slot, alone, when the lease is over", async () => {
    expect(arm(150).stdout).toBe("armed\n");
    guard();
    await until(() => read(`guards/${key}/guard`) === null);
    expect(read(`routes/${key}/active`)).toBe("blue");
    expect(read(`guards/${key}/outcome`)).toBe("token token\nrevision 3\nverdict reverted\nserving blue\n");
  });

  it("leaves a lease alone that is not over", async () => {
    arm(60_000);
    guard();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(read(`routes/${key}/active`)).toBe("green+blue");
  });

  it("takes a reboot for the end of the lease", async () => {
    arm(60_000);
    writeFileSync(
      path(`guards/${key}/guard`),
      (read(`guards/${key}/guard`) ?? "").replace(/^boot .*$/m, "boot other"),
    );
    guard();
    await until(() => read(`routes/${key}/active`) === "blue");
  });

  it("never goes back to a slot that does not answer, and after its patience keeps the one that does", async () => {
    answers("blue", false);
    arm(50, 400);
    guard();
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(read(`routes/${key}/active`)).toBe("green+blue");
    await until(() => read(`guards/${key}/guard`) === null);
    expect(read(`routes/${key}/active`)).toBe("green");
    expect(read(`guards/${key}/outcome`)).toContain("verdict halted\nserving green\n");
  });

  it("keeps the pair while neither answers, and goes back as soon as the previous one does", async () => {
    answers("blue", false);
    answers("green", false);
    arm(50, 50);
    guard();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(read(`routes/${key}/active`)).toBe("green+blue");
    answers("blue", true);
    await until(() => read(`routes/${key}/active`) === "blue");
  });

  it("renewed in time, does nothing; renewed too late, says that it is gone", async () => {
    const look = (token: string) =>
      run(lookText, [
        key,
        token,
        "60000",
        "1",
        "0",
        "last",
        "0",
        "0",
        "",
        "green",
        "127.0.0.1",
        String(ports.green),
        "/health",
        "1",
        "",
      ]).stdout;
    arm(1_500);
    expect(look("token")).toMatch(/^guard armed\nsample green \d+ 0 /);
    expect(look("somebody else's")).toContain("guard gone");
    guard();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(read(`routes/${key}/active`)).toBe("green+blue");
    arm(0);
    await until(() => read(`guards/${key}/guard`) === null);
    expect(look("token")).toContain("guard gone");
  });

  it("renewed while it asks the previous slot, leaves everything as it is", async () => {
    writeFileSync(join(host.folder, "blue.slow"), "");
    arm(0, 60_000);
    guard();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const renewed = run(lookText, [key, "token", "60000", "1", "0", "last", "0", "0", ""]).stdout;
    expect(renewed).toBe("guard armed\n");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(read(`routes/${key}/active`)).toBe("green+blue");
    expect(read(`guards/${key}/guard`)).not.toBeNull();
  });

  it("of a confirmation and a reversal at the same moment, one wins and the other is told", async () => {
    host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
    guard();
    for (let round = 0; round < 6; round += 1) {
      writeFileSync(path(`routes/${key}/active`), "green+blue");
      arm(round * 30);
      const entry = {
        event: "promoted",
        revision: 3,
        image: "i",
        commit: null,
        by: "x",
        reason: "r",
      } as const;
      const confirmed = host.ask({ kind: "confirm", fence: 1, token: "token", live: "green", entry });
      await until(() => read(`guards/${key}/guard`) === null);
      const won = confirmed !== "fenced" && confirmed.verdict === "done";
      expect(read(`routes/${key}/active`)).toBe(won ? "green" : "blue");
      expect(read(`guards/${key}/outcome`) === null).toBe(won);
    }
  });
});
