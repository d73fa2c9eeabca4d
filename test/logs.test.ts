import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { tail } from "../src/commands/tail.js";
import { parseConfig } from "../src/config/parse.js";
import { type LogsOptions, logs } from "../src/logs.js";

const config = parseConfig(
  "app: shop\nimage: registry.example.com/shop\nenvironments: { test: { host: 203.0.113.7, user: deploy } }\n",
  { file: "evenkeel.yaml" },
);
const ask = (how: Partial<LogsOptions>) => () => logs(config, { credentials: { sshKey: "key" }, ...how });

test.each([
  [{ slot: "red" as never }, /no slot "red"[\s\S]*--slot=blue/],
  [{ lines: -1 }, /-1 is no number of lines[\s\S]*--lines=200/],
  [{ lines: 1.5 }, /1.5 is no number of lines/],
  [{ since: "yesterday" }, /"yesterday" is neither a duration nor a time[\s\S]*--since=10m/],
  [{ since: "2026-13-45" }, /neither a duration nor a time/],
  [{ environment: "production" }, /no environment "production"/],
])("%j is refused at once, before any connection", (how, message) => {
  expect(ask(how)).toThrow(message);
});

test.each([
  {},
  { slot: "green" },
  { lines: 0 },
  { since: "1h30m" },
  { since: "2026-11-23T15:00:00Z" },
  { since: "2026-11-23" },
] as const)("%j can be asked for", (how) => {
  expect(ask(how)).not.toThrow();
});

test("what is said to the host is a script that any shell can read", () => {
  for (const follow of [false, true]) {
    const asked = { slot: null, lines: 5, since: "3s", follow };
    const { script } = tail({ app: "shop", environment: "test" }, null, asked, "0123456789abcdef");
    for (const shell of [["dash"], ["busybox", "sh"]]) {
      const [program = "", ...words] = shell;
      const { status, stderr } = spawnSync(program, [...words, "-n"], { input: script, encoding: "utf8" });
      expect(`${status} ${stderr}`, program).toBe("0 ");
    }
    const checked = spawnSync("shellcheck", ["-s", "sh", "-e", "SC2034,SC2154,SC2317,SC2329", "-"], {
      input: script,
      encoding: "utf8",
    });
    expect(checked.stdout, checked.stderr).toBe("");
  }
});
