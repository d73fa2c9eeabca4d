/** What an environment may say differently from the rest of the file. */
import { z } from "zod";
import {
  commandLine,
  duration,
  listOf,
  size,
  variableName,
  variables,
  wholeNumber,
  words,
  yesOrNo,
} from "./fields.js";
import { absolutePath, dockerName, urlPath, volumeName } from "./names.js";
import { section } from "./section.js";

const volume = z
  .strictObject({
    name: volumeName().describe(
      "The name of the Docker volume. It is made where it does not exist, and never removed.",
    ),
    path: absolutePath("inside the container", "/data").describe("Where the container sees it."),
    access: z
      .enum(["shared", "exclusive"], { error: "shared or exclusive" })
      .describe(
        "`shared`: safe for two writers at once. `exclusive`: not so, which a blue-green deploy refuses, because two containers run for a while.",
      )
      .optional(),
    readOnly: yesOrNo().describe("Whether the container may only read it.").prefault(false),
  })
  .describe("A Docker volume. One that the container writes to says how it stands two writers.");

const container = section("The container that runs on the host.", {
  port: wholeNumber(1, 65535)
    .describe("The port on which the program in the container listens, on all addresses (0.0.0.0).")
    .prefault(3000),
  command: words("; a shell would keep the signal to stop from the program")
    .describe("What the container runs. Without it: what the image says.")
    .optional(),
  memory: size(6 * 1024 ** 2, "6MiB")
    .describe("The most memory it may use, in units of 1024: 512MiB, 2GiB. Without it: no limit.")
    .optional(),
  cpus: z
    .number({ error: "a number from 0.01 to 1024, such as 1 or 0.5" })
    .min(0.01, { error: "a number from 0.01 to 1024, such as 1 or 0.5" })
    .max(1024, { error: "a number from 0.01 to 1024, such as 1 or 0.5" })
    .describe("The most processor time it may use, in processors. Without it: no limit.")
    .optional(),
  env: variables().describe(
    "Plain environment variables. Their values are no secrets: they are kept with the release.",
  ),
  secrets: listOf(variableName("the name of a secret"), "DATABASE_URL").describe(
    "Names of the secrets that become environment variables. Their values come with the deploy, in dotenv form.",
  ),
  volumes: z
    .array(volume, { error: "a list of volumes, such as [{ name: uploads, path: /data, access: shared }]" })
    .describe("Docker volumes of the container.")
    .prefault([]),
  networks: listOf(dockerName("a network's name"), "backend").describe(
    "Docker networks of the host that the container joins besides the proxy's, to reach a database for example. They must exist.",
  ),
  drain: duration("0s", "1h")
    .describe("How long a stopping container has, from SIGTERM to SIGKILL, to finish the requests in flight.")
    .prefault("10s"),
});

const health = section("How a container is asked whether it is healthy.", {
  path: urlPath()
    .describe("Asked with GET. Healthy is any 2xx answer; a redirect is none.")
    .prefault("/health"),
  interval: duration("100ms", "1m").describe("The time between two probes.").prefault("1s"),
  timeout: duration("50ms", "5s", "; the guardian on the host waits 15 s for each look at both slots")
    .describe("How long an answer may take. The proxy uses it for its own checks during the bake as well.")
    .prefault("2s"),
  passes: wholeNumber(1, 100).describe("How many good answers in a row are the proof.").prefault(3),
  deadline: duration("1s", "1h")
    .describe("How long it may take from the start of the container to the last of the passes.")
    .prefault("60s"),
  expectCommit: yesOrNo()
    .describe(
      "Whether the answer must also contain the commit that is being deployed, so that no other release can answer for it.",
    )
    .prefault(false),
});

const bake = section("How a release is watched after the switch, with the previous one still running.", {
  duration: duration("1s", "24h").describe("How long it is watched.").prefault("30s"),
  interval: duration("100ms", "5s", "; the guardian on the host waits 15 s for each look")
    .describe("The time between two looks at it.")
    .prefault("1s"),
  minimumSamples: wholeNumber(1, 1_000_000)
    .describe("Requests and probes together, below which nothing can be told.")
    .prefault(5),
  slow: duration("1ms", "10m").describe("A request that takes longer counts as slow.").prefault("5s"),
  deadline: duration("1s", "24h")
    .describe("How long the bake may last in all when nothing can be told; then it counts as failed.")
    .prefault("2m"),
});

const preDeploy = section(
  "A command that runs once before the release starts, in its image: database migrations. What it changes must suit the release that still serves, because that serves on if this one fails.",
  {
    command: commandLine().describe("The command: a line for a shell, or a list of words."),
    timeout: duration("1s", "24h").describe("How long it may take.").prefault("5m"),
  },
).optional();

const keep = section("What is kept for going back.", {
  releases: wholeNumber(2, 100, ", because the one that serves needs one to go back to")
    .describe("How many releases, with their images, stay on the host.")
    .prefault(5),
  hot: duration("0s", "168h")
    .describe("How long the previous release keeps running after promotion, for an instant rollback.")
    .prefault("5m"),
});

/** What every environment has, and may say differently. */
export const layer = z.strictObject({
  container: container.prefault({}),
  health: health.prefault({}),
  bake: bake.prefault({}),
  preDeploy,
  keep: keep.prefault({}),
  deadline: duration("10s", "24h").describe("How long the whole deploy may take.").prefault("15m"),
});

export type WrittenLayer = z.output<typeof layer>;
