import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

it("notices that nobody reads its result any more, as behind `head`, and is not ended by that", () => {
  const program = `
    import { ownTerminal } from ${JSON.stringify(resolve(root, "cli/terminal.ts"))};
    const terminal = ownTerminal();
    const writing = setInterval(() => terminal.out("line"), 10);
    terminal.unread.addEventListener("abort", () => {
      clearInterval(writing);
      terminal.err("nobody reads: " + terminal.stop.aborted);
    });
  `;
  const { stdout, stderr, status } = spawnSync(
    "sh",
    [
      "-c",
      '"$@" | head -n 1',
      "sh",
      process.execPath,
      "--import",
      "tsx",
      "--input-type=module",
      "--eval",
      program,
    ],
    { cwd: root, encoding: "utf8", timeout: 30_000 },
  );
  expect({ stdout, stderr, status }).toEqual({
    stdout: "line\n",
    stderr: "nobody reads: false\n",
    status: 0,
  });
});
