import { expect, it } from "vitest";
import type { StepKind, StepOf } from "../../src/core/model.js";
import { EvenkeelError } from "../../src/errors.js";
import { fakeHost } from "./support/fake-host.js";
import { shells } from "./support/shells.js";
import { steps } from "./support/steps.js";

/** Docker as its command line shows it while the daemon is started anew. */
const away = `case "$1 $2" in "info "*) echo "  " ;; esac
echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1`;

const stepOf = <K extends StepKind>(kind: K) => steps.find((step) => step.kind === kind) as StepOf<K>;

it.each(shells.map((shell) => [shell.join(" "), shell] as const))(
  "in %s a Docker that does not answer is no host without containers",
  (_, shell) => {
    const host = fakeHost(shell);
    try {
      for (const kind of ["observe", "probe", "watch"] as const) {
        const lock = host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
        if (lock === "fenced" || lock.verdict === "held") throw new Error("not granted");
        host.command("docker", away);
        const asked = { ...stepOf(kind), ...(kind === "observe" ? {} : { fence: lock.fence }) };
        expect(() => host.ask(asked as StepOf<typeof kind>)).toThrow(
          expect.objectContaining({
            code: "docker-unavailable",
            detail: expect.stringContaining("Cannot connect to the Docker daemon"),
          }),
        );
      }
    } finally {
      host.remove();
    }
  },
);

it.each([
  ["info", "info"],
  ["the containers of these names", "container"],
  ["the containers of this key", "ps"],
  ["the images that are kept", "image"],
])("a Docker that stops answering at %s tells nothing at all", (_, word) => {
  const host = fakeHost();
  try {
    const told = `case $1 in ${word}) ${away} ;; info) echo "20.10 x86_64 /var/lib/docker" ;; esac`;
    host.command("docker", told);
    expect(() => host.ask({ kind: "observe" })).toThrow(EvenkeelError);
  } finally {
    host.remove();
  }
});

it("containers that are not there are no silence of Docker", () => {
  const host = fakeHost();
  try {
    const missing = 'for name; do :; done; echo "Error: No such container: $name" >&2; exit 1';
    host.command(
      "docker",
      `case $1 in info) echo "20.10 x86_64 /var/lib/docker" ;; container) ${missing} ;; esac`,
    );
    expect(host.ask({ kind: "observe" })).toMatchObject({ containers: [] });
    host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
    const probe = { ...stepOf("probe"), fence: 1 };
    expect(host.ask(probe)).toMatchObject({ reports: [{ container: null }] });
    const watch = { ...stepOf("watch"), fence: 1 };
    expect(host.ask(watch)).toMatchObject({ live: { container: null } });
  } finally {
    host.remove();
  }
});
