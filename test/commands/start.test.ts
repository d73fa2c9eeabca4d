import { afterEach, beforeEach, expect, it } from "vitest";
import { fakeHost } from "./support/fake-host.js";
import { release, secret } from "./support/steps.js";

const key = "shop-production";
let host: ReturnType<typeof fakeHost>;
const start = { kind: "start", fence: 1, slot: "green", revision: 3, release } as const;
const retire = {
  kind: "retire",
  fence: 1,
  containerId: "0ld",
  slot: "green",
  drainMs: 1_000,
  afterMs: 0,
} as const;

/** Docker with one container, in the green slot. */
function docker(green: { up: boolean; mine?: boolean } | null): void {
  const labels = green?.mine === false ? "|" : `${key}|${host.root}`;
  const seen =
    green === null
      ? "exit 1"
      : `case "$*" in *-green) echo "0ld ${green.up} 5 ${labels}" ;; *'{{.State.Running}}'*) [ ! -e "$FOLDER/gone" ] || exit 1; echo ${green.up} ;; *format\\ x*) [ ! -e "$FOLDER/gone" ] || exit 1 ;; *) exit 1 ;; esac`;
  host.command(
    "docker",
    `case "$1 $2" in "container inspect") ${seen} ;; "image inspect") echo sha256:1 ;; "rm -f") : >"$FOLDER/gone" ;; create*) echo n3w; env | grep -c hidden >>"$CALLS" ;; esac`,
  );
}
beforeEach(() => {
  host = fakeHost();
  docker(null);
  host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
  host.ask({ kind: "stage", fence: 1, revision: 3, release });
  host.write(`routes/${key}/active`, "blue");
});
afterEach(() => host.remove());

it("starts by the image's id, with restart policy no, limits, labels and every network", () => {
  expect(host.ask(start)).toEqual({ verdict: "done", containerId: "n3w" });
  const create =
    host
      .calls()
      .split("\n")
      .find((call) => call.startsWith("docker create")) ?? "";
  expect(create).toMatch(/ --env PEM --name shop-production-green .* --restart no /);
  expect(create).toMatch(
    /--memory 268435456 --cpus 0\.5 --volume data:\/data:ro .*--env-file .*\/env sha256:1 serve --all of it$/,
  );
  expect(create).not.toContain("--publish");
  expect(host.calls()).toMatch(/docker network connect backend n3w\ndocker start n3w/);
});

it("tags the image for retention again: what was pulled anew for a rollback would be anybody's to prune", () => {
  host.ask(start);
  expect(host.calls()).toMatch(/^docker tag sha256:1 evenkeel\/shop-production:r3$/m);
});

it("gives several lines to Docker in its environment, and the rest in a file of this account alone", () => {
  host.ask(start);
  expect(host.calls()).toMatch(/^[1-9]\d*$/m);
  expect(host.file(`keys/${key}/releases/3/env`)).toContain("GREETING=it's\n");
  expect(host.calls()).not.toContain(secret.split("\n")[1]);
  expect(host.exec(`stat -c %a '${host.root}/keys/${key}/releases/3/'*`).stdout).toBe("600\n600\n600\n600\n");
});

it("never touches a slot that the pointer names, alone, live or standing by", () => {
  docker({ up: true });
  for (const active of ["green", "green+blue", "blue+green"]) {
    host.write(`routes/${key}/active`, active);
    expect(host.ask(start), active).toMatchObject({ verdict: "failed", code: "slot-serving" });
    expect(host.ask(retire), active).toMatchObject({ verdict: "failed", code: "slot-serving" });
  }
  expect(host.calls()).not.toMatch(/docker (?:rm|stop)/);
});

it("never touches what may be serving because the pointer is lost", () => {
  docker({ up: true });
  host.exec(`rm '${host.root}/routes/${key}/active'`);
  expect(host.ask(start)).toMatchObject({ code: "slot-serving" });
  expect(host.ask(retire)).toMatchObject({ code: "slot-serving" });
  expect(host.calls()).not.toMatch(/docker (?:rm|stop)/);
});

it("without a pointer and without anything that runs, lets nobody be served until there is proof", () => {
  host.exec(`rm '${host.root}/routes/${key}/active'`);
  expect(host.ask(start)).toMatchObject({ verdict: "done" });
  expect(host.file(`routes/${key}/active`)).toBe("none");
});

it("removes what the idle slot holds by its id, after its own time to stop", () => {
  docker({ up: true });
  expect(host.ask(start)).toMatchObject({ verdict: "done" });
  expect(host.calls()).toMatch(/docker stop 0ld\ndocker rm -f 0ld/);
});

it("never touches a foreign container of the slot's name", () => {
  docker({ up: true, mine: false });
  expect(host.ask(start)).toMatchObject({ verdict: "failed", code: "name-taken" });
  expect(host.calls()).not.toMatch(/docker (?:rm|stop)/);
});

it("says when the environment of a revision is lost", () => {
  expect(host.ask({ ...start, revision: 9 })).toMatchObject({ verdict: "failed", code: "bad-environment" });
});

it("retires: no restart, stop with the drain, remove; what is gone already is done", () => {
  docker({ up: true });
  expect(host.ask(retire)).toEqual({ verdict: "done" });
  expect(host.calls()).toMatch(/docker update --restart no 0ld\ndocker stop --time 1 0ld\ndocker rm -f 0ld/);
  docker(null);
  expect(host.ask(retire)).toEqual({ verdict: "done" });
});

it("left hot, is stopped by the host itself, unless it serves again by then", async () => {
  docker({ up: true });
  const later = { ...retire, afterMs: 1_000 };
  host.ask(later);
  expect(host.calls()).not.toContain("docker stop");
  host.write(`routes/${key}/active`, "green");
  host.ask({ kind: "unlock", fence: 1 });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(host.calls()).not.toContain("docker stop");
  host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
  host.write(`routes/${key}/active`, "blue");
  host.ask({ ...later, fence: 2 });
  host.ask({ kind: "unlock", fence: 2 });
  for (let wait = 0; wait < 100 && !host.calls().includes("docker rm"); wait += 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect(host.calls()).toContain("docker rm -f 0ld");
});

it("while it finishes its requests at the end of its time, nobody is kept from a deploy, and it is no way back", async () => {
  host.command("docker", `case "$1" in stop) exec sleep 8 ;; container) exit 1 ;; esac`);
  host.ask({ ...retire, afterMs: 1 });
  host.ask({ kind: "unlock", fence: 1 });
  for (let wait = 0; wait < 100 && !host.calls().includes("docker stop"); wait += 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect(host.calls()).toContain("docker stop");
  expect(host.ask({ kind: "acquire", holder: "other", reason: "y", leaseMs: 30_000 })).toMatchObject({
    verdict: "granted",
  });
  expect(host.file(`keys/${key}/leaving`)).toBe("0ld");
});

it.each([retire, start])(
  "waits, for a $kind, until the host has taken away what it is taking away",
  (step) => {
    host.command(
      "docker",
      `case "$1 $2" in
      "container inspect") [ ! -e "$FOLDER/gone" ] || exit 1; echo "0ld true 5 ${key}|${host.root}" ;;
      "image inspect") echo sha256:1 ;;
      "stop 0ld") exit 1 ;;
      "rm -f") [ -e "$FOLDER/once" ] && : >"$FOLDER/gone"; : >"$FOLDER/once"; echo "removal is already in progress" >&2; exit 1 ;;
      create*) echo n3w ;;
    esac`,
    );
    expect(host.ask<"retire" | "start">(step)).toMatchObject({ verdict: "done" });
    expect(host.calls().match(/docker rm -f 0ld/g)).toHaveLength(2);
  },
);

it.each([
  ["a network is not there", '"network inspect") exit 1 ;;', "step-failed"],
  ["its image is not there", '"image inspect") exit 1 ;;', "image-missing"],
])("gives up no way back for what cannot be made: %s", (_, missing, code) => {
  host.command(
    "docker",
    `case "$1 $2" in ${missing} "container inspect") echo "0ld true 5 ${key}|${host.root}" ;; esac`,
  );
  const answer = (() => {
    try {
      return host.ask(start);
    } catch (error) {
      return { verdict: "failed", code: error instanceof Error ? "step-failed" : "" };
    }
  })();
  expect(answer).toMatchObject({ verdict: "failed", code });
  expect(host.calls()).not.toMatch(/docker (stop|rm)/);
});
