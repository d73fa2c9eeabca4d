// Starts this repository's own commands (npm run demo | lab | test | check). Plain JavaScript for any
// Node from 18 on: it installs what is missing and goes on with the Node that the project is written for.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const modules = join(root, "node_modules");
const ownNode = join(modules, ".bin", "node");
const commands = ["demo", "lab", "test", "check", "bench", "simulate", "sweep", "mutate", "docs"];

const [command, ...args] = process.argv.slice(2);
if (!commands.includes(command)) stop(2, `usage: node ci/run.mjs ${commands.join("|")} [arguments]`);

if (!installed()) npmCi();
const node = suitableNode();
const entry = join(root, "ci", command, "main.ts");
if (!existsSync(entry)) stop(2, `there is no ${entry}`);
forward(
  spawn(node, ["--import", "tsx", entry, ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${join(modules, ".bin")}${delimiter}${process.env.PATH}` },
  }),
);

/** Whether node_modules has each package in the version that package-lock.json names. */
function installed() {
  const wanted = packagesOf(join(root, "package-lock.json"));
  const present = packagesOf(join(modules, ".package-lock.json"));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || optional || present[path]?.version === version,
  );
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, "utf8")).packages;
  } catch {
    return {};
  }
}

function npmCi() {
  console.error("installing the packages of package-lock.json (npm ci)");
  const started = Date.now();
  // Its warnings are about an older Node than the project's, which brings its own: errors alone are news.
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0)
    stop(1, "npm ci failed; its message is above. Run the same command again when that is solved.");
  console.error(`installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** This Node if it is new enough, else the one among the dev dependencies. */
function suitableNode() {
  if (isNewEnough(process.version)) return process.execPath;
  if (!isNewEnough(versionOf(ownNode))) {
    // npm may have been told to run no install scripts: this package's is its whole purpose.
    console.error(`Node ${process.version} is older than 22.19: installing the project's own`);
    spawnSync(process.execPath, ["installArchSpecificPackage"], {
      cwd: join(modules, "node"),
      stdio: ["ignore", 2, 2],
    });
  }
  const found = [ownNode, join(modules, "node", "bin", "node")].find((path) => isNewEnough(versionOf(path)));
  if (found) return found;
  return stop(
    1,
    "Node 22.19 or later is needed: install it, or run `npm rebuild node`, which brings one along.",
  );
}

function versionOf(path) {
  return String(spawnSync(path, ["--version"]).stdout ?? "").trim();
}

function isNewEnough(version) {
  const [major = 0, minor = 0] = version.replace("v", "").split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 19);
}

/** Makes this process end as its child does, and sends on what asks it to end. */
function forward(child) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // A terminal sends Ctrl-C to both of us: sent on, it would arrive twice.
    process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY) || child.kill(signal));
  }
  child.on("error", (error) => stop(1, `cannot run ${node}: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

function stop(code, message) {
  console.error(message);
  process.exit(code);
}
