import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Site } from "../../src/core/model.js";
import { fakeHost } from "./support/fake-host.js";
import { site } from "./support/steps.js";

const key = "shop-production";
let host: ReturnType<typeof fakeHost>;
let files: Site["tls"] & { readonly mode: "files" };
const place = (name: string) => join(host.folder, name);
const route = (differs: Partial<Site>) =>
  host.ask({ kind: "route", fence: 1, site: { ...site, ...differs } });
const loaded = () => host.file(`proxy/sites/${key}.caddy`);
const copies = () => readdirSync(join(host.root, `proxy/certs/${key}`)).sort();
const digest = (text: string) => createHash("sha256").update(text).digest("hex");

beforeEach(() => {
  host = fakeHost();
  host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
  host.write("proxy/Caddyfile", "import sites/*.caddy\n");
  host.write(`routes/${key}/active`, "blue");
  files = { mode: "files", certificate: place("shop.pem"), key: place("shop.key") };
  writeFileSync(files.certificate, "certificate 1");
  writeFileSync(files.key, "key 1");
});
afterEach(() => host.remove());

it.each([
  ["a domain", { domains: ["pay.example", "shop.example"] }, "shop.example belongs to other-test"],
  ["a domain, over https", { domains: ["shop.example"], tls: { mode: "acme", email: null } }, "shop.example"],
  ["what is left", { domains: [] }, null],
] as const)("does not give away %s that another app has", (_, differs, words) => {
  host.write(`proxy/sites/other-test.caddy`, '# evenkeel site {"format":2,"domains":["shop.example"]}\n');
  const answer = route({ ...differs });
  if (words === null) expect(answer).toEqual({ verdict: "done" });
  else
    expect(answer).toMatchObject({
      verdict: "failed",
      code: "proxy-failed",
      message: expect.stringContaining(words),
    });
  expect(loaded() === null).toBe(words !== null);
});

it("gives what is left to one app, and lets it keep that", () => {
  host.write(`proxy/sites/other-test.caddy`, '# evenkeel site {"format":2,"domains":[]}\n');
  expect(route({ domains: [] })).toMatchObject({ code: "proxy-failed" });
  expect(route({ domains: ["shop.example"] })).toEqual({ verdict: "done" });
  expect(route({ domains: ["shop.example", "www.shop.example"] })).toEqual({ verdict: "done" });
});

it("names copies by their digest, and keeps those that the site needs and no others", () => {
  expect(route({ tls: files })).toEqual({ verdict: "done" });
  expect(copies()).toEqual([digest("certificate 1"), digest("key 1")].sort());
  expect(loaded()).toContain(`certs/${key}/${digest("certificate 1")} `);
  expect(loaded()).not.toContain("\0");
  writeFileSync(files.certificate, "certificate 2");
  expect(route({ tls: files })).toEqual({ verdict: "done" });
  expect(copies()).toEqual([digest("certificate 2"), digest("key 1")].sort());
  expect(route({ tls: { mode: "off" } })).toEqual({ verdict: "done" });
  expect(copies()).toEqual([]);
});

it("leaves the site and its copies as they are where the proxy refuses the next one", () => {
  route({ tls: files });
  const before = loaded();
  writeFileSync(files.key, "no key at all");
  host.command("docker", `case "$1" in exec) echo "no such key" >&2; exit 1 ;; esac`);
  expect(route({ tls: files })).toMatchObject({ verdict: "failed", code: "proxy-failed" });
  expect(loaded()).toBe(before);
  for (const name of [digest("certificate 1"), digest("key 1")]) expect(copies()).toContain(name);
});

it.each([
  ["is not there", "nothing"],
  ["has no end", "/dev/zero"],
  ["is a folder", "/tmp"],
])("refuses a file that %s, with its name", (_, path) => {
  const key = path.startsWith("/") ? path : place(path);
  expect(route({ tls: { ...files, key } })).toMatchObject({
    verdict: "failed",
    code: "proxy-failed",
    message: expect.stringContaining(`cannot read ${key} on the host`),
  });
  expect(loaded()).toBeNull();
});

it("refuses a file that is too large to be a certificate", () => {
  writeFileSync(files.key, Buffer.alloc(1_048_577));
  expect(route({ tls: files })).toMatchObject({ code: "proxy-failed" });
});
