import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { request as requestOver } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pause, until } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";
import { buildWebTools } from "./support/web-tools.js";

/** A certificate that was given, and visitors over HTTP/2 and HTTP/3, all on one connection. */
const at = { certificate: "/etc/ssl/shop.pem", key: "/etc/ssl/shop.key" };
let shop: Shop;
let authority: string;
let session: ClientHttp2Session;
beforeAll(async () => {
  shop = await openShop({ domain: "shop.test", user: "deploy", tls: JSON.stringify(at) });
  await issue(at.certificate, at.key);
  authority = await shop.onHost("cat", at.certificate);
  await shop.deploy({ version: "1" });
  session = connect(`https://${shop.target.host}`, { servername: "shop.test", ca: authority });
  await new Promise((resolve, reject) => session.once("connect", resolve).once("error", reject));
});
afterAll(async () => {
  session?.destroy();
  await shop?.close();
});

/** A certificate for the domain and its key, where they are read from. */
async function issue(certificate: string, key: string): Promise<void> {
  const request = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=shop.test", "-addext", "subjectAltName=DNS:shop.test"];
  await shop.onHost("openssl", "req", ...request, ...subject, "-out", certificate, "-keyout", key);
  await shop.onHost("chown", "deploy", key);
}

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
    const seen = await whileAsking(hundredSwitches);
    expect([...seen.keys()].sort()).toEqual(["200 version 1", "200 version 3"]);
    for (const times of seen.values()) expect(times).toBeGreaterThan(20);
  });

  test("every request of 100 switches is answered over HTTP/3", async () => {
    const folder = mkdtempSync(join(tmpdir(), "evenkeel-http3-"));
    try {
      const file = join(folder, "authority.pem");
      writeFileSync(file, authority);
      const program = join(await buildWebTools(), "http3");
      const visitors = spawn(program, ["https://shop.test/", `${shop.target.host}:443`, file]);
      let said = "";
      visitors.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      const ended = once(visitors, "close");
      await until("the first answer", 20_000, async () => said.includes("ready"));
      await hundredSwitches();
      visitors.stdin.end();
      await ended;
      const { answers, connections } = JSON.parse(said.replace("ready", ""));
      expect(connections).toBe(1);
      expect(Object.keys(answers).sort()).toEqual(["HTTP/3.0 200 version 1", "HTTP/3.0 200 version 3"]);
      for (const times of Object.values(answers)) expect(times).toBeGreaterThan(20);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** There and back, 50 times. */
async function hundredSwitches(): Promise<void> {
  const pointer = `/home/deploy/.evenkeel/routes/${shop.key}/active`;
  const now = await shop.pointer();
  const other = now === "blue" ? "green" : "blue";
  const switches = `for i in $(seq 50); do
      for slot in ${other} ${now}; do printf '%s\\n' $slot >"$0.test" && mv "$0.test" "$0" && sleep 0.05; done
    done`;
  await shop.onHost("sh", "-c", switches, pointer);
}

describe("connections that are held open", () => {
  test("none is cut from the switch to the pair until the pair is left, and after", async () => {
    const before = await Promise.all([hold("/stream"), hold("/socket")]);
    const deployed = shop.deploy({ version: "4", bake: "{ duration: 4s, interval: 500ms, deadline: 60s }" });
    await until("the pair", 60_000, async () => (await shop.pointer()).includes("+"), 50);
    const inPair = await Promise.all([hold("/stream"), hold("/socket")]);
    await deployed;
    expect(await shop.pointer()).not.toContain("+");
    const since = [...before, ...inPair].map(({ heard }) => heard().length);
    await pause(1_500);
    for (const [at, { heard, cut, end }] of [...before, ...inPair].entries()) {
      expect(cut()).toBeNull();
      expect(heard().slice(since[at])).toContain(at < before.length ? "version 3" : "version 4");
      end();
    }
  });
});

describe("the certificate's files on the host", () => {
  const same = { version: "5" };
  const copies = () => shop.onHost("sh", "-c", `ls /home/deploy/.evenkeel/proxy/certs/${shop.key} | wc -l`);

  test("a key that does not fit is refused, and the proxy starts again with what it had", async () => {
    await shop.deploy(same);
    await shop.onHost("cp", "-p", at.key, `${at.key}.right`);
    await issue("/etc/ssl/other.pem", at.key);
    await expect(shop.deploy(same)).rejects.toMatchObject({ code: "proxy-failed" });
    await shop.onHost("docker", "restart", "evenkeel-proxy");
    await until("the proxy", 20_000, () => shown(authority).then(Boolean, () => false));
    expect(await shown(authority)).toBe(200);
    await shop.onHost("mv", `${at.key}.right`, at.key);
    expect((await shop.deploy(same)).text).toContain("Nothing to do");
  });

  test("one that is no file, or is not there, is refused with its name", async () => {
    await shop.onHost("mv", at.key, `${at.key}.right`);
    for (const [, ...make] of [["nothing"], ["a pipe", "mkfifo", "-m", "666", at.key]]) {
      if (make.length > 0) await shop.onHost(...make);
      await expect(shop.deploy(same)).rejects.toMatchObject({
        code: "proxy-failed",
        message: expect.stringContaining(`cannot read ${at.key} on the host`),
      });
    }
    await shop.onHost("mv", `${at.key}.right`, at.key);
  });

  test("a renewed one is what visitors are shown after the next deploy, though nothing else changed", async () => {
    await issue(at.certificate, at.key);
    const renewed = await shop.onHost("cat", at.certificate);
    await expect(shown(renewed)).rejects.toThrow("self-signed certificate");
    expect((await shop.deploy(same)).text).toContain("certificate");
    expect(await shown(renewed)).toBe(200);
    expect((await shop.deploy(same)).text).not.toContain("certificate");
    expect(await copies()).toBe("2");
  });
});

test("a domain that an app has is not given to another, not over http either", async () => {
  const { target } = shop;
  const other = await openShop({ app: "other", domain: "shop.test", user: "deploy", target });
  await expect(other.deploy({ version: "1" })).rejects.toMatchObject({
    code: "proxy-failed",
    message: expect.stringContaining("shop.test belongs to shop-test on this host"),
  });
});

/** The status that a visitor gets who comes anew and trusts one authority. */
function shown(ca: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host: shop.target.host, servername: "shop.test", ca, agent: false };
    const request = requestOver({ ...options, headers: { host: "shop.test" } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
    request.end();
  });
}

/** A download that goes on, or a connection as of a WebSocket, which is spoken to every 100 ms. */
async function hold(path: "/stream" | "/socket") {
  const upgrade = path === "/socket" ? { connection: "Upgrade", upgrade: "websocket" } : {};
  const options = { host: shop.target.host, path, servername: "shop.test", ca: authority, agent: false };
  const request = requestOver({ ...options, headers: { host: "shop.test", ...upgrade } });
  let [heard, cut, speaks]: [string, string | null, NodeJS.Timeout | undefined] = ["", null, undefined];
  const end = () => {
    clearInterval(speaks);
    request.destroy();
  };
  const listen = (stream: NodeJS.ReadableStream) => {
    stream.on("data", (data) => {
      heard += String(data);
    });
    for (const event of ["close", "error"])
      stream.on(event, () => {
        cut ??= `${path} was cut after ${heard.length} characters`;
      });
  };
  await new Promise<void>((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      listen(response);
      resolve();
    });
    request.on("upgrade", (_, socket, head) => {
      heard += String(head);
      listen(socket);
      speaks = setInterval(() => socket.write("hello\n"), 100);
      resolve();
    });
    request.end();
  });
  return { heard: () => heard, cut: () => cut, end };
}

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
