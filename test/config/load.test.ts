import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const TEXT =
  "app: shop\nimage: shop\nenvironments:\n  production: { host: h, user: u, knownHosts: deploy/known_hosts }\n";

describe("a configuration on disk", () => {
  test("is read together with the files beside it, wherever it is read from", () => {
    mkdirSync(join(folder, "deploy"));
    writeFileSync(join(folder, "evenkeel.yaml"), TEXT);
    writeFileSync(join(folder, "deploy/known_hosts"), "# nothing yet\n");
    const config = loadConfig(join(folder, "evenkeel.yaml"));
    expect(config.environments.get("production")?.host.knownHosts).toBe("# nothing yet\n");
  });

  test("that is not there is an error that names the path and says what to write", () => {
    const path = join(folder, "evenkeel.yaml");
    expect(() => loadConfig(path)).toThrow(
      expect.objectContaining({
        code: "config-missing",
        message: expect.stringMatching(
          new RegExp(`^${path} cannot be read: .*\nWhy: .*\nNext: Write evenkeel.yaml`),
        ),
      }),
    );
  });

  test("of any size is refused without being read to its end", () => {
    const path = join(folder, "evenkeel.yaml");
    writeFileSync(path, "");
    truncateSync(path, 8 * 1024 ** 3);
    expect(() => loadConfig(path)).toThrow(/larger than 64 KiB/);
    rmSync(path);
    symlinkSync("/dev/zero", path);
    expect(() => loadConfig(path)).toThrow(/larger than 64 KiB/);
  });

  test("whose pinned keys cannot be read is refused", () => {
    writeFileSync(join(folder, "evenkeel.yaml"), TEXT);
    mkdirSync(join(folder, "deploy/known_hosts"), { recursive: true });
    expect(() => loadConfig(join(folder, "evenkeel.yaml"))).toThrow(/known_hosts cannot be read/);
  });
});
