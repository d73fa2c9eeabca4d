import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../settings.js";

const complete = { DATABASE_URL: "postgres://db/unleash", UNLEASH_SECRET: "s", PORT: "8080" };

test("the environment decides database, port and secret", () => {
  const { databaseUrl, server } = readSettings(complete);
  assert.equal(databaseUrl, "postgres://db/unleash");
  assert.equal(server.port, 8080);
  assert.equal(server.secret, "s");
});

test("every missing variable is named at once", () => {
  assert.throws(() => readSettings({}), /missing from the environment: DATABASE_URL, UNLEASH_SECRET/);
  assert.throws(() => readSettings({ ...complete, UNLEASH_SECRET: "" }), /environment: UNLEASH_SECRET$/);
});

test("the server asks nobody whether there is a later version", () => {
  assert.equal(readSettings(complete).versionCheck.enable, false);
});
