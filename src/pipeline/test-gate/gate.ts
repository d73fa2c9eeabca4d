import type { Client, Container } from "@dagger.io/dagger";
import type { TestConfig } from "../../config/config.js";
import { EvenkeelError, printable } from "../../errors.js";
import { type ExecFailure, execFailureOf, lastLines, toldBy } from "../engine-error.js";
import { pinImage } from "../image/base.js";
import {
  APP_PATH,
  type NodeProject,
  readNodeProject,
  withDependencies,
  withManager,
} from "../node/project.js";
import type { Context } from "../source/context.js";
import { bulleted, type Findings, readFindings } from "./findings.js";
import { SUPERVISOR, SUPERVISOR_PATH, superviseArgv } from "./supervisor.js";

/** Proof that the tests passed; only `runTests` makes one, and nothing is published without it. */
export interface TestsPassed {
  readonly verdict: "passed";
  /** A few lines for a person: what ran, for how long, what it left running. */
  readonly summary: string;
  readonly findings: Findings;
}

const GRACE_SECONDS = 5;
/** The supervisor's exit code when it could not start the command. */
const NOT_STARTED = 125;

/**
 * Runs the project's own tests in a clean container, with its dependencies from its lockfile and `CI=true`.
 * Output is live. A result that is known for the same files, image and configuration is not made again.
 *
 * @throws EvenkeelError `test-failed` or `test-hung` (its `cause` has the exit code: the command's own, or
 * 124), `image-missing`, `build-failed` when the dependencies cannot be installed
 */
export async function runTests(client: Client, context: Context, config: TestConfig): Promise<TestsPassed> {
  const { container, notInstalled } = await prepare(client, context, config);
  const command = commandWords(config.command);
  const limits = {
    totalSeconds: wholeSeconds(config.timeoutMs),
    silenceSeconds: wholeSeconds(config.silenceMs),
    graceSeconds: GRACE_SECONDS,
  };
  try {
    const ran = await container
      .withMountedFile(SUPERVISOR_PATH, client.file("supervise", SUPERVISOR))
      .withExec(superviseArgv(limits, config.command))
      .sync();
    const findings = readFindings(await ran.stderr());
    return { verdict: "passed", summary: passedSummary(command, findings), findings };
  } catch (error) {
    const failure = execFailureOf(error);
    throw failure === null ? error : refusal(command, failure, notInstalled);
  }
}

interface Prepared {
  readonly container: Container;
  /** Why the test command found nothing installed, though the project has dependencies; null: no reason to say. */
  readonly notInstalled: string | null;
}

async function prepare(client: Client, context: Context, config: TestConfig): Promise<Prepared> {
  const { container: base } = await pinImage(client, config.image, null);
  const { project, notInstalled } = await findInstallable(base, context);
  const installed =
    project === null || project.manager === null
      ? base
      : await install(
          await withDependencies(client, withManager(base, project.manager), project, {
            image: config.image,
            production: false,
          }),
        );
  const withSource = installed
    .withWorkdir(APP_PATH)
    .withDirectory(APP_PATH, context.folder, { exclude: [".git", "**/node_modules"] })
    .withEnvVariable("CI", "true");
  const container = Object.entries(config.env).reduce(
    (whole, [name, value]) => whole.withEnvVariable(name, value),
    withSource,
  );
  return { container, notInstalled };
}

async function findInstallable(
  base: Container,
  { folder, hasDockerfile }: Context,
): Promise<{ readonly project: NodeProject | null; readonly notInstalled: string | null }> {
  // A project may have a package.json for its tools and be tested in an image without Node.
  if (!(await folder.exists("package.json")) || !(await hasNode(base)))
    return { project: null, notInstalled: null };
  try {
    return { project: await readNodeProject(folder), notInstalled: null };
  } catch (error) {
    // The Dockerfile installs with any package manager, and so may the test command.
    if (!hasDockerfile || !(error instanceof EvenkeelError)) throw error;
    return { project: null, notInstalled: error.detail };
  }
}

async function hasNode(base: Container): Promise<boolean> {
  const found = await base.withExec(["sh", "-c", "command -v npm || true"]).stdout();
  return found.trim() !== "";
}

async function install(container: Container): Promise<Container> {
  try {
    return await container.sync();
  } catch (error) {
    const failure = execFailureOf(error);
    if (failure === null) throw error;
    throw new EvenkeelError(
      "build-failed",
      `The dependencies could not be installed (exit code ${failure.exitCode}):\n${toldBy(failure)}`,
      {
        next: "Read the lines above; run the same installation on your machine, commit the lockfile, and run again.",
        cause: failure,
      },
    );
  }
}

function refusal(command: string, failure: ExecFailure, notInstalled: string | null): EvenkeelError {
  const findings = readFindings(failure.stderr);
  // A command that ends with this code by itself has been seen to end.
  if (failure.exitCode === NOT_STARTED && findings.seconds === null) return notStarted(command, failure);
  const output = lastLines(printable(failure.stdout));
  const tail = output === "" ? "It printed nothing." : `Its last lines:\n${indented(output)}`;
  // Not by the code: a command may itself use timeout(1).
  if (findings.hung !== null) {
    const alive = bulleted(findings.alive);
    const parts = [
      `${command} hung and was ended: ${findings.hung}.`,
      tail,
      ...(alive === "" ? [] : [`Processes still alive:\n${alive}`]),
    ];
    return new EvenkeelError("test-hung", parts.join("\n"), { cause: failure });
  }
  const took = findings.seconds === null ? "" : ` after ${findings.seconds} s`;
  const parts = [
    `${command} failed with exit code ${failure.exitCode}${took}.`,
    tail,
    ...warnings(findings),
    ...(notInstalled === null ? [] : [`Nothing was installed before it: ${notInstalled}`]),
  ];
  return new EvenkeelError("test-failed", parts.join("\n"), { cause: failure });
}

function notStarted(command: string, failure: ExecFailure): EvenkeelError {
  return new EvenkeelError("test-failed", `${command} was not started:\n${toldBy(failure)}`, {
    why: "A shell script in the test's container starts the command and watches it, and could not.",
    next: "Read the lines above. The script needs `sh`, `mkfifo`, `tee` and a folder that it may write to: /tmp, or the one that TMPDIR names under `test.env`.",
    cause: failure,
  });
}

function passedSummary(command: string, findings: Findings): string {
  const took = findings.seconds === null ? "" : ` in ${findings.seconds} s`;
  // The tests chose the names of their processes, and whoever wrote the configuration the command.
  return printable([`Tests passed${took}: ${command}`, ...warnings(findings)].join("\n"));
}

function warnings({ leftOver }: Findings): readonly string[] {
  if (leftOver.length === 0) return [];
  return [`Warning: it left processes running, which were ended:\n${bulleted(leftOver)}`];
}

// What a person wrote in evenkeel.yaml, not the shell that runs it.
function commandWords(command: readonly string[]): string {
  const [shell, flag, line, ...rest] = command;
  const isLine = shell === "sh" && flag === "-c" && line !== undefined && rest.length === 0;
  return isLine ? line : command.join(" ");
}

function indented(text: string): string {
  return text.replace(/^/gm, "  ");
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
