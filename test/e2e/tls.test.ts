import { type ClientHttp2Session, connect } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pause } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

/** A certificate that was given, and visitors over HTTP/2, all on one connection. */
let shop: Shop;
let authority: string;
let session: ClientHttp2Session;
beforeAll(async () => {
  const at = { certificate: "/etc/ssl/shop.pem", key: "/etc/ssl/shop.key" };
  shop = await openShop({ domain: "shop.test", user: "deploy", tls: JSON.stringify(at) });
  const request = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=shop.test", "-addext", "subjectAltName=DNS:shop.test"];
  await shop.onHost("openssl", "req", ...request, ...subject, "-out", at.certificate, "-keyout", at.key);
  await shop.onHost("chown", "deploy", at.key);
  authority = await shop.onHost("cat", at.certificate);
  await shop.deploy({ version: "1" });
  session = connect(`https://${shop.target.host}`, { servername: "shop.test", ca: authority });
  await new Promise((resolve, reject) => session.once("connect", resolve).once("error", reject));
});
afterAll(async () => {
  session?.destroy();
  await shop?.close();
});

test("visitors are served with the certificate that was given, over HTTP/2", async () => {
  expect(session.alpnProtocol).toBe("h2");
  expect(await ask("/")).toBe("200 version 1");
});

describe("on one connection, whatever is switched", () => {
  test("every request of two deploys and a rollback is answered", async () => {
    const seen = await whileAsking(async () => {
      await shop.deploy({ version: "2" });
      await shop.rollback();
      await shop.deploy({ version: "3" });
    });
    expect(seen.get("200 version 1")).toBeGreaterThan(10);
    expect([...seen.keys()].sort()).toEqual(["200 version 1", "200 version 2", "200 version 3"]);
  });

  test("every request of 100 switches is answered, by both releases", async () => {
    const pointer = `/home/deploy/.evenkeel/routes/${shop.key}/active`;
    const now = await shop.pointer();
    const other = now === "blue" ? "green" : "blue";
    const switches = `for i in $(seq 50); do
      for slot in ${other} ${now}; do printf '%s\\n' $slot >"$0.test" && mv "$0.test" "$0" && sleep 0.05; done
    done`;
    const seen = await whileAsking(async () => void (await shop.onHost("sh", "-c", switches, pointer)));
    expect([...seen.keys()].sort()).toEqual(["200 version 1", "200 version 3"]);
    for (const times of seen.values()) expect(times).toBeGreaterThan(20);
  });
});

/** What was answered how often, to a request each few milliseconds that waits for no other. */
async function whileAsking(work: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>();
  const asked: Promise<void>[] = [];
  const timer = setInterval(() => {
    const method = asked.length % 3 === 0 ? "POST" : "GET";
    asked.push(
      ask("/", method).then(
        (answer) => void seen.set(answer, (seen.get(answer) ?? 0) + 1),
        (error) => void seen.set(String(error), 1),
      ),
    );
  }, 10);
  await pause(500);
  await work();
  await pause(500);
  clearInterval(timer);
  await Promise.all(asked);
  expect(session.closed || session.destroyed).toBe(false);
  return seen;
}

function ask(path: string, method = "GET"): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path, ":method": method, ":authority": "shop.test" });
    let [status, text] = [0, ""];
    stream.setEncoding("utf8");
    stream.on("response", (headers) => {
      status = Number(headers[":status"]);
    });
    stream.on("data", (chunk: string) => {
      text += chunk;
    });
    stream.on("end", () => resolve(`${status} ${text.trim()}`));
    stream.on("error", reject);
    stream.end();
  });
}
