import { setTimeout as sleep } from "node:timers/promises";
import type { Lab, Target } from "../lab/lab.js";
import { diesLater, failsLater, neverClosed, nextVersion, slogan, unhealthy } from "./changes.js";
import { type Called, type Calling, startCall } from "./dagger.js";
import { atMost, nothingLost, type Played, type Scene } from "./stage.js";
import { killRunner } from "./surroundings.js";
import { requestsPerSecond, type Seen, secondsUntilSeen, type Visitors } from "./visitors.js";
import type { Commit, WorkingCopy } from "./working-copy.js";

export interface Cast {
  readonly lab: Lab;
  readonly target: Target;
  readonly copy: WorkingCopy;
  readonly visitors: Visitors;
  readonly module: string;
  readonly environmentFile: string;
}

const firstVersion: Seen = { version: "7.5.1", slogan: "Flags for the team" };
const secondVersion: Seen = { version: "7.6.5", slogan: "Flags for the team" };
const spring = "Spring release";
/** The guardian's lease, and as much again for it to look at both slots and for a busy machine. */
const revertLimitSeconds = 40;

/** A dead run's lock ends by itself after 30 s; a run that starts before that is refused. */
const lockSeconds = 33;

/** The nine steps, in order; each builds on what the ones before left behind. */
export function scenes(cast: Cast): readonly Scene[] {
  const { copy, visitors } = cast;
  let interruptedAt = Number.NEGATIVE_INFINITY;
  const deploy = async (): Promise<Called> => call(cast, "deploy").ended;
  const attempt = async (change: Parameters<WorkingCopy["attempt"]>[0]): Promise<Called> => {
    show(await copy.attempt(change));
    const called = await deploy();
    await copy.leave();
    return called;
  };

  return [
    {
      number: "1",
      title: "First deploy",
      story: `The commit is tested, built into an image, published and started on the bare host. As there is no proxy
yet, evenkeel installs one. There is nothing to stand by yet, and nobody to lose.`,
      play: deploy,
      expected: {
        outcome: "promoted",
        exitCode: 0,
        says: [/promoted/],
        serves: firstVersion,
        tooManyFailures: nothingLost,
      },
    },
    {
      number: "2",
      title: "The next version",
      story: `Unleash 7.6.5. Its database migrations run first. It starts beside 7.5.1, must answer its health check
several times in a row (the gate), gets the visitors by one rename of a file (the switch), and is watched
for ten seconds with 7.5.1 still running (the bake). Then it is promoted.`,
      play: async () => {
        show(await copy.release(nextVersion));
        return deploy();
      },
      expected: {
        outcome: "promoted",
        exitCode: 0,
        says: [/promoted/],
        serves: secondVersion,
        tooManyFailures: nothingLost,
      },
    },
    {
      number: "3",
      title: "The same again",
      story: "Nothing was committed, so there is nothing to do, and evenkeel sees that.",
      play: deploy,
      expected: {
        outcome: "nothing to do",
        exitCode: 0,
        says: [/nothing to do/i],
        serves: secondVersion,
        tooManyFailures: nothingLost,
      },
    },
    {
      number: "4",
      title: "An unhealthy release",
      story: `Its tests pass, but on the host its health check answers 503. It never gets past the gate: visitors do not
meet it, and the output says why, with the container's own log.`,
      play: () => attempt(unhealthy),
      expected: {
        outcome: "aborted",
        exitCode: "not 0",
        says: [/aborted/i, /the licence server does not answer/],
        serves: secondVersion,
        tooManyFailures: nothingLost,
      },
    },
    {
      number: "5",
      title: "Fails after the switch",
      story: `It passes the gate, and after 150 requests answers 500 to everything but its health check. While evenkeel
decides, the proxy answers GETs from the release standing by; POSTs cannot be sent twice, so those fail
until evenkeel points back.`,
      play: () => attempt(failsLater),
      expected: {
        outcome: "rolled back",
        exitCode: "not 0",
        says: [/rolled.back/i],
        serves: secondVersion,
        tooManyFailures: ({ reads, failingForMs }) => {
          if (reads.failed > 0) return `${reads.failed} GETs failed, though a release stood by`;
          return failingForMs > 8000 ? `POSTs failed for ${(failingForMs / 1000).toFixed(1)} s` : null;
        },
      },
    },
    {
      number: "6",
      title: "Dies after the switch",
      story: `It passes the gate, and its process is killed after 150 requests. The proxy turns to the release standing by
at once; only what was in flight at that moment is lost.`,
      play: () => attempt(diesLater),
      expected: {
        outcome: "rolled back",
        exitCode: "not 0",
        says: [/rolled.back/i],
        serves: secondVersion,
        tooManyFailures: atMost(10, "only those in flight"),
      },
    },
    {
      number: "7a",
      title: "The runner dies",
      story: `A good release, but as soon as visitors see it, the process in the engine that holds the SSH connection is
killed. Nobody is left to watch the release. The guardian on the host notices that nobody confirms it,
and points back by itself.`,
      play: async () => {
        show(await copy.attempt(slogan(spring)));
        const calling = call(cast, "deploy");
        return interrupted(cast, calling, async () => {
          const killed = await killRunner(cast.lab, cast.target);
          return killed > 0 ? `killed the process that holds the SSH connection` : null;
        });
      },
      expected: {
        outcome: "the host reverted",
        exitCode: "not 0",
        says: [],
        serves: secondVersion,
        tooManyFailures: nothingLost,
      },
    },
    {
      number: "7b",
      title: "dagger is killed",
      story:
        "The same once more, but now the `dagger` command itself is killed, as when a terminal is closed.",
      play: async () => {
        await lockEnded();
        const calling = call(cast, "deploy");
        const played = await interrupted(cast, calling, async () => {
          calling.kill();
          return "killed `dagger`";
        });
        await copy.leave();
        return played;
      },
      expected: {
        outcome: "the host reverted",
        exitCode: "not 0",
        says: [],
        serves: secondVersion,
        tooManyFailures: nothingLost,
      },
    },
    {
      number: "8",
      title: "A test that hangs",
      story: `A test starts a server and never stops it, so \`npm test\` never ends. After 20 silent seconds (three minutes
unless configured) it is ended, and the message names the process that kept it alive. Nothing is built.`,
      play: () => attempt(neverClosed),
      expected: {
        outcome: "ended and explained",
        exitCode: 124,
        says: [/licence\.test\.js/, /pid \d+/],
        serves: secondVersion,
        tooManyFailures: nothingLost,
      },
    },
    {
      number: "9",
      title: "Rollback by hand",
      story: `7.6.5 was promoted, but say that you want to go back to revision 1 (without --to, rollback goes to the newest
stable release other than this one). \`status\` says what serves; \`history\` has everything that happened above.`,
      play: async () => {
        await lockEnded();
        const calls: Called[] = [];
        for (const name of ["rollback", "status", "history"] as const)
          calls.push(await call(cast, name).ended);
        return {
          exitCode: calls.find(({ exitCode }) => exitCode !== 0)?.exitCode ?? 0,
          output: calls.map(({ output }) => output).join("\n"),
        };
      },
      expected: {
        outcome: "rolled back by hand",
        exitCode: 0,
        says: [/serving +revision 1\b/, /aborted/, /rolled.back/],
        serves: firstVersion,
        tooManyFailures: nothingLost,
      },
    },
  ];

  async function lockEnded(): Promise<void> {
    const left = interruptedAt + lockSeconds * 1000 - performance.now();
    if (left <= 0) return;
    console.log(
      `  → the lock of the run that died ends by itself; waiting ${(left / 1000).toFixed(0)} s for that`,
    );
    await sleep(left);
  }

  /** Waits for the switch, interrupts, and then only looks: does the host go back by itself? */
  async function interrupted(
    { target }: Cast,
    calling: Calling,
    interrupt: () => Promise<string | null>,
  ): Promise<Played> {
    const differences: string[] = [];
    const switched = await Promise.race([secondsUntilSeen(visitors, spring, 400), calling.ended]);
    if (typeof switched !== "number") {
      const called = await calling.ended;
      return { ...called, differences: ["the deploy ended before its release could be seen"] };
    }
    const done = await interrupt();
    interruptedAt = performance.now();
    if (done === null) differences.push(`no process in the engine holds a connection to ${target.host}`);
    else console.log(`  → ${done}, ${requestsPerSecond} requests per second going on`);
    const back = await secondsUntilSeen(visitors, secondVersion.slogan, revertLimitSeconds);
    if (back === null) differences.push(`the host did not go back within ${revertLimitSeconds} s`);
    else console.log(`  → the host went back by itself after ${back.toFixed(1)} s`);
    return { ...(await calling.ended), differences };
  }
}

function call(cast: Cast, name: "deploy" | "rollback" | "status" | "history"): Calling {
  const { lab, target, copy, module, environmentFile } = cast;
  const secrets = [
    `--ssh-key=file://${target.privateKeyPath}`,
    `--environment-file=file://${environmentFile}`,
  ];
  const words = [
    name,
    "--environment=production",
    ...(name === "deploy" ? secrets : secrets.slice(0, 1)),
    // Named, because without it a rollback leaves it at what the guardian has gone back to by itself just before.
    ...(name === "rollback" ? ["--to=1"] : []),
  ];
  console.log(`  $ dagger call ${words.map((word) => word.replace(/file:.*\//, "file:…/")).join(" ")}`);
  const startedAt = performance.now();
  let saidAt = startedAt;
  const elapsed = (): string => `${((performance.now() - startedAt) / 1000).toFixed(0)} s`.padStart(6);
  const onLine = (line: string): void => {
    saidAt = performance.now();
    console.log(`  ${elapsed()} │ ${line.slice(0, 160)}`);
  };
  const calling = startCall(words, { env: lab.env, module, source: copy.folder, onLine });
  const progress = setInterval(() => {
    if (performance.now() - saidAt < 10_000) return;
    saidAt = performance.now();
    console.log(`  ${elapsed()} … ${calling.doing()}`);
  }, 1000);
  const ended = calling.ended.finally(() => clearInterval(progress));
  return { ...calling, ended };
}

function show({ sha, diff }: Commit): void {
  console.log(`  commit ${sha.slice(0, 12)}`);
  for (const line of diff) console.log(`    ${line}`);
  console.log();
}
