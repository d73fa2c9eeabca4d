import { EvenkeelError } from "../../errors.js";

/** How one of the three package managers is had and used. Every argv works without a shell. */
export interface PackageManager {
  readonly name: "npm" | "pnpm" | "yarn";
  /** What to install from the npm registry, exact; null: npm comes with Node. */
  readonly package: string | null;
  readonly lockfile: string;
  /** From the lockfile, and failing when it does not suit package.json. */
  readonly install: readonly string[];
  /** The same, without what is only needed to develop. */
  readonly installProduction: readonly string[];
  /** Runs a script of package.json. */
  readonly run: (script: string) => readonly string[];
}

/** What of package.json shapes a build. */
export interface Manifest {
  readonly main: string | null;
  readonly scripts: Readonly<Record<string, string>>;
  readonly packageManager: string | null;
  readonly hasDependencies: boolean;
}

/** Where the volume with what was downloaded is mounted. */
export const CACHE_PATH = "/var/cache/evenkeel";

// Of each manager the newest that reads the lockfile's version and runs on all supported versions of Node.
const PNPM_BY_LOCKFILE: readonly (readonly [pattern: RegExp, version: string])[] = [
  [/^lockfileVersion:\s*'?9\./m, "10.34.8"],
  [/^lockfileVersion:\s*'?6\./m, "8.15.9"],
  [/^lockfileVersion:\s*'?5\./m, "7.33.7"],
];
const YARN_CLASSIC = "1.22.22";

const USE_DOCKERFILE =
  "Build with a Dockerfile, which is used as soon as there is one and no `build.node`, and let `test.command` install for itself; or move to npm or pnpm.";

/**
 * The package manager that a project's lockfile belongs to; null when it has none and needs none.
 *
 * @param entries names of the files in the project's folder
 * @param readLockfile the text of one of them
 * @throws EvenkeelError `build-failed` when the lockfile is missing, ambiguous or of a kind that is not read
 */
export async function findPackageManager(
  entries: readonly string[],
  manifest: Manifest,
  readLockfile: (name: string) => Promise<string>,
): Promise<PackageManager | null> {
  const found = ["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock"].filter((name) =>
    entries.includes(name),
  );
  const asked = manifest.packageManager;
  const candidates = asked === null ? found : found.filter((name) => LOCKFILES[name] === asked.split("@")[0]);
  const [lockfile, other] = candidates;
  if (other !== undefined)
    throw refuse(
      `There are several lockfiles: ${candidates.join(" and ")}.`,
      "Keep the one of the package manager you use, or name it in `packageManager` of package.json.",
    );
  if (lockfile === undefined) {
    if (!manifest.hasDependencies) return null;
    const bun = ["bun.lock", "bun.lockb"].find((name) => entries.includes(name));
    if (bun !== undefined)
      throw refuse(`${bun} belongs to Bun; what installs here is npm, pnpm or Yarn 1.`, USE_DOCKERFILE);
    throw refuse(
      `package.json has dependencies, but there is no lockfile${asked === null ? "" : ` of ${asked}`}.`,
      `Commit package-lock.json, pnpm-lock.yaml or yarn.lock: without one, no two installations need be the same. With another package manager: ${USE_DOCKERFILE}`,
    );
  }
  const name = LOCKFILES[lockfile];
  if (name === "pnpm") return pnpm(asked, await readLockfile(lockfile));
  if (name === "yarn") return yarn(asked, await readLockfile(lockfile));
  return npm(lockfile);
}

/**
 * What of package.json shapes a build.
 *
 * @throws EvenkeelError `build-failed` when it is not JSON.
 */
export function readManifest(text: string): Manifest {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw refuse(`package.json is not valid JSON: ${(cause as Error).message}.`, "Correct package.json.");
  }
  const manifest = recordOf(data);
  const dependencies = ["dependencies", "devDependencies", "optionalDependencies"].map((key) =>
    Object.keys(recordOf(manifest[key])),
  );
  return {
    main: typeof manifest.main === "string" ? manifest.main : null,
    scripts: textsOf(manifest.scripts),
    packageManager: typeof manifest.packageManager === "string" ? manifest.packageManager : null,
    hasDependencies: dependencies.flat().length > 0 || manifest.workspaces !== undefined,
  };
}

/** The scripts of a package.json that need not be one of the project's own: none, when it is not JSON. */
export function scriptsOf(text: string): Readonly<Record<string, string>> {
  try {
    return textsOf(recordOf(JSON.parse(text)).scripts);
  } catch {
    return {};
  }
}

const LOCKFILES: Readonly<Record<string, PackageManager["name"]>> = {
  "package-lock.json": "npm",
  "npm-shrinkwrap.json": "npm",
  "pnpm-lock.yaml": "pnpm",
  "yarn.lock": "yarn",
};

function npm(lockfile: string): PackageManager {
  const install = ["npm", "ci", "--no-audit", "--no-fund", "--cache", CACHE_PATH];
  return {
    name: "npm",
    package: null,
    lockfile,
    install,
    installProduction: [...install, "--omit=dev"],
    run: (script) => ["npm", "run", script],
  };
}

function pnpm(asked: string | null, lockfile: string): PackageManager {
  const byLockfile = PNPM_BY_LOCKFILE.find(([pattern]) => pattern.test(lockfile))?.[1];
  const version = exactVersion(asked) ?? byLockfile;
  if (version === undefined)
    throw refuse(
      "pnpm-lock.yaml has a lockfileVersion that is not known here.",
      'Name the version of pnpm in package.json, such as "packageManager": "pnpm@10.34.8".',
    );
  const install = ["pnpm", "install", "--frozen-lockfile", "--store-dir", CACHE_PATH];
  return {
    name: "pnpm",
    package: `pnpm@${version}`,
    lockfile: "pnpm-lock.yaml",
    install,
    installProduction: [...install, "--prod"],
    run: (script) => ["pnpm", "run", script],
  };
}

function yarn(asked: string | null, lockfile: string): PackageManager {
  const version = exactVersion(asked) ?? YARN_CLASSIC;
  if (/^__metadata:/m.test(lockfile) || !version.startsWith("1."))
    throw refuse(
      "yarn.lock belongs to Yarn 2 or later; what installs here is npm, pnpm or Yarn 1.",
      USE_DOCKERFILE,
    );
  const install = ["yarn", "install", "--frozen-lockfile", "--non-interactive", "--cache-folder", CACHE_PATH];
  return {
    name: "yarn",
    package: `yarn@${version}`,
    lockfile: "yarn.lock",
    install,
    installProduction: [...install, "--production"],
    run: (script) => ["yarn", "run", script],
  };
}

// "pnpm@10.34.8+sha512.…": the hash is corepack's own.
function exactVersion(asked: string | null): string | undefined {
  return asked?.match(/^[a-z]+@(\d+\.\d+\.\d+(?:-[\w.]+)?)(?:\+.*)?$/)?.[1];
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(recordOf(value)).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

function refuse(detail: string, next: string): EvenkeelError {
  return new EvenkeelError("build-failed", detail, {
    why: "Dependencies are installed from the project's lockfile, exactly.",
    next,
  });
}
