import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Host, type HostOptions, openHost, type Speak } from "../../src/effects/host.js";
import { shellDialect } from "../../src/effects/remote-shell.js";
import { type FlakyProxy, startFlakyProxy } from "../support/flaky-proxy.js";
import { script, speakScripts } from "./support/shell-language.js";
import { pin, startSshd, type TestSshd } from "./support/sshd.js";

describe("a host behind a real sshd", () => {
  let sshd: TestSshd;
  let proxy: FlakyProxy;
  const hosts: Host[] = [];
  beforeAll(async () => {
    sshd = await startSshd();
    proxy = await startFlakyProxy(sshd.target.port);
  });
  afterEach(() => {
    proxy.refuse(false);
    for (const host of hosts.splice(0)) host.close();
  });
  afterAll(async () => {
    await proxy.stop();
    await sshd.stop();
  });

  const open = async (
    options: HostOptions = {},
    policy = pin(sshd.hostKeys.get("ed25519") as Buffer),
    speak: Speak = speakScripts,
  ) => {
    const access = {
      target: { ...sshd.target, port: proxy.port },
      credential: sshd.credential,
      hostKeys: policy,
      dialect: shellDialect,
    };
    const host = await openHost(access, speak, options);
    hosts.push(host);
    return host;
  };
  const answer = (text: string) => ({ kind: "answer", nowMs: expect.any(Number), answer: { text } });

  test("answers what it is asked, and passes on that it was fenced", async () => {
    const host = await open();
    expect(await host.ask(script("printf yes"))).toEqual(answer("yes"));
    expect(await host.ask(script("exit 76"))).toMatchObject({ kind: "fenced" });
  });

  test("one connection carries a whole run", async () => {
    const before = proxy.connections();
    const host = await open();
    for (let n = 0; n < 5; n++) await host.ask(script("true"));
    expect(proxy.connections()).toBe(before + 1);
  });

  test("a step cut while it ran is lost, and the next one finds the host again", async () => {
    const host = await open();
    const running = host.ask(script("sleep 5; printf late"));
    await host.ask({ kind: "wait", ms: 100 });
    proxy.cut();
    expect(await running).toMatchObject({ kind: "lost", reconnected: true });
    expect(await host.ask(script("printf back"))).toEqual(answer("back"));
  });

  test("a step is sent once: what was lost is not sent again", async () => {
    const file = join(sshd.folder, "once");
    const host = await open();
    const running = host.ask(script(`echo done >> ${file}; sleep 5`));
    while (!existsSync(file)) await host.ask({ kind: "wait", ms: 20 });
    proxy.cut();
    expect(await running).toMatchObject({ kind: "lost", reconnected: true });
    await host.ask(script("true"));
    expect(readFileSync(file, "utf8")).toBe("done\n");
  });

  test("a connection that broke while nothing was asked is had again in silence", async () => {
    const host = await open();
    await host.ask(script("true"));
    proxy.cut();
    await host.ask({ kind: "wait", ms: 100 });
    expect(await host.ask(script("printf again"))).toEqual(answer("again"));
  });

  test("several asks that find it broken have it again once", async () => {
    const host = await open();
    proxy.cut();
    await host.ask({ kind: "wait", ms: 100 });
    const before = proxy.connections();
    const replies = await Promise.all([1, 2, 3].map((n) => host.ask(script(`printf ${n}`))));
    expect(replies).toEqual([answer("1"), answer("2"), answer("3")]);
    expect(proxy.connections()).toBe(before + 1);
  });

  test("keeps trying while the host turns it away, within its time", async () => {
    const host = await open({ reconnectMs: 5000 });
    proxy.refuse(true);
    const running = host.ask(script("sleep 5"));
    await host.ask({ kind: "wait", ms: 50 });
    proxy.cut();
    setTimeout(() => proxy.refuse(false), 700);
    expect(await running).toMatchObject({ kind: "lost", reconnected: true });
  });

  test("says that the host could not be had again, and tries anew when asked again", async () => {
    const host = await open({ reconnectMs: 400 });
    proxy.refuse(true);
    const running = host.ask(script("sleep 5"));
    await host.ask({ kind: "wait", ms: 50 });
    proxy.cut();
    expect(await running).toMatchObject({ kind: "lost", reconnected: false });
    expect(await host.ask(script("true"))).toMatchObject({ kind: "lost", reconnected: false });
    proxy.refuse(false);
    expect(await host.ask(script("printf yes"))).toEqual(answer("yes"));
  });

  test("never comes back to a host that shows another key", async () => {
    const key = sshd.hostKeys.get("ed25519") as Buffer;
    let changed = false;
    let decisions = 0;
    const host = await open(
      {},
      {
        algorithms: ["ssh-ed25519"],
        decide: (blob) => {
          decisions++;
          return changed ? { verdict: "changed", reason: "another key is pinned" } : pin(key).decide(blob);
        },
      },
    );
    const running = host.ask(script("sleep 5"));
    await host.ask({ kind: "wait", ms: 50 });
    changed = true;
    proxy.cut();
    expect(await running).toMatchObject({
      kind: "lost",
      reconnected: false,
      message: expect.stringContaining("another key is pinned"),
    });
    expect(decisions).toBe(2);
  });

  describe("Docker that does not answer", () => {
    const away = 'echo "Cannot connect to the Docker daemon" >&2; exit 71';
    const returnsWith = (file: string): Speak => {
      const speak: Speak = (step) =>
        step.kind === "observe"
          ? { ...speakScripts(step), script: `[ -e ${file} ] || { ${away}; }` }
          : speakScripts(step);
      return speak;
    };

    test("is told at once by a host of which nothing was heard yet", async () => {
      const host = await open();
      await expect(host.ask(script(away))).rejects.toMatchObject({ code: "docker-unavailable" });
    });

    test("is waited for in the middle of a run, as a connection is: what was done is unknown", async () => {
      const file = join(sshd.folder, "docker-is-back");
      const host = await open({}, undefined, returnsWith(file));
      await host.ask(script("true"));
      setTimeout(() => appendFileSync(file, ""), 700);
      expect(await host.ask(script(away))).toMatchObject({
        kind: "lost",
        reconnected: true,
        message: expect.stringContaining("Cannot connect to the Docker daemon"),
      });
      expect(existsSync(file)).toBe(true);
    });

    test("is given up when it does not come back", async () => {
      const host = await open({ dockerReturnsMs: 600 }, undefined, returnsWith("/nowhere"));
      await host.ask(script("true"));
      expect(await host.ask(script(away))).toMatchObject({ kind: "lost", reconnected: false });
    });
  });

  test("asks at the same time are answered one after the other", async () => {
    const file = join(sshd.folder, "turns");
    appendFileSync(file, "");
    const host = await open();
    await Promise.all(
      [1, 2, 3].map((n) => host.ask(script(`echo +${n} >> ${file}; sleep 0.05; echo -${n} >> ${file}`))),
    );
    expect(readFileSync(file, "utf8").trim().split("\n")).toEqual(["+1", "-1", "+2", "-2", "+3", "-3"]);
  });

  test("told to stop, it ends a wait and a step under way and does nothing more", async () => {
    const stop = new AbortController();
    const host = await open({ signal: stop.signal });
    const waiting = host.ask({ kind: "wait", ms: 60_000 });
    const running = host.ask(script("sleep 60"));
    setTimeout(() => stop.abort(), 50);
    expect(await waiting).toMatchObject({ kind: "lost", reconnected: false });
    expect(await running).toMatchObject({ kind: "lost", reconnected: false });
    expect(await host.ask(script("true"))).toMatchObject({ kind: "lost", reconnected: false });
  });

  test("refuses to open for an unpinned key", async () => {
    const policy = {
      algorithms: ["ssh-ed25519"],
      decide: () => ({ verdict: "unknown", reason: "not listed" }) as const,
    };
    await expect(open({}, policy)).rejects.toMatchObject({ code: "host-key-unknown" });
  });

  test("a step gives up at the run's deadline, not at its own", async () => {
    const { limitWithin, stepTimeoutMs } = await import("../../src/effects/step-limits.js");
    const pull = { kind: "pull", image: "app@sha256:0" } as const;
    expect(stepTimeoutMs(pull)).toBeGreaterThan(60_000);
    expect(limitWithin(pull, 45_000)).toBe(45_000);
    expect(limitWithin({ kind: "observe" }, -1)).toBeGreaterThan(0);
    // What finishes its requests may take its own time.
    const retire = {
      kind: "retire",
      fence: 1,
      containerId: "c",
      slot: "blue",
      drainMs: 60_000,
      afterMs: 0,
    } as const;
    expect(limitWithin(retire, -1)).toBeGreaterThan(60_000);
  });
});
