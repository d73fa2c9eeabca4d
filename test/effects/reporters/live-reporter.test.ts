import { spawn } from "node:child_process";
import xterm from "@xterm/headless";
import { describe, expect, test } from "vitest";
import { createReporter } from "../../../src/effects/reporters/create-reporter.js";
import { createLiveReporter } from "../../../src/effects/reporters/live-reporter.js";
import { fitted, widthOf } from "../../../src/effects/reporters/terminal-width.js";
import { aSample, aTally } from "../../support/builders.js";
import { aStart, toldRun } from "../../support/told-run.js";

/** A real terminal without a window: what a person sees, and what they can scroll back to. */
function terminal(columns = 80, rows = 24) {
  const xterminal = new xterm.Terminal({
    cols: columns,
    rows,
    scrollback: 1_000,
    allowProposedApi: true,
    convertEol: true,
  });
  let written = "";
  let width = columns;
  const pending: Promise<void>[] = [];
  const stream = {
    get columns() {
      return width;
    },
    rows,
    isTTY: true,
    write: (text: string) => {
      written += text;
      pending.push(new Promise((resolve) => xterminal.write(text, resolve)));
    },
  };
  return {
    stream,
    written: () => written,
    resize: async (columns: number) => {
      await Promise.all(pending);
      width = columns;
      xterminal.resize(columns, rows);
    },
    /** Every line, the ones out of sight included, without the empty ones at the end. */
    lines: async () => {
      await Promise.all(pending);
      const buffer = xterminal.buffer.active;
      const all: string[] = [];
      for (let at = 0; at < buffer.length; at++) {
        const line = buffer.getLine(at);
        const text = line?.translateToString(true) ?? "";
        if (line?.isWrapped) all.push((all.pop() ?? "") + text);
        else all.push(text);
      }
      return all.join("\n").trimEnd().split("\n");
    },
  };
}

const still = () => () => {};
const when = () => new Date("2030-01-02T03:04:05Z");

test("what is over stays as lines, and at the end nothing of the drawing is left", async () => {
  const screen = terminal();
  const plain: string[] = [];
  const { report } = await toldRun(
    {},
    { reporter: createLiveReporter(screen.stream, { every: still, wallClock: when }) },
  );
  const lines = await screen.lines();
  expect(report.outcome.phase).toBe("promoted");
  expect(lines[0]).toBe("deploy shop to production on shop.example.com");
  expect(lines.map((line) => line.split(" ")[0]).filter((word) => /^[a-z]+$/.test(word ?? ""))).toEqual(
    expect.arrayContaining(["pulled", "locked", "started", "gated", "switched", "baking"]),
  );
  expect(lines.filter((line) => /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(line))).toEqual(plain);
  expect(lines.at(-3)).toMatch(/^promoted: revision 2 serves in green/);
});

test("under way: what it does, for how long, and what the containers answer now", async () => {
  const screen = terminal();
  let nowMs = 0;
  const ticks: (() => void)[] = [];
  const every = (tick: () => void) => {
    ticks.push(tick);
    return () => {};
  };
  const reporter = createLiveReporter(screen.stream, { clock: { nowMs: () => nowMs }, every });
  reporter.start?.(aStart());
  reporter.phase({ at: { phase: "switched", revision: 2, guarded: true }, from: "gated", tookMs: 1_000 });
  reporter.phase({
    at: { phase: "baking", revision: 2, reason: "watched for 30 s" },
    from: "switched",
    tookMs: 1,
  });
  const look = (requests: number) =>
    reporter.health?.({
      during: "bake",
      slots: [
        { slot: "green", revision: 2, answers: [aSample({ durationMs: 4 })], traffic: aTally(requests, 1) },
        {
          slot: "blue",
          revision: 1,
          answers: [aSample({ status: 503, detail: "no\u001b[2J database" })],
          traffic: aTally(),
        },
      ],
    });
  look(10);
  look(15);
  nowMs += 12_300;
  for (const tick of ticks) tick();
  const lines = await screen.lines();
  expect(lines.slice(-3)).toEqual([
    expect.stringMatching(/^. bake +12\.3 s {2}revision 2: watched for 30 s$/),
    "    green, revision 2  200 in 4 ms  25 requests, 2 failed",
    "    blue, revision 1   503 no database in 4 ms  0 requests, 0 failed".replace("in 4 ms", "in 5 ms"),
  ]);
});

test("what is no run, such as taking a lock away, has lines and no drawing that nobody would end", async () => {
  const screen = terminal();
  const reporter = createLiveReporter(screen.stream, { every: still, wallClock: when });
  reporter.note("warning", "taking away: locked by ci");
  reporter.phase({ at: { phase: "locked", fence: 3 }, from: "idle", tookMs: 20 });
  expect(await screen.lines()).toEqual([
    "  ! taking away: locked by ci",
    "locked             0.0 s  fence 3",
  ]);
  expect(screen.written()).not.toContain("\u001b");
});

test("before the first phase it looks at the host, and then pulls; after the last one nothing is drawn", async () => {
  const screen = terminal();
  const reporter = createLiveReporter(screen.stream, { every: still, wallClock: when });
  const draw = () => reporter.health?.({ during: "gate", slots: [] });
  reporter.start?.(aStart());
  reporter.phase({ at: { phase: "idle" }, from: "idle", tookMs: 0 });
  expect((await screen.lines()).at(-1)).toMatch(/^. prepare /);
  reporter.step?.({ kind: "observe", tookMs: 100, reply: "answer" });
  draw();
  expect((await screen.lines()).at(-1)).toMatch(/^. pull /);
  const outcome = {
    phase: "aborted",
    code: "image-missing",
    serving: 1,
    reason: "not there",
    logs: "",
  } as const;
  reporter.phase({ at: outcome, from: "idle", tookMs: 1_000 });
  draw();
  expect((await screen.lines()).at(-1)).toMatch(/^aborted .*not there$/);
});

describe.each([20, 40, 80])("at a width of %i", (columns) => {
  test("drawing again never eats a line that stays, nor leaves one behind", async () => {
    const screen = terminal(columns, 10);
    const reporter = createLiveReporter(screen.stream, { every: still, wallClock: when });
    const words: string[] = [];
    reporter.start?.(aStart());
    for (let round = 0; round < 40; round++) {
      const text = `note ${round} ${"long ".repeat(round % 12)}end`;
      words.push(text.trim());
      reporter.note("info", text);
      reporter.health?.({
        during: "gate",
        slots: [
          {
            slot: "green",
            revision: 2,
            answers: [aSample({ status: 500, detail: "漢字 🚢 ".repeat(9) })],
            traffic: null,
          },
        ],
      });
    }
    reporter.failed?.({ code: "bug", message: "" });
    const all = (await screen.lines()).join("\n");
    expect(all.match(/note \d+/g)).toEqual(words.map((text) => text.split(" ").slice(0, 2).join(" ")));
    for (const text of words) expect(all.replaceAll(/\s+/g, " ")).toContain(text.replaceAll(/\s+/g, " "));
    expect(all).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]|漢/);
  });
});

test("a terminal made narrower in between keeps its lines", async () => {
  const screen = terminal(100, 12);
  const reporter = createLiveReporter(screen.stream, { every: still, wallClock: when });
  const look = () =>
    reporter.health?.({
      during: "gate",
      slots: [
        {
          slot: "green",
          revision: 2,
          answers: [aSample({ status: 500, detail: "x".repeat(200) })],
          traffic: null,
        },
      ],
    });
  reporter.start?.(aStart());
  reporter.note("info", "before");
  look();
  await screen.resize(40);
  look();
  reporter.note("info", "after");
  reporter.failed?.({ code: "bug", message: "" });
  const lines = await screen.lines();
  expect(lines.map((line) => line.trim())).toEqual([
    "deploy shop to production on shop.example.com",
    "before",
    "after",
  ]);
});

test("the cursor is hidden while something is drawn, and shown at the end whatever it is", async () => {
  for (const end of ["summary", "failed"] as const) {
    const screen = terminal();
    const listening = process.listenerCount("SIGINT");
    const reporter = createLiveReporter(screen.stream, { every: still });
    reporter.start?.(aStart());
    expect(screen.written()).toContain("\u001b[?25l");
    expect(screen.written()).not.toContain("\u001b[?25h");
    if (end === "failed") reporter.failed?.({ code: "bug", message: "" });
    else
      reporter.summary({
        outcome: { phase: "nothing-to-do", revision: 1, slot: "blue", reason: "" },
        ...{ timeline: [], totalMs: 1 },
      });
    expect(screen.written().lastIndexOf("\u001b[?25h")).toBeGreaterThan(
      screen.written().lastIndexOf("\u001b[?25l"),
    );
    expect(process.listenerCount("SIGINT")).toBe(listening);
  }
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "a process that %s ends in the middle gives the cursor back",
  async (signal) => {
    const module = new URL("../../../src/effects/reporters/live-reporter.ts", import.meta.url);
    const script = `import { createLiveReporter } from ${JSON.stringify(module.href)};
const stream = { columns: 80, rows: 24, write: (text) => process.stdout.write(text) };
createLiveReporter(stream).start(${JSON.stringify(aStart())});
setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script]);
    let written = "";
    child.stdout.on("data", (chunk) => {
      written += chunk;
      if (written.includes("prepare")) child.kill(signal);
    });
    const ended = await new Promise((resolve) => child.on("close", (_, by) => resolve(by)));
    expect(ended).toBe(signal);
    expect(written.lastIndexOf("\u001b[?25h")).toBeGreaterThan(written.lastIndexOf("\u001b[?25l"));
  },
);

test("in a log there is one line an event and no control character; which it is, the stream says", async () => {
  const written: string[] = [];
  const stream = { isTTY: false, write: (text: string) => written.push(text) };
  await toldRun({}, { reporter: createReporter({ stream }) });
  const log = written.join("");
  expect(log).toMatch(/^pulled .*\nlocked /);
  expect(log).not.toMatch(/[^\P{C}\n]/u);
  const json: string[] = [];
  await toldRun(
    {},
    { reporter: createReporter({ format: "json", stream: { write: (text) => void json.push(text) } }) },
  );
  expect(json.every((line) => line.endsWith("}\n"))).toBe(true);
});

test("widths are those of a terminal's cells", () => {
  expect(widthOf("abc")).toBe(3);
  expect(widthOf("漢字")).toBe(4);
  expect(widthOf("e\u0301🚢")).toBe(3);
  expect(fitted("漢字漢字", 5)).toBe("漢字…");
  expect(fitted("short", 5)).toBe("short");
  expect(fitted("short", 0)).toBe("");
});
