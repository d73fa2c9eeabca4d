#!/usr/bin/env node
// The package's `bin`. It stands outside of src/, because everything there is run on every call of the Dagger
// module; and what an old Node cannot read is loaded only after that was looked at.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`evenkeel needs Node 22.19 or later, and this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  const { runCommandLine } = await import("./command-line.js");
  const { ownTerminal } = await import("./terminal.js");
  process.exitCode = await runCommandLine(process.argv.slice(2), ownTerminal());
}
