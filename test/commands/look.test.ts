import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lookText } from "../../src/commands/guardian.js";
import { spell } from "../../src/commands/spell.js";
import { fakeHost } from "./support/fake-host.js";
import { shells } from "./support/shells.js";
import { health, vocabulary } from "./support/steps.js";

const slotOf = { blue: "shop-production-blue:3000", green: "shop-production-green:3000" } as const;
/** A line as the proxy writes it. */
const line = (said: {
  slot?: "blue" | "green";
  pointer?: string;
  status?: number;
  duration?: number;
  ts?: number;
  mark?: string;
  uri?: string;
}) =>
  `{"level":"info","ts":${said.ts ?? 1795447290.29},"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"10.0.0.1","method":"GET","host":"shop.test","uri":${JSON.stringify(said.uri ?? "/p?")}},"bytes_read":0,"user_id":"","duration":${said.duration ?? 0.0012},"size":7,"status":${said.status ?? 200},${said.mark ? `"${said.mark}":"yes",` : ""}"slot":${said.slot ? `"${slotOf[said.slot]}"` : "null"},"pointer":"${said.pointer ?? "blue"}"}`;

describe.each(shells.map((shell) => [shell.join(" "), shell] as const))(
  "counting the access log in %s",
  (_, shell) => {
    let host: ReturnType<typeof fakeHost>;
    const log = () => join(host.root, "logs/shop-production.log");
    beforeEach(() => {
      host = fakeHost(shell);
      for (const folder of ["logs", "tmp"]) mkdirSync(join(host.root, folder), { recursive: true });
    });
    afterEach(() => host.remove());

    const look = (args: readonly string[]) => {
      const [program = "sh", ...rest] = shell;
      const text = lookText.replaceAll(/(?<![\w$}.])\/(logs|tmp|guards)\b/g, `${host.root}/$1`);
      const env = { ...process.env, PATH: `${join(host.folder, "bin")}:${process.env.PATH}` };
      return spawnSync(program, [...rest, "-c", text, "x", ...args], { encoding: "utf8", env }).stdout;
    };
    const count = (inode: string | number, offset = 0, before = 0) => {
      const args = [
        "shop-production",
        "",
        "0",
        "1",
        "0",
        String(inode),
        String(offset),
        String(before),
        "1000",
      ];
      return look(args);
    };
    /** Both slots asked as for the gate, where the slots of this name answer 503. */
    const probeBoth = (failing: string) => {
      // The last of its arguments is where the answer goes.
      host.command(
        "timeout",
        `for last; do :; done
case $5 in *${failing}) echo "HTTP/1.1 503 No" ;; *) echo "HTTP/1.1 200 OK" ;; esac >"$last"`,
      );
      const slot = (name: string) => [name, `shop-production-${name}`, "3000", "/health", "1.000", ""];
      const often = ["20", "0.050", "last", "0", "0", "1000"];
      return look(["shop-production", "", "0", ...often, ...slot("green"), ...slot("blue")]);
    };
    const write = (...lines: string[]) =>
      writeFileSync(log(), lines.map((text) => `${text}\n`).join(""), { flag: "a" });

    it("tells requests, failures and slowness of each slot", () => {
      write(
        line({ slot: "blue" }),
        line({ slot: "blue", status: 500 }),
        line({ slot: "blue", duration: 1.5 }),
      );
      write(
        line({ slot: "green", pointer: "green", status: 404 }),
        line({ slot: "blue", duration: 60, status: 101 }),
      );
      expect(count("last")).toContain("tally blue 4 1 1\ntally green 1 0 0\n");
    });

    it("counts what the standby answered as the live slot's failure, marked or skipped", () => {
      write(line({ slot: "green", pointer: "blue+green", mark: "live_failed" }));
      write(line({ slot: "green", pointer: "blue+green" }));
      write(line({ pointer: "blue+green", mark: "unchecked" }), line({ pointer: "blue", status: 502 }));
      expect(count("last")).toContain("tally blue 4 3 0\ntally green 2 0 0\n");
    });

    it("cannot be told something by a visitor", () => {
      write(
        line({ slot: "blue", uri: '/","status":500,"slot":"shop-production-green:3000","live_failed":"yes' }),
      );
      write("not a line of the log", '{"cut":');
      expect(count("last")).toContain("tally blue 1 0 0\ntally green 0 0 0\n");
    });

    it("goes on where it stopped, also when the log was rolled meanwhile", () => {
      write(line({ slot: "blue" }));
      const { ino, size } = statSync(log());
      write(line({ slot: "blue", status: 500 }));
      expect(count(ino, size)).toContain("tally blue 1 1 0\n");
      renameSync(log(), log().replace(".log", "-2026-11-23T15-00-00.000.log"));
      write(line({ slot: "green", pointer: "green" }));
      const seen = count(ino, size);
      expect(seen).toContain("tally blue 1 1 0\ntally green 1 0 0\n");
      expect(seen).toContain(`position ${statSync(log()).ino} ${statSync(log()).size}\n`);
    });

    it("asks the slots side by side, and compares what passed with the time before", () => {
      write(line({ slot: "blue" }));
      const seen = probeBoth("nobody");
      expect(seen.match(/^sample green /gm)).toHaveLength(20);
      expect(seen.match(/^sample blue /gm)).toHaveLength(20);
      expect(seen).toContain("tally blue 1 0 0\n");
    });

    it("is over for both when the first slot fails, and only for the second when that does", () => {
      write(line({ slot: "blue" }));
      const early = probeBoth("green");
      expect(early.match(/^sample green /gm)).toHaveLength(1);
      expect(early).not.toMatch(/^(sample blue|tally|position)/m);
      const alone = probeBoth("blue");
      expect(alone.match(/^sample green /gm)).toHaveLength(20);
      expect(alone.match(/^sample blue /gm)).toHaveLength(1);
      expect(alone).toContain("position ");
    });

    it("leaves out what is older than asked for, and a log that is not there is empty", () => {
      expect(count("last")).toContain("tally blue 0 0 0\ntally green 0 0 0\nposition 0 0\n");
      write(line({ slot: "blue", ts: 100 }), line({ slot: "blue", ts: 200.5 }));
      expect(count("last", 0, 200)).toContain("tally blue 1 0 0\n");
    });
  },
);

describe("what a probe says", () => {
  const step = {
    kind: "probe",
    fence: 1,
    slots: [{ slot: "blue", containerId: "9eac", health, port: 3000, commit: "c0ffee" }],
    count: 1,
    intervalMs: 1_000,
    compare: null,
  } as const;
  const container =
    '{"id":"9eac","name":"/shop-production-blue","labels":{"evenkeel.slot":"blue","evenkeel.revision":"3"},"stage":"running","restarts":0,"exitCode":0,"oomKilled":false,"policy":"no","startedAt":"2026-11-23T15:26:13.5Z"}';
  const reported = (said: { readonly stdout: string; readonly stderr: string }) => {
    const answer = spell(step, vocabulary).parse({ ...said, code: 0 });
    if (answer === "fenced" || answer.reports[0] === undefined) throw new Error("no report");
    return answer.reports[0];
  };
  const probe = (answer: string, code = "0", said = "", seen = container) => {
    const text = (value: string) => Buffer.from(value).toString("base64");
    const stdout = `sample blue 12 ${code} ${text(answer)} ${text(said)}\nuptime 77\ncontainer ${seen}\n`;
    return reported({ stdout, stderr: "" });
  };

  it.each([
    [
      "HTTP/1.1 200 OK\r\nA: b\r\n\r\ncommit c0ffee",
      { status: 200, detail: "commit c0ffee", commitMatches: true },
    ],
    ["HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", { status: 302, commitMatches: false }],
    ["HTTP/1.1 503 No\r\n\r\n\u001b[31mdatabase is away", { status: 503, detail: "database is away" }],
    [
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nc0f\r\n3\r\nfee\r\n0\r\n\r\n",
      { status: 200, commitMatches: true },
    ],
    ["SSH-2.0-OpenSSH\r\n", { status: null, detail: "the answer is not HTTP" }],
  ])("%j", (answer, expected) => {
    expect(probe(answer).samples).toEqual([expect.objectContaining({ durationMs: 12, ...expected })]);
  });

  it("says why there was no answer", () => {
    expect(probe("", "137").samples[0]?.detail).toBe("no answer in time");
    expect(probe("", "1", "nc: bad address 'x'\n").samples[0]?.detail).toBe("bad address 'x'");
    expect(probe("", "1").samples[0]?.detail).toBe("connection refused");
    expect(probe("", "0").samples[0]?.detail).toBe("closed without an answer");
  });

  it("does not believe an answer of a container that has lost the slot's name, or is gone", () => {
    expect(probe("HTTP/1.1 200 OK\r\n\r\n").container).toMatchObject({ id: "9eac", stage: "running" });
    expect(
      probe("HTTP/1.1 200 OK\r\n\r\n", "0", "", container.replace("-blue", "-old")).container,
    ).toBeNull();
    expect(probe("HTTP/1.1 200 OK\r\n\r\n", "0", "", "").container).toBeNull();
  });

  it("a guardian that is not there is a probe without an answer, and without a time: nobody has asked", () => {
    const report = reported({ stdout: `container ${container}\n`, stderr: "No such container" });
    expect(report).toMatchObject({ samples: [{ status: null, detail: "No such container" }], atMs: 0 });
  });
});

describe("where the guardian is not there", () => {
  let host: ReturnType<typeof fakeHost>;
  const live = { slot: "blue", containerId: "9eac", health, port: 3000, commit: null } as const;
  beforeEach(() => {
    host = fakeHost();
    host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
    host.command("sleep", "exit 0");
  });
  afterEach(() => host.remove());
  const watch = () =>
    host.ask({
      kind: "watch",
      fence: 1,
      token: "run-1",
      leaseMs: 15_000,
      live,
      standby: null,
      since: { inode: 0, offset: 0 },
      slowMs: 1_000,
    });

  it("a probe says that nobody has asked", () => {
    host.command(
      "docker",
      'case $1 in exec) echo "No such container: evenkeel-guardian" >&2; exit 1 ;; esac',
    );
    const slots = [live];
    const asked = { kind: "probe", fence: 1, slots, count: 1, intervalMs: 0, compare: null } as const;
    expect(host.ask(asked)).toMatchObject({ reports: [{ atMs: 0, samples: [{ status: null }] }] });
  });

  it("a watch tries again for some seconds, because another app's deploy may be replacing it", () => {
    host.command(
      "docker",
      'case $1 in exec) echo x >>"$FOLDER/asked"; [ "$(wc -l <"$FOLDER/asked")" -ge 4 ] || { echo half a line; exit 137; }; echo "guard armed" ;; esac',
    );
    expect(watch()).toMatchObject({ guard: "armed" });
    expect(host.calls().match(/docker exec/g)).toHaveLength(4);
  });

  it("and then says that the guard is gone", () => {
    host.command("docker", "case $1 in exec) exit 1 ;; esac");
    expect(watch()).toMatchObject({ guard: "gone", live: { samples: [{ status: null }] } });
    expect(host.calls().match(/docker exec/g)).toHaveLength(5);
  });
});
