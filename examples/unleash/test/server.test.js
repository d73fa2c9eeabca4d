import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const start = (environment, program = "server.js") =>
  spawnSync(process.execPath, [program], {
    cwd: new URL("..", import.meta.url),
    env: environment,
    encoding: "utf8",
    timeout: 60_000,
  });

test("a server without its environment ends at once and says what is missing", () => {
  const { status, stderr } = start({});
  assert.equal(status, 1);
  assert.match(stderr, /unleash did not start: missing from the environment: DATABASE_URL/);
});

test("a server that cannot reach its database ends instead of waiting to be healthy", () => {
  const { status, stderr } = start({
    DATABASE_URL: "postgres://nobody@127.0.0.1:1/unleash",
    UNLEASH_SECRET: "s",
    DATABASE_SSL: "false",
  });
  assert.equal(status, 1);
  assert.match(stderr, /unleash did not start: .*ECONNREFUSED/);
});

test("migrations that cannot reach the database end at once, and so does the deploy", () => {
  const { status, stderr } = start(
    { DATABASE_URL: "postgres://nobody@127.0.0.1:1/unleash", UNLEASH_SECRET: "s", DATABASE_SSL: "false" },
    "migrate.js",
  );
  assert.equal(status, 1);
  assert.match(stderr, /the migrations did not end: .*ECONNREFUSED/);
});
