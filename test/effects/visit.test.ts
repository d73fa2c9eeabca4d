import { createServer } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { visit } from "../../src/effects/visit.js";
import { freePort } from "./support/sshd.js";

let url: string;
const server = createServer((request, response) => {
  switch (request.url) {
    case "/moved":
      return void response.writeHead(302, { location: "/" }).end();
    case "/round":
      return void response.writeHead(302, { location: "/round" }).end();
    case "/broken":
      return void response.writeHead(500).end("\u001b[31mno\ndatabase");
    case "/silent":
      return;
    case "/endless":
      response.write("x".repeat(8192));
      return;
    default:
      response.end("welcome");
  }
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("tells status and beginning of the page, redirects followed", async () => {
  expect(await visit(url)).toEqual({ status: 200, detail: "welcome" });
  expect(await visit(`${url}/moved`)).toEqual({ status: 200, detail: "welcome" });
  expect(await visit(`${url}/broken`)).toEqual({ status: 500, detail: "no database" });
});

test("ends with whatever it is given: loops, silence, endless pages, nobody, nonsense", async () => {
  expect(await visit(`${url}/round`)).toEqual({ status: null, detail: expect.stringMatching(/redirect/i) });
  expect(await visit(`${url}/silent`, { timeoutMs: 200 })).toEqual({
    status: null,
    detail: "no answer within 0.2 s",
  });
  expect((await visit(`${url}/endless`)).status).toBe(200);
  expect((await visit(`http://127.0.0.1:${await freePort()}`)).status).toBeNull();
  expect((await visit("not a url")).status).toBeNull();
});
