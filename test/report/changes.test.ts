import { expect, test } from "vitest";
import { changesBetween } from "../../src/report/changes.js";
import { aHealth, aRelease, aRuntime, MIB } from "../support/builders.js";
import { next, served } from "../support/told-run.js";

test("names what differs, by dotted keys, and hides what sounds like a secret", () => {
  expect(changesBetween({ revision: 1, release: served }, { revision: 2, release: next })).toEqual({
    from: { revision: 1, image: served.image, commit: served.commit },
    to: { revision: 2, image: next.image, commit: next.commit },
    configuration: [
      { key: "container.env.API_TOKEN", before: null, after: "(hidden)" },
      { key: "container.env.GONE", before: "1", after: null },
      { key: "container.env.LOG_LEVEL", before: "info", after: "debug" },
    ],
    secrets: { added: ["DATABASE_URL"], removed: [], valuesChanged: false },
  });
});

test("a password in an address is hidden, whatever the variable is called", () => {
  const before = aRelease({ runtime: aRuntime({ env: { DB: "postgres://me:hunter2@db/shop" } }) });
  const after = aRelease({ runtime: aRuntime({ env: { DB: "postgres://me:hunter3@db/shop" } }) });
  const { configuration } = changesBetween({ revision: 1, release: before }, { revision: 2, release: after });
  expect(configuration).toEqual([{ key: "container.env.DB", before: "(hidden)", after: "(hidden)" }]);
});

test("lists and nested settings are compared as a whole and as leaves, in the words of evenkeel.yaml", () => {
  const before = aRelease({ runtime: aRuntime({ command: ["node", "a.js"] }) });
  const health = aHealth({ path: "/up", intervalMs: 90_000 });
  const after = aRelease({ runtime: aRuntime({ command: null, memoryBytes: 512 * MIB, hotMs: 0, health }) });
  const { configuration } = changesBetween({ revision: 1, release: before }, { revision: 2, release: after });
  expect(configuration).toEqual([
    { key: "container.command", before: '["node","a.js"]', after: null },
    { key: "container.memory", before: "128MiB", after: "512MiB" },
    { key: "health.interval", before: "1s", after: "1m30s" },
    { key: "health.path", before: "/health", after: "/up" },
    { key: "keep.hot", before: "1m", after: "0s" },
  ]);
});

test("a first release differs from nothing; whether secrets changed is said only where it is known", () => {
  expect(changesBetween(null, { revision: 1, release: served })).toMatchObject({
    from: null,
    configuration: [],
    secrets: { valuesChanged: null },
  });
  const changed = changesBetween(
    { revision: 1, release: served },
    { revision: 2, release: { ...served, secretsHash: "other" } },
  );
  expect(changed.secrets.valuesChanged).toBe(true);
});
