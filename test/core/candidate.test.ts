import { expect, test } from "vitest";
import { type Candidate, type Errand, line } from "../../src/core/candidate.js";
import { aRelease } from "../support/builders.js";

const errand: Errand = {
  token: "t",
  holder: "me",
  reason: "why",
  keepReleases: 5,
  publicUrl: null,
  promotionGate: null,
};
const candidate: Candidate = {
  container: { id: "c", slot: "blue" },
  revision: 2,
  release: aRelease({ commit: "c0ffee", committedAt: "2030-01-01T00:00:00Z" }),
  left: 1,
  hot: false,
};

test("a promotion tells when its commit was made and what it left, and no other line does", () => {
  expect(line(errand, candidate, "promoted", "well")).toEqual({
    ...{
      event: "promoted",
      revision: 2,
      image: candidate.release.image,
      commit: "c0ffee",
      by: "me",
      reason: "well",
    },
    ...{ committedAt: "2030-01-01T00:00:00Z", left: 1 },
  });
  const switched = line(errand, candidate, "switched", "");
  expect(switched).not.toHaveProperty("committedAt");
  expect(switched).not.toHaveProperty("left");
  const unknown = { ...candidate, release: aRelease(), left: null };
  expect(Object.keys(line(errand, unknown, "promoted", ""))).toEqual([
    ...["event", "revision", "image", "commit", "by", "reason"],
  ]);
});
