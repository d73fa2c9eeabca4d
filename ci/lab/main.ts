import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { type Lab, openLab } from "./lab.js";
import { lower } from "./lower.js";
import { findPlace } from "./place.js";
import { printStatus } from "./status.js";

const usage = `npm run lab up [-- --targets N]   bring the lab up (again): engine, registry, N targets
npm run lab status                what stands, and who uses it
npm run lab shell                 a shell in which \`dagger\` and \`docker\` use the lab
npm run lab down                  remove what up made; caches stay
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { targets: { type: "string", default: "1" }, quiet: { type: "boolean", default: false } },
  });
  const targets = Number(values.targets);
  if (!Number.isInteger(targets) || targets < 0 || targets > 20)
    throw new Error("--targets is a number from 0 to 20");
  switch (positionals[0]) {
    case "up":
      describe(await openLab({ targets, quiet: values.quiet }));
      return 0;
    case "down":
      await lower(findPlace(), (text) => process.stderr.write(text));
      return 0;
    case "status":
      return (await printStatus(findPlace())) ? 0 : 1;
    case "shell":
      return shell(await openLab({ targets }));
    default:
      process.stderr.write(usage);
      return 2;
  }
}

function describe(lab: Lab): void {
  console.log(`registry   ${lab.registry}`);
  for (const { name, host, privateKeyPath, knownHostsPath } of lab.targets) {
    console.log(
      `${name.padEnd(10)} ssh -i ${privateKeyPath} -o UserKnownHostsFile=${knownHostsPath} deploy@${host}`,
    );
  }
  console.log("dagger     npm run lab shell, then: dagger --progress=plain call …");
}

function shell(lab: Lab): Promise<number> {
  describe(lab);
  const child = spawn(process.env.SHELL || "/bin/sh", {
    stdio: "inherit",
    env: { ...lab.env, LAB_REGISTRY: lab.registry },
  });
  return new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1)));
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(130)); // so that what runs for us is ended, too
}
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
