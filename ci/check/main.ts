import { runAll } from "./run-all.js";

process.exitCode = (await runAll()) ? 0 : 1;
