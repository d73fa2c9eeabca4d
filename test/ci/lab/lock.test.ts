import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { withLock } from "../../../ci/lab/lock.js";

const file = () => join(mkdtempSync(join(tmpdir(), "evenkeel-lock-")), "lock");

describe("withLock", () => {
  it("lets one in at a time", async () => {
    const lock = file();
    let inside = 0;
    const work = () =>
      withLock(
        lock,
        () => {},
        async () => {
          expect(++inside).toBe(1);
          await sleep(20);
          inside--;
        },
      );
    await Promise.all([work(), work(), work()]);
  });

  it("is free again after a failure, which passes through", async () => {
    const lock = file();
    const failing = withLock(
      lock,
      () => {},
      () => Promise.reject(new Error("no disk")),
    );
    await expect(failing).rejects.toThrow("no disk");
    expect(
      await withLock(
        lock,
        () => {},
        async () => "in",
      ),
    ).toBe("in");
  });
});
