import type { PeerCertificate } from "node:tls";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AcmeServer, openAcmeServer } from "./support/acme-server.js";
import { until } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

/** A certificate authority of one's own, as in a company's network; the protocol is Let's Encrypt's. */
const root = "/etc/ssl/acme-root.pem";
let authority: AcmeServer;
let shop: Shop;
beforeAll(async () => {
  const { lab, target, close } = await openShop();
  try {
    authority = await openAcmeServer(lab, target.host);
    const tls = `acme\n    acmeEmail: ops@shop.test\n    acmeServer: ${authority.directory}\n    acmeServerRoot: ${root}`;
    shop = await openShop({ domain: "shop.test", user: "deploy", target, tls });
  } catch (cause) {
    await close();
    throw cause;
  }
  shop = { ...shop, close };
});
afterAll(async () => {
  authority?.close();
  await shop?.close();
});

test("that the authority's own certificate cannot be read is told, and nothing serves yet", async () => {
  await expect(shop.deploy({ version: "1" })).rejects.toMatchObject({
    code: "proxy-failed",
    message: expect.stringContaining(`cannot read ${root} on the host`),
  });
});

test("a certificate is obtained for the domain, and serves", async () => {
  await shop.onHost("sh", "-c", `printf '%s' "$0" >${root}`, authority.root);
  await shop.deploy({ version: "1" });
  await until("a certificate", 60_000, async () => (await shown()) !== null);
  const certificate = await shown();
  expect(certificate?.subjectaltname).toBe("DNS:shop.test");
  expect(certificate?.issuer.CN).toMatch(/^Pebble/);
});

test("the next deploy goes on with it, and asks for no other", async () => {
  const before = await shown();
  await shop.deploy({ version: "2" });
  expect((await shown())?.fingerprint256).toBe(before?.fingerprint256);
});

/** The certificate that visitors are shown, when they can trust it. */
function shown(): Promise<PeerCertificate | null> {
  return new Promise((resolve) => {
    const { host } = shop.target;
    const socket = connect({ host, port: 443, servername: "shop.test", ca: authority.issuer }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on("error", () => resolve(null));
  });
}
