import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.js";
import { withKnownHosts } from "../../src/config/given-host-keys.js";
import { decideHostKey, parseKnownHosts } from "../../src/config/known-hosts.js";
import { parseConfig } from "../../src/config/parse.js";

const address = { host: "shop.example.com", port: 22 };
const [one, two, rsa] = [key("ssh-ed25519", "one"), key("ssh-ed25519", "two"), key("ssh-rsa", "one")];

describe("keys given with a call", () => {
  it("are pinned where the configuration pins none", () => {
    expect(verdict(withKnownHosts(configured(""), line(one)), one)).toBe("match");
    expect(verdict(withKnownHosts(configured(""), line(one)), two)).toBe("changed");
  });

  it("may repeat what the configuration pins, and cannot add to it", () => {
    const config = withKnownHosts(configured(line(one)), `${line(one)}\n${line(rsa)}\n`);
    expect(verdict(config, one)).toBe("match");
    expect(verdict(config, rsa)).toBe("unknown");
  });

  it("are refused when they pin another key than the configuration does", () => {
    expect(() => withKnownHosts(configured(line(one)), line(two))).toThrow(
      /line 1: the ssh-ed25519 key SHA256:\S+, but for production evenkeel\.yaml pins SHA256:/,
    );
  });

  it("may be of other machines: they change nothing for this one", () => {
    const config = withKnownHosts(configured(line(one)), line(two).replace("shop", "other"));
    expect(verdict(config, one)).toBe("match");
    expect(verdict(config, two)).toBe("changed");
  });

  it("do not undo what the configuration revokes, and can revoke what it pins", () => {
    const revoked = `@revoked ${line(one)}`;
    expect(verdict(withKnownHosts(configured(revoked), line(one)), one)).toBe("revoked");
    expect(verdict(withKnownHosts(configured(line(one)), revoked), one)).toBe("revoked");
  });

  it("are refused with every line that cannot be read", () => {
    const text = `${line(one)}\nshop.example.com ssh-ed25519 AAAA\nnonsense\n`;
    expect(() => withKnownHosts(configured(""), text)).toThrow(/line 2: .*\n.*line 3: expected host names/);
  });

  it("may be none at all", () => {
    const config = configured(line(one));
    expect(withKnownHosts(config, "\n")).toBe(config);
  });
});

function configured(knownHosts: string): Config {
  const pinned = knownHosts === "" ? "" : `    knownHosts: ${JSON.stringify(knownHosts)}\n`;
  const text = `app: shop\nimage: registry.example.com/team/shop\nenvironments:\n  production:\n    host: shop.example.com\n    user: deploy\n${pinned}`;
  return parseConfig(text, { file: "evenkeel.yaml" });
}

function verdict(config: Config, shown: string): string {
  const { entries } = parseKnownHosts(config.environments.get("production")?.host.knownHosts ?? "");
  return decideHostKey(entries, address, typeOf(shown), shown).verdict;
}

function line(shown: string): string {
  return `shop.example.com ${typeOf(shown)} ${shown}`;
}

function typeOf(shown: string): string {
  return shown === rsa ? "ssh-rsa" : "ssh-ed25519";
}

/** A key as SSH sends it: fields with their lengths. */
function key(type: string, seed: string): string {
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return Buffer.concat([field(Buffer.from(type)), field(Buffer.from(seed.padEnd(32, ".")))]).toString(
    "base64",
  );
}
