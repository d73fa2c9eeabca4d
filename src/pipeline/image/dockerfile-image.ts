import type { Container, Directory, Platform, Secret } from "@dagger.io/dagger";
import type { BuildConfig } from "../../config/config.js";
import { EvenkeelError } from "../../errors.js";
import { engineWords, execFailureOf, toldBy } from "../engine-error.js";
import type { Built } from "./built.js";

/**
 * The image that the project's own Dockerfile makes: its target, build arguments and build secrets.
 *
 * @param secrets by the name that `RUN --mount=type=secret,id=NAME` asks for
 * @throws EvenkeelError `build-failed`
 */
export async function buildDockerfileImage(
  folder: Directory,
  config: BuildConfig,
  secrets: ReadonlyMap<string, Secret>,
): Promise<Built> {
  const container = folder.dockerBuild({
    dockerfile: config.dockerfile ?? "Dockerfile",
    ...(config.target === null ? {} : { target: config.target }),
    ...(config.platform === null ? {} : { platform: config.platform as Platform }),
    buildArgs: Object.entries(config.args).map(([name, value]) => ({ name, value })),
    secrets: config.secretNames.flatMap((name) => {
      const secret = secrets.get(name);
      return secret === undefined ? [] : [secret];
    }),
  });
  try {
    return {
      container: await container.sync(),
      base: null,
      sizes: { build: null, runtime: await unpackedSize(container) },
    };
  } catch (cause) {
    const failure = execFailureOf(cause);
    const detail =
      failure === null
        ? `The Dockerfile could not be built: ${engineWords(cause)}.`
        : `A command of the Dockerfile failed with exit code ${failure.exitCode}:\n${toldBy(failure)}`;
    throw new EvenkeelError("build-failed", detail, { cause });
  }
}

// The image may have no `du`, and no shell to tell.
async function unpackedSize(container: Container): Promise<number | null> {
  try {
    const told = await container.withUser("0").withExec(["du", "-skx", "/"]).stdout();
    return Number.parseInt(told, 10) * 1024;
  } catch {
    return null;
  }
}
