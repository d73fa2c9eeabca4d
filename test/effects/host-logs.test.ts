import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Tail, tail } from "../../src/commands/tail.js";
import { readLogs } from "../../src/effects/host-logs.js";
import { shellDialect } from "../../src/effects/remote-shell.js";
import { pin, startSshd, type TestSshd } from "./support/sshd.js";

/** A real sshd and a real shell; `docker` does what a test says and notes what it was called with. */
let sshd: TestSshd;
let bin: string;
let root: string;
beforeAll(async () => {
  sshd = await startSshd();
  bin = join(sshd.folder, "bin");
  root = join(sshd.folder, "state");
  mkdirSync(bin);
});
afterAll(async () => void (await sshd?.stop()));
beforeEach(() => {
  pointer("green+blue");
  docker({ logs: "echo one; echo two >&2" });
});

const file = (name: string) => join(sshd.folder, name);
const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), "utf8") : "");

function pointer(text: string): void {
  mkdirSync(join(root, "routes/shop-test"), { recursive: true });
  writeFileSync(join(root, "routes/shop-test/active"), `${text}\n`);
}

function docker(does: {
  readonly logs?: string;
  readonly inspect?: string;
  readonly version?: string;
}): void {
  const inspect = does.inspect ?? `printf '%s true 10 shop-test|%s\\n' "id-of-\${5#shop-test-}" ${root}`;
  writeFileSync(
    join(bin, "docker"),
    `#!/bin/sh
printf '%s\\n' "$*" >>${file("calls")}
case $1 in
container) ${inspect} ;;
logs) ${does.logs ?? ":"} ;;
version) ${does.version ?? ":"} ;;
esac
`,
  );
  chmodSync(join(bin, "docker"), 0o755);
  writeFileSync(file("calls"), "");
}

function lines(asked: Partial<Tail> = {}, signal?: AbortSignal) {
  const whole: Tail = { slot: null, lines: 100, since: null, follow: false, ...asked };
  const { script, mark } = tail({ app: "shop", environment: "test" }, root, whole, "0123456789abcdef");
  const access = {
    target: sshd.target,
    credential: sshd.credential,
    hostKeys: pin(sshd.hostKeys.get("ed25519") as Buffer),
    dialect: shellDialect,
  };
  return readLogs(access, { script: `PATH=${bin}:$PATH\n${script}`, mark }, signal);
}

async function all(found: AsyncGenerator<string>): Promise<readonly string[]> {
  const list: string[] = [];
  for await (const line of found) list.push(line);
  return list;
}

test("shows what serves, both of its outputs, by the container's id", async () => {
  expect(await all(lines())).toEqual(["one", "two"]);
  expect(read("calls")).toMatch(/^container inspect .* shop-test-green\nlogs --tail 100 id-of-green\n$/);
});

test("or one slot, since a time, all of it", async () => {
  await all(lines({ slot: "blue", lines: null, since: "90s" }));
  expect(read("calls")).toContain("logs --since 90s id-of-blue\n");
});

test("nothing of what an app writes commands a terminal, whatever a login script prints before", async () => {
  writeFileSync(file(".profile"), "echo hello from the profile");
  docker({ logs: "printf 'a\\033[2Jb\\rc\\n\\n\\303\\244 no newline'" });
  expect(await all(lines())).toEqual(["abc", "", "ä no newline"]);
});

test("a login that prints without an end is given up, and not kept in memory", async () => {
  const access = {
    target: sshd.target,
    credential: sshd.credential,
    hostKeys: pin(sshd.hostKeys.get("ed25519") as Buffer),
    dialect: { ...shellDialect, command: "yes" },
  };
  await expect(all(readLogs(access, { script: "", mark: "never said" }))).rejects.toThrow(
    /login prints without an end[\s\S]*Code: lost/,
  );
});

test("a line without an end comes in parts, and all of it comes", async () => {
  docker({ logs: "head -c 1000000 /dev/zero | tr '\\0' x" });
  const parts = await all(lines());
  expect(parts.length).toBeGreaterThan(10);
  expect(parts.join("")).toHaveLength(1_000_000);
});

test("nothing serves, or the slot is empty: said as such", async () => {
  pointer("none");
  await expect(all(lines())).rejects.toThrow(/Nothing serves[\s\S]*Code: container-gone/);
  docker({ inspect: "exit 1" });
  await expect(all(lines({ slot: "green" }))).rejects.toThrow(
    /no container in slot green[\s\S]*container-gone/,
  );
});

test("a container of somebody else by that name is not shown", async () => {
  docker({ inspect: "printf 'other-id true 10 other-app|/elsewhere\\n'", logs: "echo theirs" });
  await expect(all(lines({ slot: "green" }))).rejects.toThrow(/no container in slot green/);
});

test("a Docker that does not answer is not an empty slot", async () => {
  docker({ inspect: "exit 1", version: "echo 'Cannot connect to the Docker daemon' >&2; exit 1" });
  await expect(all(lines({ slot: "green" }))).rejects.toThrow(
    /Cannot connect[\s\S]*Code: docker-unavailable/,
  );
});

test("following goes on until it is told to stop, and leaves nobody on the host", async () => {
  docker({
    logs: `echo $$ >${file("reader")}; trap 'echo ended >${file("ended")}; exit 0' TERM; echo first; while :; do sleep 0.05; done`,
  });
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const line of lines({ follow: true }, stop.signal)) {
    seen.push(line);
    stop.abort();
  }
  expect(seen).toEqual(["first"]);
  expect(read("calls")).toContain("logs --tail 100 --follow id-of-green");
  await until(() => read("ended") !== "");
});

test("whoever stops taking lines ends it as well", async () => {
  docker({
    logs: `trap 'echo ended >${file("ended-too")}; exit 0' TERM; echo first; while :; do sleep 0.05; done`,
  });
  for await (const line of lines({ follow: true })) {
    expect(line).toBe("first");
    break;
  }
  await until(() => read("ended-too") !== "");
});

test("following ends by itself with the container", async () => {
  docker({ logs: "echo last" });
  expect(await all(lines({ follow: true }))).toEqual(["last"]);
});

test("an app that writes faster than it is read is slowed down, not kept in memory", async () => {
  docker({ logs: "yes 0123456789 | head -n 2000000" });
  let count = 0;
  for await (const _ of lines({ lines: null })) if (++count === 50_000) break;
  expect(count).toBe(50_000);
});

test("given up before it began: no line and no failure", async () => {
  expect(await all(lines({ follow: true }, AbortSignal.abort()))).toEqual([]);
});

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue(); tries++) {
    if (tries > 200) throw new Error("not within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
