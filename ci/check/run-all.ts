import { spawnSync } from "node:child_process";

/** Every check that reads the code without running it, by name. */
const checks = {
  types: ["tsc", "--project", "."],
  "types of the module": ["tsc", "--project", "tsconfig.module.json"],
  "format and lint": ["biome", "check", "--error-on-warnings", "."],
  "dead code": ["knip"],
} as const;

/** Runs all of them, so that one call shows every problem; true when there is none. */
export async function runAll(): Promise<boolean> {
  let clean = true;
  for (const [name, [program, ...args]] of Object.entries(checks)) {
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${status === 0 ? "ok    " : "failed"}  ${name}  ${seconds} s`);
    if (status !== 0) {
      clean = false;
      console.log(`${stdout}${stderr}`);
    }
  }
  return clean;
}
