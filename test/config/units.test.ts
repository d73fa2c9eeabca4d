import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration, parseSize } from "../../src/config/units.js";

describe("durations", () => {
  test.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["1m30s", 90_000],
    ["1h5ms", 3_600_005],
    ["0s", 0],
    ["5m500ms", 300_500],
  ])("%s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each([
    "",
    "5",
    "s",
    "5 s",
    " 5s",
    "5s ",
    "-5s",
    "+5s",
    "1.5s",
    "5S",
    "5sec",
    "30s1m",
    "1s1s",
    "1e3s",
    "5s\n",
    "٣s",
  ])("refuses %j", (text) => expect(parseDuration(text)).toBeNull());

  test("what is written can be read back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7 * 24 * 3_600_000 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  test("any text is either refused or a safe, whole number of milliseconds", () => {
    const letters = fc.constantFrom(..."0123456789hmsµ .-+e");
    fc.assert(
      fc.property(fc.string({ unit: letters, maxLength: 24 }), (text) => {
        const ms = parseDuration(text);
        if (ms === null) return;
        expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true);
        expect(text).toMatch(/^(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/);
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("sizes", () => {
  test.each([
    ["512MiB", 536_870_912],
    ["512Mi", 536_870_912],
    ["512m", 536_870_912],
    ["2g", 2_147_483_648],
    ["1GiB", 1_073_741_824],
    ["64k", 65_536],
    ["1TiB", 1_099_511_627_776],
  ])("%s", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  // Docker reads `512MB` as MiB, everybody else as 10^6: neither is guessed.
  test.each(["512", "512MB", "512mb", "512B", "1.5g", "-1g", "1 g", "g", "", "1mib"])("refuses %j", (text) =>
    expect(parseSize(text)).toBeNull(),
  );
});
