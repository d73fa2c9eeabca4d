import { expect, test } from "vitest";
import { sameSite, siteFor } from "../../src/core/sites.js";
import { aHealth, aRuntime, aSite, aView } from "../support/builders.js";

test("a site is all that was asked for, in the format of today, for a candidate in either slot", () => {
  const runtime = aRuntime({ port: 8080, health: aHealth({ path: "/up" }) });
  const asked = aSite({ domains: ["shop.example"], healthTimeoutMs: 7, responseTimeoutMs: 8 });
  expect(siteFor(asked, aView(), "blue", runtime)).toEqual({
    ...asked,
    slots: { blue: { port: 8080, healthPath: "/up" }, green: { port: 3000, healthPath: "/health" } },
  });
});

test("the slot that serves keeps its port and path when the candidate has others", () => {
  const runtime = aRuntime({ port: 8080, health: aHealth({ path: "/up" }) });
  expect(siteFor(aSite(), aView(), "green", runtime).slots).toEqual({
    blue: { port: 3000, healthPath: "/health" },
    green: { port: 8080, healthPath: "/up" },
  });
});

test("on a bare host both slots are the candidate's", () => {
  const proxy = { ...aView().proxy, site: null };
  const { slots } = siteFor(aSite(), aView({ proxy }), "blue", aRuntime({ port: 8080 }));
  expect(slots.blue).toEqual({ port: 8080, healthPath: "/health" });
  expect(slots.blue).toEqual(slots.green);
});

test("where the site was lost, what is in the other slot tells how it is reached", () => {
  const view = aView();
  const candidate = aRuntime({ port: 8080 });
  const lost = { ...view, proxy: { ...view.proxy, site: null } };
  expect(siteFor(aSite(), lost, "green", candidate).slots).toEqual({
    blue: { port: 3000, healthPath: "/health" },
    green: { port: 8080, healthPath: "/health" },
  });
});

test("two sites are one whatever the order of their keys, and none is like no site", () => {
  const { format, ...rest } = aSite();
  expect(sameSite(aSite(), { ...rest, format })).toBe(true);
  expect(sameSite(aSite(), aSite({ domains: ["shop.example"] }))).toBe(false);
  expect(sameSite(aSite(), null)).toBe(false);
  const mail = (email: string | null) => aSite({ tls: { mode: "acme", email } });
  expect(sameSite(mail(null), { ...rest, format, tls: { email: null, mode: "acme" } })).toBe(true);
  expect(sameSite(mail(null), mail("a@shop.example"))).toBe(false);
  expect(sameSite(aSite({ domains: ["a", "b"] }), aSite({ domains: ["b", "a"] }))).toBe(false);
});
