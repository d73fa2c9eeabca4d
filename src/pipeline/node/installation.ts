/** Which files an installation reads, and what it reads otherwise for production. Pure. */
import { type PackageManager, scriptsOf } from "./package-manager.js";

/** What of a project tells what its installation reads. */
export interface InstallationFiles {
  /** Names in the project's folder. */
  readonly entries: readonly string[];
  /** Every package.json by its path: the project's own, and those of its workspaces. */
  readonly manifests: ReadonlyMap<string, string>;
  readonly lockfile: string;
}

/**
 * Patterns of the files that make the layer of the dependencies, so that it is reused when only the source
 * changes; or all files, where it cannot be told what an installation reads.
 */
export function neededToInstall(manager: PackageManager, files: InstallationFiles): readonly string[] {
  if (mayReadAnything(manager, files)) return ["**"];
  return [
    "package.json",
    "**/package.json",
    manager.lockfile,
    ".npmrc",
    ".pnpmfile.*",
    "pnpm-workspace.yaml",
    "patches",
  ];
}

/**
 * The package.json files that are others for production, by path. What prepares a checkout for work, such as
 * husky or a compiler, is most often a development dependency: without these its script may fail. It is run
 * nevertheless, because some prepare what production needs, such as a generated client.
 */
export function manifestsForProduction(manifests: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(
    [...manifests].flatMap(([path, text]): [string, string][] => {
      const scripts = scriptsOf(text);
      const preparing = PREPARING.filter((name) => name in scripts);
      if (preparing.length === 0) return [];
      const lenient = Object.fromEntries(preparing.map((name) => [name, `${scripts[name]} || true`]));
      const manifest = { ...JSON.parse(text), scripts: { ...scripts, ...lenient } };
      return [[path, `${JSON.stringify(manifest, null, 2)}\n`]];
    }),
  );
}

const PREPARING = ["prepublish", "preprepare", "prepare", "postprepare"];
const INSTALLING = ["preinstall", "install", "postinstall", "pnpm:devPreinstall", ...PREPARING];

function mayReadAnything(
  { name }: PackageManager,
  { entries, manifests, lockfile }: InstallationFiles,
): boolean {
  const scripts = [...manifests.values()].flatMap((text) => Object.keys(scriptsOf(text)));
  return (
    scripts.some((script) => INSTALLING.includes(script)) ||
    // npm compiles what this describes, without a script that says so.
    entries.includes("binding.gyp") ||
    // It may name a Yarn of the project's own, or a folder of packages.
    (name === "yarn" && entries.includes(".yarnrc")) ||
    LOCAL_DEPENDENCY.test(lockfile)
  );
}

/** `file:vendor/x.tgz`, and `x@./vendor/x.tgz` as Yarn writes it: a file of the project, or a whole folder. */
const LOCAL_DEPENDENCY = /\bfile:|@\.\.?\//;
