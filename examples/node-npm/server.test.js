import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createServer } from "./server.js";

const server = createServer();
before(() => new Promise((resolve) => server.listen(0, resolve)));
after(() => server.close());

const get = (path) => fetch(`http://localhost:${server.address().port}${path}`);

test("greets", async () => {
  assert.match(await (await get("/")).text(), /^Hello/);
});

test("says that it is healthy", async () => {
  assert.equal((await get("/health")).status, 200);
});

test("knows nothing else", async () => {
  assert.equal((await get("/nothing")).status, 404);
});
