import type { Survivor } from "./judge.js";

const unread =
  "nothing reads it: of a decision that is proven, or of a record before its first look, it is not told";
const sameMillisecond =
  "only a look in exactly that millisecond would tell, and what follows is the same a millisecond later";
const twoSigns =
  "the guard and the pointer are two signs of one thing, a switch that was made: each is enough, and no history has only one of them here";

/**
 * Mutants that no test notices, each with the reason why none should. `npm run mutate` holds this list to the
 * truth: what is on it has to survive, and nothing else may.
 */
export const survivors: readonly Survivor[] = [
  {
    file: "src/core/go-back.ts",
    line: "for (let tries = 1; tries < STANDBY_TRIES && remainingMs(run) > 0; tries++) {",
    original: "remainingMs(run) > 0",
    replacement: "remainingMs(run) >= 0",
    reason: sameMillisecond,
  },
  {
    file: "src/core/go-back.ts",
    line: "if (run.nowMs >= limitMs || remainingMs(run) <= 0) return nowhere;",
    original: "run.nowMs >= limitMs",
    replacement: "run.nowMs > limitMs",
    reason: sameMillisecond,
  },
  {
    file: "src/core/go-back.ts",
    line: "if (run.nowMs >= limitMs || remainingMs(run) <= 0) return nowhere;",
    original: "remainingMs(run) <= 0",
    replacement: "remainingMs(run) < 0",
    reason: sameMillisecond,
  },
  {
    file: "src/core/go-back.ts",
    line: "proven: true,",
    original: "true",
    replacement: "false",
    reason: "where there is nowhere to go, whether that is proven is not asked",
  },
  {
    file: "src/core/go-back.ts",
    line: 'return { slot, proven: true, known: true, reason: "" };',
    original: '""',
    replacement: '"Stryker was here!"',
    reason: unread,
  },
  {
    file: "src/core/introduce.ts",
    line: 'let told = "";',
    original: '""',
    replacement: '"Stryker was here!"',
    reason: "any text that is no reason will do",
  },
  {
    file: "src/core/bake.ts",
    line: 'lastLive: "",',
    original: '""',
    replacement: '"Stryker was here!"',
    reason: unread,
  },
  {
    file: "src/core/bake.ts",
    line: 'const counted = report.traffic?.slots[report.live.container?.slot ?? "blue"];',
    original: '"blue"',
    replacement: '""',
    reason: "a live slot without a container ends the bake at once, whatever was counted",
  },
  {
    file: "src/core/deploy.ts",
    line: "if (view.guard !== null || view.pointer?.live === candidate.container.slot) throw cause;",
    original: "view.guard !== null || view.pointer?.live === candidate.container.slot",
    replacement: "view.guard !== null && view.pointer?.live === candidate.container.slot",
    reason: twoSigns,
  },
  {
    file: "src/core/deploy.ts",
    line: "if (view.guard !== null || view.pointer?.live === candidate.container.slot) throw cause;",
    original: "view.guard !== null",
    replacement: "false",
    reason: twoSigns,
  },
  {
    file: "src/core/deploy.ts",
    line: "if (view.guard !== null || view.pointer?.live === candidate.container.slot) throw cause;",
    original: "view.pointer?.live === candidate.container.slot",
    replacement: "false",
    reason: twoSigns,
  },
  {
    file: "src/core/rollback.ts",
    line: "if (blocked !== null || slot === null)",
    original: "slot === null",
    replacement: "false",
    reason:
      "settling has blocked a pair already; that a pair has no idle slot is asked again all the same, because the way back must never be taken for one",
  },
  {
    file: "src/core/introduce.ts",
    line: "if (!stands && mayStand && looks < STANDBY_TRIES && elapsedMs < health.deadlineMs) {",
    original: "elapsedMs < health.deadlineMs",
    replacement: "elapsedMs <= health.deadlineMs",
    reason: sameMillisecond,
  },
  {
    file: "src/core/proof.ts",
    line: "if (known || preferred === null) return answering(container, health.atMs);",
    original: "preferred === null",
    replacement: "false",
    reason: "only the preferred one can have been asked in vain before; the types do not say so",
  },
  {
    file: "src/core/settle.ts",
    line: "const runs = makesRoom && running === null && health.known && isStable;",
    original: "running === null",
    replacement: "true",
    reason: "what runs is found to run again two lines below, and stays as well",
  },
  {
    file: "src/core/settle.ts",
    line: 'if (!health.proven && servingContainer(yield* ask(run, { kind: "observe" })) !== null) return true;',
    original: "true",
    replacement: "false",
    reason: "what serves has started again by then, so that the next round looks at another reason",
  },
  {
    file: "src/core/settle.ts",
    line: "let able = true;",
    original: "true",
    replacement: "false",
    reason: "where nothing is open it is not read, and where something is it is set first",
  },
  {
    file: "src/core/settle.ts",
    line: 'for (let round = 0, before = ""; round < 4 && open !== null && open.reason !== before; round++) {',
    original: '""',
    replacement: '"Stryker was here!"',
    reason: "any text that is no reason will do",
  },
  {
    file: "src/core/settle.ts",
    line: "if (health.proven || run.nowMs >= untilMs) return true;",
    original: "run.nowMs >= untilMs",
    replacement: "run.nowMs > untilMs",
    reason: sameMillisecond,
  },
  {
    file: "src/core/settle.ts",
    line: "if (first === undefined) return;",
    original: "first === undefined",
    replacement: "false",
    reason: "a pointer is lost only where something runs; the types do not say so",
  },
  {
    file: "src/core/tidy.ts",
    line: 'const ledger = [...before.ledger, line(errand, candidate, "promoted", "")];',
    original: '""',
    replacement: '"Stryker was here!"',
    reason: unread,
  },
];
