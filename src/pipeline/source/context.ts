import type { Directory, ExistsType, Secret } from "@dagger.io/dagger";
import type { BuildConfig, Config } from "../../config/config.js";
import { EvenkeelError } from "../../errors.js";

/** The project in a commit: what is tested, and made an image. */
export interface Context {
  readonly folder: Directory;
  /** Whether a Dockerfile makes the image; else it is made as that of a Node project. */
  readonly hasDockerfile: boolean;
}

/**
 * The project in the files of a commit. What the configuration names and is not there is told all at once,
 * and before the tests, which take longest.
 *
 * @param secrets build secrets by name; null when nothing is going to be built
 * @throws EvenkeelError `config-invalid`, or `secrets-missing` when nothing else is wrong
 */
export async function readContext(
  tree: Directory,
  { build, file }: Config,
  secrets: ReadonlyMap<string, Secret> | null,
): Promise<Context> {
  const files = await lookAt(tree, build);
  const problems = problemsOf(files, build, secrets !== null);
  const names = isMadeWithout(files, build) ? [] : build.secretNames;
  const missing = secrets === null ? null : await missingSecrets(names, secrets);
  if (problems.length > 0) throw unfit(file, problems, missing);
  if (missing !== null)
    throw new EvenkeelError("secrets-missing", `Build secrets are missing; ${missing}.`, {
      why: "`build.secrets` in evenkeel.yaml names them.",
      next: GIVE_SECRETS,
    });
  return { folder: files.folder, hasDockerfile: files.hasDockerfile };
}

const GIVE_SECRETS = "Pass them as `--build-secrets`, in dotenv form.";

interface Files extends Context {
  readonly isThere: boolean;
  readonly hasManifest: boolean;
}

async function lookAt(tree: Directory, build: BuildConfig): Promise<Files> {
  const folder = tree.directory(build.context);
  const isThere = await tree.exists(build.context, { expectedType: "DIRECTORY_TYPE" as ExistsType });
  if (!isThere) return { folder, isThere, hasDockerfile: false, hasManifest: false };
  const dockerfile = build.dockerfile ?? (build.node.asked ? null : "Dockerfile");
  const [hasDockerfile, hasManifest] = await Promise.all([
    dockerfile !== null && folder.exists(dockerfile),
    folder.exists("package.json"),
  ]);
  return { folder, isThere, hasDockerfile, hasManifest };
}

/** Whether the image is made without a Dockerfile, and that is no mistake. */
function isMadeWithout({ isThere, hasDockerfile }: Files, { dockerfile }: BuildConfig): boolean {
  return isThere && !hasDockerfile && dockerfile === null;
}

function problemsOf(files: Files, build: BuildConfig, toBuild: boolean): readonly string[] {
  const { context, dockerfile, secretNames } = build;
  if (!files.isThere) return [`build.context is ${context}, and there is no such folder`];
  if (!files.hasDockerfile && dockerfile !== null)
    return [`build.dockerfile is ${dockerfile}, and there is no such file in ${context}`];
  if (!isMadeWithout(files, build)) return [];
  const problems: string[] = [];
  if (secretNames.length > 0)
    problems.push(
      `build.secrets names ${secretNames.join(", ")}, and only a Dockerfile is given secrets: this image is made without one`,
    );
  if (toBuild && !files.hasManifest)
    problems.push(
      `build.context is ${context}, which has neither a Dockerfile nor a package.json to make an image with`,
    );
  return problems;
}

/** In CI a secret that is not set arrives as an empty text. */
async function missingSecrets(
  names: readonly string[],
  secrets: ReadonlyMap<string, Secret>,
): Promise<string | null> {
  const given = await Promise.all(
    names.map(async (name) => ({ name, value: await secrets.get(name)?.plaintext() })),
  );
  const named = (what: string | undefined) =>
    given.filter(({ value }) => value === what).map(({ name }) => name);
  const [absent, empty] = [named(undefined), named("")];
  const parts = [
    ...(absent.length > 0 ? [`not given: ${absent.join(", ")}`] : []),
    ...(empty.length > 0 ? [`given, but empty: ${empty.join(", ")}`] : []),
  ];
  return parts.length === 0 ? null : parts.join("; ");
}

function unfit(file: string, problems: readonly string[], missing: string | null): EvenkeelError {
  const all = missing === null ? problems : [...problems, `build.secrets: ${missing}`];
  const lines = all.map((problem) => `  ${problem}`);
  return new EvenkeelError("config-invalid", [`${file} does not fit the commit:`, ...lines].join("\n"), {
    why: "What is tested and built are the files of the commit, and the configuration names what is not among them.",
    next: `Correct the configuration, or commit what is missing, and run again.${missing === null ? "" : ` ${GIVE_SECRETS.replace("them", "build secrets")}`}`,
  });
}
