import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Clock } from "../../src/effects/clock.js";
import { copyTag, findImage, resolveImage, tagExists } from "../../src/effects/registry.js";
import { startRegistry, type TestRegistry } from "./support/docker-registry.js";
import { freePort } from "./support/sshd.js";

const ABSENT = `sha256:${"0".repeat(64)}`;

describe("a real registry", () => {
  let registry: TestRegistry;
  let amd64: string;
  beforeAll(async () => {
    registry = await startRegistry();
    amd64 = await registry.push("team/app", "v1", {
      labels: { "org.opencontainers.image.revision": "abc" },
      layers: ["12345", "123"],
    });
  });
  afterAll(() => registry.stop());

  test("tells digest, architecture, labels and size of an image, by tag and by digest", async () => {
    for (const name of [`${registry.host}/team/app:v1`, `${registry.host}/team/app@${amd64}`]) {
      const image = await resolveImage(name);
      expect(image).toMatchObject({
        digest: amd64,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        architectures: ["amd64"],
        labels: { "org.opencontainers.image.revision": "abc" },
      });
      expect(image.sizeBytes).toBeGreaterThan(8);
    }
  });

  test("reads the architecture asked for out of an index, without its attestations", async () => {
    const arm64 = await registry.push("team/many", null, {
      architecture: "arm64",
      labels: { is: "arm" },
      layers: ["1"],
    });
    const arm7 = await registry.push("team/many", null, { architecture: "arm", variant: "v7" });
    const intel = await registry.push("team/many", null, {
      labels: { is: "intel" },
      layers: ["x".repeat(500)],
    });
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const entry = (digest: string, architecture: string, more = {}) => ({
      mediaType,
      digest,
      size: 1,
      platform: { os: architecture === "unknown" ? "unknown" : "linux", architecture, ...more },
    });
    const digest = await registry.pushIndex("team/many", "v1", [
      entry(intel, "amd64"),
      entry(arm64, "arm64", { variant: "v8" }),
      entry(arm7, "arm", { variant: "v7" }),
      entry(intel, "unknown"),
    ]);
    const name = `${registry.host}/team/many:v1`;
    const asked = await resolveImage(name, { architecture: "arm64" });
    expect(asked).toMatchObject({
      digest,
      architectures: ["amd64", "arm64", "arm/v7"],
      labels: { is: "arm" },
    });
    const first = await resolveImage(name);
    expect(first.labels).toEqual({ is: "intel" });
    expect(first.sizeBytes - asked.sizeBytes).toBeGreaterThan(400);
  });

  test("copies a tag byte for byte, and moves it", async () => {
    const other = await registry.push("team/app", "v2", { labels: { other: "yes" } });
    const repository = `${registry.host}/team/app`;
    await copyTag(repository, amd64, "latest");
    expect((await resolveImage(`${repository}:latest`)).digest).toBe(amd64);
    await copyTag(repository, other, "latest");
    expect((await resolveImage(`${repository}:latest`)).digest).toBe(other);
    expect((await resolveImage(`${repository}:v1`)).digest).toBe(amd64);
  });

  test("says what is missing", async () => {
    const repository = `${registry.host}/team/app`;
    expect(await tagExists(`${repository}:v1`)).toBe(true);
    expect(await tagExists(`${repository}:v9`)).toBe(false);
    expect(await findImage(`${registry.host}/nobody/nothing:v1`)).toBeNull();
    await expect(resolveImage(`${repository}@${ABSENT}`)).rejects.toMatchObject({
      code: "image-missing",
      message: expect.stringContaining(`${repository}@${ABSENT}`),
    });
    await expect(copyTag(repository, ABSENT, "latest")).rejects.toMatchObject({ code: "image-missing" });
  });
});

describe("a difficult registry", () => {
  const password = "correct horse battery staple";
  const login = { username: "ci", password: { reveal: () => password } };
  const config = Buffer.from(
    JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: { a: "b" } } }),
  );
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, config: { digest: sha256(config), size: config.length }, layers: [] }),
  );
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** Pauses of no length, all noted. */
  const fakeClock = () => {
    const pauses: number[] = [];
    let nowMs = 0;
    const clock: Clock = {
      nowMs: () => nowMs,
      sleep: async (ms) => {
        pauses.push(ms);
        nowMs += ms;
      },
    };
    return { clock, pauses };
  };
  const serve = async (handle: (request: IncomingMessage, response: ServerResponse) => void) => {
    const server = createServer(handle);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as { port: number }).port}`;
  };
  const answerImage = (request: IncomingMessage, response: ServerResponse) => {
    const isManifest = request.url?.includes("/manifests/");
    response.setHeader(
      "content-type",
      isManifest ? "application/vnd.oci.image.manifest.v1+json" : "text/plain",
    );
    response.end(isManifest ? manifest : config);
  };

  test("gives a token to whoever logs in, and the password goes nowhere else", async () => {
    const seen: string[] = [];
    const host: string = await serve((request, response) => {
      const { authorization } = request.headers;
      const url = new URL(request.url ?? "", "http://x");
      if (url.pathname === "/token") {
        const asked = `${url.searchParams.get("service")} ${url.searchParams.get("scope")}`;
        seen.push(`token for ${asked}`);
        const expected = `Basic ${Buffer.from(`ci:${password}`).toString("base64")}`;
        response.statusCode = authorization === expected ? 200 : 401;
        return void response.end(JSON.stringify({ token: "T0KEN" }));
      }
      seen.push(`${request.method} ${url.pathname.split("/").at(-2)} ${authorization ?? "-"}`);
      if (authorization === "Bearer T0KEN") return answerImage(request, response);
      response.statusCode = 401;
      const realm = `Bearer realm="http://${host}/token",service="reg,istry",scope="repository:team/app:pull"`;
      response.setHeader("www-authenticate", realm);
      response.end();
    });
    expect((await resolveImage(`${host}/team/app:v1`, { login })).labels).toEqual({ a: "b" });
    expect(seen).toEqual([
      "GET manifests -",
      "token for reg,istry repository:team/app:pull",
      "GET manifests Bearer T0KEN",
      "GET blobs Bearer T0KEN",
    ]);

    const wrong = { username: "ci", password: { reveal: () => "battery acid" } };
    const refusal = resolveImage(`${host}/team/app:v1`, { login: wrong });
    await expect(refusal).rejects.toMatchObject({ code: "registry-denied" });
    await expect(refusal).rejects.not.toThrow("battery acid");
    await expect(resolveImage(`${host}/team/app:v1`)).rejects.toMatchObject({ code: "registry-denied" });
  });

  test("takes a name and password of its own", async () => {
    const host = await serve((request, response) => {
      const given = Buffer.from(request.headers.authorization?.split(" ")[1] ?? "", "base64").toString();
      if (given === `ci:${password}`) return answerImage(request, response);
      response.statusCode = 401;
      response.setHeader("www-authenticate", 'Basic realm="here"');
      response.end();
    });
    expect(await tagExists(`${host}/app:v1`, { login })).toBe(true);
    await expect(tagExists(`${host}/app:v1`)).rejects.toMatchObject({ code: "registry-denied" });
  });

  test("is asked again after 429 and 503, when and as long as it says", async () => {
    const answers = [
      { status: 429, retryAfter: "7" },
      { status: 503, retryAfter: null },
      { status: 500, retryAfter: null },
    ];
    const host = await serve((request, response) => {
      const trouble = request.method === "GET" ? answers.shift() : undefined;
      if (trouble === undefined) return answerImage(request, response);
      response.statusCode = trouble.status;
      if (trouble.retryAfter !== null) response.setHeader("retry-after", trouble.retryAfter);
      response.end();
    });
    const { clock, pauses } = fakeClock();
    expect(await resolveImage(`${host}/app:v1`, { clock })).toMatchObject({ digest: sha256(manifest) });
    expect(pauses).toEqual([7000, 1000, 2000]);
  });

  test("is given up when it stays busy or wants to be left alone for longer than there is", async () => {
    let asked = 0;
    const busy = await serve((_, response) => {
      asked++;
      response.statusCode = 502;
      response.end();
    });
    const { clock } = fakeClock();
    await expect(tagExists(`${busy}/app:v1`, { clock })).rejects.toMatchObject({
      code: "registry-unreachable",
      message: expect.stringContaining("502"),
    });
    expect(asked).toBeGreaterThan(2);
    const limited = await serve((_, response) => {
      response.statusCode = 429;
      response.setHeader("retry-after", "3600");
      response.end();
    });
    await expect(tagExists(`${limited}/app:v1`, { clock })).rejects.toThrow(/3600 s.*asked once/s);
  });

  test("is asked again after a broken connection, and given up when it is silent", async () => {
    let tries = 0;
    const flaky = await serve((request, response) => {
      if (request.method === "GET" && ++tries < 3) return void request.socket.destroy();
      answerImage(request, response);
    });
    const { clock } = fakeClock();
    expect(await findImage(`${flaky}/app:v1`, { clock })).not.toBeNull();
    const silent = await serve(() => {});
    const options = { timeoutMs: 100, totalMs: 100, clock };
    await expect(tagExists(`${silent}/app:v1`, options)).rejects.toMatchObject({
      code: "registry-unreachable",
    });
    const nobody = `127.0.0.1:${await freePort()}`;
    await expect(tagExists(`${nobody}/app:v1`, options)).rejects.toThrow(nobody);
  });

  test("is not believed when its bytes are not what their digest says", async () => {
    const host = await serve((request, response) => {
      response.setHeader("content-type", "application/vnd.oci.image.manifest.v1+json");
      response.end(request.url?.includes("/manifests/") ? manifest : "{}");
    });
    await expect(resolveImage(`${host}/app@${ABSENT}`)).rejects.toThrow(`other bytes for app than ${ABSENT}`);
    await expect(resolveImage(`${host}/app:v1`)).rejects.toThrow(
      `other bytes for app than ${sha256(config)}`,
    );
  });

  test("may keep blobs elsewhere, where no login is shown", async () => {
    const shown: (string | undefined)[] = [];
    const store = await serve((request, response) => {
      shown.push(request.headers.authorization);
      response.end(config);
    });
    const host = await serve((request, response) => {
      if (request.headers.authorization === undefined) {
        response.statusCode = 401;
        response.setHeader("www-authenticate", "Basic realm=x");
        return void response.end();
      }
      if (request.url?.includes("/manifests/")) return answerImage(request, response);
      response.statusCode = 307;
      response.setHeader("location", `http://${store}/blob?signature=secret`);
      response.end();
    });
    expect((await resolveImage(`${host}/app:v1`, { login })).labels).toEqual({ a: "b" });
    expect(shown).toEqual([undefined]);
  });

  test("is not told the password unencrypted when it is not declared for that", async () => {
    const { isPlainAllowed } = await import("../../src/effects/registry/conversation.js");
    const allowed = (name: string, options = {}) => isPlainAllowed(name, options);
    expect(allowed("localhost:5000")).toBe(true);
    expect(allowed("127.0.0.1:5000")).toBe(true);
    expect(allowed("10.1.2.3:5000")).toBe(false);
    expect(allowed("10.1.2.3:5000", { plainHttpAtPrivateAddresses: true })).toBe(true);
    expect(allowed("8.8.8.8:5000", { plainHttpAtPrivateAddresses: true })).toBe(false);
    expect(allowed("10.evil.example", { plainHttpAtPrivateAddresses: true })).toBe(false);
    expect(allowed("127.0.0.1.evil.example")).toBe(false);
    expect(allowed("registry.example:5000", { plainHttp: ["registry.example:5000"] })).toBe(true);
    expect(allowed("registry.example", { plainHttp: ["registry.example:5000"] })).toBe(false);
  });
});

function sha256(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
