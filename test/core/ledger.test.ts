import { expect, test } from "vitest";
import { nextRevision, revisionsToKeep, stableRevisions } from "../../src/core/ledger.js";
import { aContainer, anEntry, aRelease, aView } from "../support/builders.js";

const promoted = (revision: number, left?: number) =>
  anEntry({ event: "promoted", revision, ...(left === undefined ? {} : { left }) });

test("promotion makes stable, in its order", () => {
  expect(stableRevisions([promoted(1), anEntry({ event: "switched", revision: 2 }), promoted(3)])).toEqual([
    1, 3,
  ]);
  expect(stableRevisions([promoted(1), promoted(2), promoted(1)])).toEqual([2, 1]);
});

test("being rolled back from, or left by a rollback, takes the mark away", () => {
  expect(stableRevisions([promoted(1), promoted(2), anEntry({ event: "rolled-back", revision: 2 })])).toEqual(
    [1],
  );
  expect(stableRevisions([promoted(1), promoted(2), promoted(1, 2)])).toEqual([1]);
});

test("an abort, a halt, or that nobody confirmed it says nothing about a release that was promoted before", () => {
  const ledger = [
    promoted(1),
    anEntry({ event: "reverted", revision: 1 }),
    anEntry({ event: "aborted", revision: 1 }),
    anEntry({ event: "halted", revision: 1 }),
  ];
  expect(stableRevisions(ledger)).toEqual([1]);
});

test("a revision number is never used twice, wherever it was seen", () => {
  const bare = { ledger: [], releases: [], containers: [], tagged: [] };
  expect(nextRevision(aView(bare))).toBe(1);
  expect(nextRevision(aView({ ...bare, tagged: [4] }))).toBe(5);
  expect(nextRevision(aView({ ledger: [anEntry({ revision: 7 })] }))).toBe(8);
  expect(nextRevision(aView({ containers: [aContainer({ revision: 9 })] }))).toBe(10);
  const releases = [{ revision: 11, release: aRelease(), imagePresent: false }];
  expect(nextRevision(aView({ releases }))).toBe(12);
});

test("the newest stable ones are kept, with the one promoted and whatever runs", () => {
  const view = aView({
    ledger: [1, 2, 3, 4, 5].map((revision) => promoted(revision)),
    containers: [aContainer({ revision: 2 })],
  });
  expect(revisionsToKeep(view, 6, 3)).toEqual([2, 4, 5, 6]);
});

test("keeping one release keeps that one", () => {
  const view = aView({ ledger: [promoted(1), promoted(2)], containers: [] });
  expect(revisionsToKeep(view, 3, 1)).toEqual([3]);
});

test("only the release that was rolled back from loses its mark, be it the first or one that never had it", () => {
  const back = (revision: number) => anEntry({ event: "rolled-back", revision });
  expect(stableRevisions([promoted(1), promoted(2), back(1)])).toEqual([2]);
  expect(stableRevisions([promoted(1), promoted(2), back(9)])).toEqual([1, 2]);
  expect(stableRevisions([promoted(1), { ...back(2), left: 1 }])).toEqual([1]);
});

test("fewer than are kept are all kept, in their order, and none twice", () => {
  const ledger = [8, 9, 10, 11].map((revision) => promoted(revision));
  expect(revisionsToKeep({ ledger, containers: [aContainer({ revision: 9 })] }, 11, 6)).toEqual([
    8, 9, 10, 11,
  ]);
  expect(revisionsToKeep({ ledger, containers: [] }, 11, 0)).toEqual([11]);
});
