import { describe, expect, it } from "vitest";
import { parseSite, proxyConfig, siteParts, siteText } from "../../src/commands/site.js";
import { site } from "./support/steps.js";

const key = { app: "shop", environment: "production" };
const text = siteText(key, site);
const block = (head: string) => {
  const from = text.slice(text.indexOf(`${head} {`));
  return from.slice(0, from.indexOf("\n\t\t}\n"));
};

describe("the text of a site", () => {
  it("reads the pointer once per request", () => {
    expect(text.match(/\{file\./g)).toHaveLength(1);
    expect(text).toContain("vars ek_pointer {file./routes/shop-production/active}");
  });

  it("has static upstreams, each with its slot's own port", () => {
    for (const [, dials] of text.matchAll(/reverse_proxy (.*) \{/g))
      for (const dial of dials?.split(" ") ?? [])
        expect(["shop-production-blue:3000", "shop-production-green:3001"]).toContain(dial);
  });

  it("retries at least as often as it takes to mark a slot down", () => {
    const number = (name: string) =>
      Number(new RegExp(`${name} (\\d+)`).exec(block("handle @pair_blue"))?.[1]);
    expect(number("lb_retries")).toBeGreaterThanOrEqual(number("max_fails"));
  });

  it("never marks a slot down for what the application answers, nor for many open connections", () => {
    expect(text).not.toMatch(/unhealthy_status|unhealthy_request_count/);
  });

  it("alone, neither marks nor checks: there is nobody to fall back to", () => {
    expect(block("handle @solo_green")).not.toMatch(
      /max_fails|fail_duration|health_uri|shop-production-blue/,
    );
  });

  it("marks what the standby answers for the live slot, and what was asked unchecked", () => {
    expect(block("handle @pair_green")).toMatch(
      /@again method GET HEAD[\s\S]*log_append live_failed yes[\s\S]*shop-production-blue/,
    );
    expect(text).toContain("log_append unchecked yes");
    expect(text).toContain("log_append slot {rp.upstream.hostport}");
  });

  it("asks as patiently where no slot is fit or can be reached as where there is one alone", () => {
    const patience = (head: string) =>
      /lb_try_duration \S+\n\s+lb_try_interval \S+/.exec(block(head))?.[0].replaceAll(/\s+/g, " ");
    expect(patience("handle @solo_green")).toBe("lb_try_duration 5s lb_try_interval 250ms");
    for (const head of ["handle @unfit", "handle @unreached"])
      expect(patience(head)).toBe(patience("handle @solo_green"));
  });

  it("never repeats a request that may have been sent, unless it can be repeated", () => {
    expect(text.match(/method GET HEAD/g)?.length).toBeGreaterThan(5);
    expect(text).toContain(`{err.status_code} == 502 && {method} in ["GET", "HEAD"]`);
  });

  it("says whom it serves", () => {
    expect(text).toMatch(/^:80 \{$/m);
    const domains = ["shop.example", "www.shop.example"];
    expect(siteText(key, { ...site, domains })).toMatch(
      /^http:\/\/shop\.example, http:\/\/www\.shop\.example \{$/m,
    );
    const acme = siteText(key, { ...site, domains, tls: { mode: "acme", email: "a@b.example" } });
    expect(acme).toMatch(/^shop\.example, www\.shop\.example \{\n\ttls a@b\.example$/m);
    const own = {
      mode: "acme",
      email: null,
      server: "https://ca.example/dir",
      serverRoot: "/etc/ca.pem",
    } as const;
    const told = (changes: Partial<typeof site>) => siteParts(key, { ...site, ...changes }).join("");
    expect(told({ domains, tls: own })).toContain(
      "\ttls {\n\t\tca https://ca.example/dir\n\t\tca_root /etc/evenkeel/certs/shop-production/0\n\t}\n",
    );
    const files = told({ tls: { mode: "files", certificate: "/x", key: "/y" } });
    expect(files).toMatch(/^# sum 0 {2}\/x\n# sum 1 {2}\/y\n:443 \{$/m);
    expect(files).toMatch(/^\ttls( \/etc\/evenkeel\/certs\/shop-production\/[01]){2}$/m);
  });

  it("has no active check where the two releases are asked for different paths", () => {
    const slots = { ...site.slots, green: { port: 3001, healthPath: "/ready" } };
    expect(siteText(key, { ...site, slots })).not.toContain("health_uri");
    expect(text).toContain("health_uri /health");
  });

  it("is read back from its first line, and from nothing else", () => {
    expect(parseSite(text.split("\n")[0] ?? "")).toEqual(site);
    for (const other of ["", "# evenkeel site {", "# evenkeel site 7", "# a comment"])
      expect(parseSite(other)).toBeNull();
  });

  it("keeps headers and query strings out of the log", () => {
    expect(text).toMatch(/request>headers delete[\s\S]*resp_headers delete[\s\S]*request>uri regexp/);
  });
});

it("the proxy's own control stays inside its container", () => {
  expect(proxyConfig).toContain("admin localhost:2019");
});
