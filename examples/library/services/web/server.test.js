import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createServer } from "./server.js";

const server = createServer();
before(() => new Promise((resolve) => server.listen(0, resolve)));
after(() => server.close());

const address = () => `http://localhost:${server.address().port}`;

test("shows the shop", async () => {
  assert.match(await (await fetch(address())).text(), /<title>Shop/);
});

test("takes an order", async () => {
  assert.equal((await fetch(`${address()}/orders`, { method: "POST", body: "{}" })).status, 201);
});
