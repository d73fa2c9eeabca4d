import type { Client, Container, Directory } from "@dagger.io/dagger";
import type { NodeBuildConfig } from "../../config/config.js";
import { EvenkeelError } from "../../errors.js";
import { engineWords, execFailureOf, toldBy } from "../engine-error.js";
import { APP_PATH, type NodeProject, withDependencies, withManager } from "../node/project.js";
import { pinImage } from "./base.js";
import type { Built } from "./built.js";
import { timeOf, withTimestamps } from "./timestamps.js";

export interface NodeImageOptions {
  readonly config: NodeBuildConfig;
  readonly platform: string | null;
  /** The modification time of the app's own files; null: one that stands for their content. */
  readonly committedSeconds: number | null;
}

/**
 * The image of a Node project without a Dockerfile, in three stages. *Dependencies*: everything from the
 * lockfile, in a layer that is made again only when manifests change. *Build*: the source and its build
 * script. *Runtime*: the base, the production dependencies, the built files; nothing else.
 *
 * Its program runs as user `node`, may not write to its own code, and is process 1 without a shell or an
 * init: so SIGTERM reaches it, and a program that does not handle it keeps serving until the drain is over,
 * where an init in front would let it die with its requests in flight.
 *
 * @throws EvenkeelError `build-failed`, `image-missing`
 */
export async function buildNodeImage(
  client: Client,
  project: NodeProject,
  { config, platform, committedSeconds }: NodeImageOptions,
): Promise<Built> {
  const { container: pinned, base } = await pinImage(client, config.base, platform);
  const equipped = withManager(pinned, project.manager);
  const dependencies = await withDependencies(client, equipped, project, {
    image: config.base,
    production: false,
  });
  const source = await withoutIgnored(project.folder);
  const built = await step("The project could not be built", runBuild(dependencies, project, source, config));
  const production = await step(
    "The production dependencies could not be installed",
    await withDependencies(client, equipped, project, { image: config.base, production: true }),
  );
  const start = config.start ?? (await defaultStart(built, project));

  const appTime = committedSeconds ?? timeOf(await source.digest());
  const runtime = withApp(
    pinned,
    withTimestamps(await withoutRecords(production), APP_PATH, await dependencyTime(project)),
    withTimestamps(built, APP_PATH, appTime),
  )
    .withWorkdir(APP_PATH)
    .withEnvVariable("NODE_ENV", "production")
    .withUser("node")
    // Images of Node have an entrypoint that guesses whether it was given a script.
    .withEntrypoint([])
    .withDefaultArgs([...start]);
  const ready = await step("The image could not be put together", runtime);
  const [buildSize, runtimeSize] = await Promise.all([unpackedSize(built), unpackedSize(ready)]);
  return { container: ready, base, sizes: { build: buildSize, runtime: runtimeSize } };
}

function runBuild(
  dependencies: Container,
  { manager, manifest }: NodeProject,
  source: Directory,
  config: NodeBuildConfig,
): Container {
  const container = dependencies.withWorkdir(APP_PATH).withDirectory(APP_PATH, source);
  const scripted =
    manifest.scripts.build === undefined ? null : (manager?.run("build") ?? ["npm", "run", "build"]);
  const command = config.build ?? scripted;
  return command === null ? container : container.withExec([...command]);
}

// Dependencies first: they change seldom, so that a push and a pull mostly move the app's own layer alone.
function withApp(pinned: Container, production: Container, built: Container): Container {
  const app = APP_PATH.slice(1);
  return pinned
    .withDirectory("/", production.rootfs(), { include: [`${app}/node_modules`, `${app}/**/node_modules`] })
    .withDirectory("/", built.rootfs(), { include: [app], exclude: ["**/node_modules", `${app}/.git`] });
}

/** Without what a package manager notes down for itself: times, and paths of its cache. */
async function withoutRecords(production: Container): Promise<Container> {
  const records = [
    ".modules.yaml",
    ".pnpm-workspace-state.json",
    ".pnpm-workspace-state-v1.json",
    ".yarn-integrity",
    ".cache",
  ];
  const paths = records.map((name) => `${APP_PATH}/node_modules/${name}`);
  return production.withExec(["rm", "-rf", ...paths]);
}

async function dependencyTime({ folder, manager }: NodeProject): Promise<number> {
  return timeOf(manager === null ? "" : await folder.file(manager.lockfile).contents());
}

async function defaultStart(built: Container, { manifest }: NodeProject): Promise<readonly string[]> {
  const main = manifest.main ?? "index.js";
  if (await built.exists(`${APP_PATH}/${main}`)) return ["node", main];
  const script = manifest.scripts.start;
  const hint = script === undefined ? "[node, server.js]" : `[${script.trim().split(/\s+/).join(", ")}]`;
  throw new EvenkeelError(
    "build-failed",
    `What to start is not known: ${manifest.main === null ? "package.json has no `main`, and " : ""}there is no ${main} after the build.`,
    {
      why: "Without `build.node.start`, the image runs `node` with `main` of package.json.",
      next: `Set it in evenkeel.yaml, as words: build: { node: { start: ${hint} } }.`,
    },
  );
}

// As a Dockerfile's build would: who has a .dockerignore means it.
async function withoutIgnored(folder: Directory): Promise<Directory> {
  const always = [".git", "**/node_modules"];
  if (!(await folder.exists(".dockerignore"))) return folder.filter({ exclude: always });
  const lines = (await folder.file(".dockerignore").contents())
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  return folder.filter({ exclude: [...lines.map((line) => line.replace(/^(!?)\//, "$1")), ...always] });
}

async function step(what: string, container: Container): Promise<Container> {
  try {
    return await container.sync();
  } catch (cause) {
    const failure = execFailureOf(cause);
    const detail =
      failure === null
        ? `${what}: ${engineWords(cause)}.`
        : `${what} (exit code ${failure.exitCode}):\n${toldBy(failure)}`;
    throw new EvenkeelError("build-failed", detail, { cause });
  }
}

async function unpackedSize(container: Container): Promise<number> {
  const told = await container.withUser("root").withExec(["du", "-skx", "/"]).stdout();
  return Number.parseInt(told, 10) * 1024;
}
