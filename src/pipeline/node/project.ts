import { createHash } from "node:crypto";
import type { Client, Container, Directory } from "@dagger.io/dagger";
import { manifestsForProduction, neededToInstall } from "./installation.js";
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
  /** Patterns of the files that the installation reads. */
  readonly neededToInstall: readonly string[];
  /** Every package.json by its path: the project's own, and those of its workspaces. */
  readonly manifests: ReadonlyMap<string, string>;
}

/** Where a project lies in the containers that test and build it, and in the image. */
export const APP_PATH = "/app";

/**
 * The Node project in a folder that has a package.json.
 *
 * @throws EvenkeelError `build-failed` when its dependencies cannot be told exactly.
 */
export async function readNodeProject(folder: Directory): Promise<NodeProject> {
  const entries = await folder.entries();
  const manifest = readManifest(await folder.file("package.json").contents());
  const readLockfile = (name: string) => folder.file(name).contents();
  const manager = await findPackageManager(entries, manifest, readLockfile);
  if (manager === null) return { folder, manifest, manager, neededToInstall: ["**"], manifests: new Map() };
  const [manifests, lockfile] = await Promise.all([readManifests(folder), readLockfile(manager.lockfile)]);
  const needed = neededToInstall(manager, { entries, manifests, lockfile });
  return { folder, manifest, manager, neededToInstall: needed, manifests };
}

async function readManifests(folder: Directory): Promise<ReadonlyMap<string, string>> {
  const own = folder.filter({ include: ["**/package.json"], exclude: ["**/node_modules"] });
  const paths = await own.glob("**/package.json");
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await own.file(path).contents()] as const)),
  );
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

export interface Installation {
  /** The image of the container, as the configuration says it. */
  readonly image: string;
  readonly production: boolean;
}

/** The container with every dependency installed in `APP_PATH`. Needs the manager; leaves the source out. */
export async function withDependencies(
  client: Client,
  container: Container,
  project: NodeProject,
  { image, production }: Installation,
): Promise<Container> {
  const { manager } = project;
  const inputs = client.directory().withDirectory(".", project.folder, {
    include: [...project.neededToInstall],
    exclude: [".git", "**/node_modules"],
  });
  const used = production ? withFiles(inputs, manifestsForProduction(project.manifests)) : inputs;
  const ready = container.withWorkdir(APP_PATH).withDirectory(APP_PATH, used);
  if (manager === null) return ready;
  // Downloaded once for testing, building and production. Never shared with another image, another lockfile or
  // another script of an installation: pnpm and Yarn trust what lies there, and an installation runs what a pull
  // request brings, in the image that it names.
  const volume = client.cacheVolume(`evenkeel-${manager.name}-${shortHash(image)}-${await inputs.digest()}`);
  return ready
    .withMountedCache(CACHE_PATH, volume)
    .withExec([...(production ? manager.installProduction : manager.install)])
    .withoutMount(CACHE_PATH);
}

function withFiles(folder: Directory, files: ReadonlyMap<string, string>): Directory {
  return [...files].reduce((all, [path, text]) => all.withNewFile(path, text), folder);
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
