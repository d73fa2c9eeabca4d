import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { during, expectSettled, onceUnlocked, until } from "./support/expectations.js";
import { openShop, type ReleaseOf, type Shop } from "./support/shop.js";

/**
 * What interrupts the service whoever deploys: no visitor can be spared it. How long it lasted is printed, and
 * must be over as soon as Docker answers again, with the right release.
 */
let shop: Shop;
let traffic: Traffic;
/** What was promoted last. */
let stable: ReleaseOf;
beforeAll(async () => {
  shop = await openShop();
  await promote();
  traffic = await shop.traffic(50);
});
afterAll(async () => {
  await traffic?.stop();
  await shop?.close();
});

type Fault = [what: string, happens: () => Promise<unknown>];

describe.each<Fault>([
  ["the host loses its power", () => shop.lab.restartTarget(shop.target, "cut")],
  ["Docker restarts", () => shop.lab.serviceOnTarget(shop.target, "restart", "docker")],
])("%s", (what, happens) => {
  atRest(what, happens);
  inTheBake(what, happens);

  test("right after a promotion, with the previous release still running", async () => {
    await promote();
    await outage(`${what}, after a promotion`, happens, [stable]);
    await expectSettled(shop, stable);
    expect(await shop.status()).toMatch(/rollback +would go to revision \d+/);
  });

  test("in the bake, with the runner gone: back to the release before", async () => {
    const candidate = next({ bake: "{ duration: 60s, interval: 500ms, deadline: 60s }" });
    const runner = shop.startRunner(candidate);
    await runner.reached("baking");
    await runner.kill();
    await outage(`${what}, in the bake of a runner that is gone`, happens, [stable, candidate]);
    await until("the guardian goes back", 60_000, async () => !(await shop.pointer()).includes("+"));
    expect(await shop.visit()).toBe(`version ${stable.version}`);
    await expectSettled(shop, stable);
  });
});

describe.each<Fault>([
  ["the host is rebooted in order", () => shop.lab.restartTarget(shop.target, "reboot")],
  ["Docker is killed", killDocker],
  ["Docker restarts and lets containers live (live-restore)", restartDockerAlone],
  ["the proxy crashes", () => kill("evenkeel-proxy")],
])("%s", (what, happens) => {
  atRest(what, happens);
  inTheBake(what, happens);
});

function atRest(what: string, happens: () => Promise<unknown>): void {
  test("at rest, with a single release", async () => {
    await promote({ keep: "{ hot: 0s }" });
    await outage(`${what}, at rest`, happens, [stable]);
    await expectSettled(shop, stable);
  });
}

function inTheBake(what: string, happens: () => Promise<unknown>): void {
  test("in the bake, with the runner at work: exit code and host agree", async () => {
    const candidate = next({ bake: "{ duration: 5s, interval: 500ms, deadline: 60s }" });
    const runner = shop.startRunner(candidate);
    await runner.reached("baking");
    await outage(`${what}, in the bake`, happens, [stable, candidate]);
    const { code, text } = await runner.ended;
    console.info(`  the run ended with ${code ?? "success"}: ${text.split("\n")[0]}`);

    await until("the pair is left", 60_000, async () => !(await shop.pointer()).includes("+"));
    if (code === null) stable = candidate;
    else expect(text).toMatch(/Revision \d+ serves\.|taken back by the host itself/);
    expect(await shop.visit()).toBe(`version ${stable.version}`);
    await expectSettled(shop, stable);
  });
}

/** Lets it happen under traffic, and sees one of these releases serve soon after Docker answers again. */
async function outage(
  what: string,
  happens: () => Promise<unknown>,
  right: readonly ReleaseOf[],
): Promise<void> {
  const serves = async () => {
    const seen = await shop.visit().catch(() => "");
    return right.some(({ version }) => seen === `version ${version}`);
  };
  const { result, seen } = await during(traffic, async () => {
    await happens();
    return until("a right release serves", 60_000, serves, 100);
  });
  const { failed, requests, failingForMs } = seen;
  console.info(
    `outage: ${what}: ${failed} of ${requests} requests failed, over ${seconds(failingForMs)} s; served ${seconds(result)} s after Docker answered`,
  );
  expect(result).toBeLessThan(5_000);
}

let releases = 0;
function next(differs: Partial<ReleaseOf> = {}): ReleaseOf {
  releases += 1;
  return { version: String(releases), ...differs };
}

async function promote(differs: Partial<ReleaseOf> = {}): Promise<void> {
  const release = next(differs);
  const { outcome } = await onceUnlocked(() => shop.deploy(release));
  expect(outcome.phase).toBe("promoted");
  stable = release;
}

/** Its process, as when it crashes: what a person stops by `docker kill` is not started again. */
const kill = (container: string) =>
  shop.onHost("sh", "-c", `kill -KILL "$(docker inspect -f '{{.State.Pid}}' ${container})"`);

async function killDocker(): Promise<void> {
  await shop.lab.serviceOnTarget(shop.target, "kill", "docker");
  const answers = () => shop.onHost("docker", "info", "-f", "{{.ID}}").then(Boolean, () => false);
  await until("Docker answers", 30_000, answers, 50);
}

async function restartDockerAlone(): Promise<void> {
  await letLive(true);
  await shop.lab.serviceOnTarget(shop.target, "restart", "docker");
  await letLive(false);
}

/** As the daemon's manual has it: the setting is read again at a signal. */
async function letLive(yes: boolean): Promise<void> {
  const write = `mkdir -p /etc/docker && echo '{"live-restore": ${yes}}' >/etc/docker/daemon.json`;
  await shop.onHost("sh", "-c", `${write} && kill -HUP "$(cat /run/lab-dockerd.pid)"`);
  const setting = () => shop.onHost("docker", "info", "-f", "{{.LiveRestoreEnabled}}");
  await until("Docker has read it", 10_000, async () => (await setting()) === String(yes), 50);
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1);
