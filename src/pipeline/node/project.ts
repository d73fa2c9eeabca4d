import type { Client, Container, Directory } from "@dagger.io/dagger";
import {
  CACHE_PATH,
  findPackageManager,
  type Manifest,
  type PackageManager,
  readManifest,
} from "./package-manager.js";

/** A folder with a package.json, and how its dependencies are installed. */
export interface NodeProject {
  readonly folder: Directory;
  readonly manifest: Manifest;
  /** Null when there is nothing to install. */
  readonly manager: PackageManager | null;
}

/** Where a project lies in the containers that test and build it, and in the image. */
export const APP_PATH = "/app";

/**
 * The Node project in a folder; null when it has no package.json.
 *
 * @throws EvenkeelError `build-failed` when its dependencies cannot be told exactly.
 */
export async function readNodeProject(folder: Directory): Promise<NodeProject | null> {
  const entries = await folder.entries();
  if (!entries.includes("package.json")) return null;
  const manifest = readManifest(await folder.file("package.json").contents());
  const manager = await findPackageManager(entries, manifest, (name) => folder.file(name).contents());
  return { folder, manifest, manager };
}

/** The container with the project's package manager, by its exact version. */
export function withManager(container: Container, manager: PackageManager | null): Container {
  if (manager === null || manager.package === null) return container;
  // In a place of its own: some Node images have another yarn, and npm does not write over it.
  const prefix = "/opt/evenkeel";
  return container
    .withExec(["npm", "install", "--global", "--no-audit", "--no-fund", "--prefix", prefix, manager.package])
    .withEnvVariable("PATH", `${prefix}/bin:\${PATH}`, { expand: true });
}

/** The container with every dependency installed in `APP_PATH`. Needs the manager; leaves the source out. */
export async function withDependencies(
  client: Client,
  container: Container,
  project: NodeProject,
  { production }: { readonly production: boolean },
): Promise<Container> {
  const { manager } = project;
  const inputs = client.directory().withDirectory(".", project.folder, {
    include: neededToInstall(project),
    exclude: [".git", "**/node_modules"],
  });
  const ready = container.withWorkdir(APP_PATH).withDirectory(APP_PATH, inputs);
  if (manager === null) return ready;
  // Downloaded once for testing, building and production. Never shared with another lockfile or another script of
  // an installation: pnpm and Yarn trust what lies there, and an installation runs what a pull request brings.
  const volume = client.cacheVolume(`evenkeel-${manager.name}-${await inputs.digest()}`);
  return ready
    .withMountedCache(CACHE_PATH, volume)
    .withExec([...(production ? manager.installProduction : manager.install)])
    .withoutMount(CACHE_PATH);
}

// Only these make the layer of the dependencies, so that it is reused when the source changes; unless the
// project has a script of its own for the installation, which may read anything.
function neededToInstall({ manifest, manager }: NodeProject): string[] {
  const scripted = ["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare"].some(
    (name) => name in manifest.scripts,
  );
  if (scripted || manager === null) return ["**"];
  return [
    "package.json",
    "**/package.json",
    manager.lockfile,
    ".npmrc",
    ".yarnrc",
    ".pnpmfile.cjs",
    "pnpm-workspace.yaml",
    "patches",
  ];
}
