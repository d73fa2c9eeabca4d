import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createServer } from "./server.js";

const server = createServer();
before(() => new Promise((resolve) => server.listen(0, resolve)));
after(() => server.close());

test("lists the items", async () => {
  const answer = await fetch(`http://localhost:${server.address().port}/items`);
  assert.deepEqual(await answer.json(), ["tea", "coffee"]);
});
