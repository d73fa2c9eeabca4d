import { type Answers, otherSlot, type Release, type StepOf } from "../core/model.js";
import { act } from "./act.js";
import { answerOf, field, fields, plain } from "./answer.js";
import { slotLabels } from "./containers.js";
import { keyName, network, nobody, proxyContainer, slotName } from "./names.js";
import { raw, sh } from "./quote.js";
import type { Spelling, Vocabulary } from "./vocabulary.js";

/**
 * Starts a revision in the idle slot. Whether the slot is idle is read from the pointer under the same
 * lock: what the pointer names, or may serve because the pointer is lost, is never touched.
 */
export function start(step: StepOf<"start">, vocabulary: Vocabulary): Spelling<"start"> {
  const { slot, revision, release } = step;
  const name = slotName(vocabulary.key, slot);
  const options = [
    ...["--name", name, "--network", network, "--restart", "no"],
    ...["--stop-timeout", String(Math.ceil(release.runtime.drainMs / 1000))],
    ...slotLabels(vocabulary.key, slot, revision, release, step.fence).flatMap(label),
    ...limits(release),
  ];
  const body = sh`ek_pointer
if ek_names ${slot}; then ek_fail slot-serving ${`slot ${slot} serves, or stands by`}; fi
${raw(staged(revision))}
if ek_slot ${slot}; then
  if [ -z "$POINTER" ] && [ "$C_UP" = true ]; then
    ek_fail slot-serving ${`the pointer is lost and slot ${slot} may be serving`}
  fi
  # It may be the way back, which is not given up for what cannot be made.
  docker image inspect --format x "$IMAGE" >/dev/null 2>&1 || ek_gone
  for ek_network in ${release.runtime.networks}; do
    docker network inspect --format x "$ek_network" >/dev/null || exit 71
  done
  ek_extend $((C_STOP * 1000 + 60000))
  if [ "$C_UP" = true ]; then docker stop "$C_ID" >/dev/null || ek_stopped "$C_ID" || exit 71; fi
  ek_remove "$C_ID" || exit 71
elif [ -n "$C_ID" ]; then
  ek_fail name-taken ${`the name ${name} belongs to a container that evenkeel did not make`}
fi
# Without a pointer the proxy would serve the candidate before it has proven anything.
if [ -z "$POINTER" ] && ! { ek_slot ${otherSlot(slot)} && [ "$C_UP" = true ]; }; then ek_point ${nobody}; fi
${raw(create(revision, options, release.runtime.command ?? []))}
for ek_network in ${release.runtime.networks}; do
  docker network connect "$ek_network" "$ID" || { docker rm -f "$ID" >/dev/null 2>&1; exit 71; }
done
docker start "$ID" >/dev/null || { docker rm -f "$ID" >/dev/null 2>&1; exit 71; }
# The proxy has asked for this address since Docker gave it one, while nobody was there to answer, and would
# ask again only after a second.
( exec 9>&-; docker exec --detach ${proxyContainer} arping -q -c 3 -w 2 ${name} ) </dev/null >/dev/null 2>&1 &
printf 'started %s\n' "$ID"`;
  return {
    script: act(vocabulary, step.fence, body, 60_000),
    parse: (output) =>
      answerOf(output, (lines): Answers["start"] => {
        const containerId = field(lines, "started") ?? "";
        return containerId === ""
          ? { verdict: "failed", code: "step-failed", message: "Docker told no container id" }
          : { verdict: "done", containerId };
      }),
  };
}

/** Finds what was staged, and leaves its image in IMAGE. */
function staged(revision: number): string {
  return sh`D=$S/releases/${revision}
if [ ! -f "$D/env" ] || [ ! -f "$D/env.sh" ] || [ ! -f "$D/image" ]; then
  ek_fail bad-environment ${`the environment of revision ${revision} is no longer on the host`}
fi
read -r IMAGE <"$D/image"
ek_gone() { ek_fail image-missing ${`the image of revision ${revision} is no longer on the host`}; }`;
}

/**
 * Makes a container of a staged release and leaves its id in ID. No `--init`: the program in the image is
 * the first process and gets the stop signal itself, as its image intends.
 */
function create(revision: number, options: readonly string[], command: readonly string[]): string {
  return sh`# Where a rollback has pulled it anew, nothing else would keep it from the next prune.
docker tag "$IMAGE" "evenkeel/$K":${`r${revision}`} >/dev/null 2>&1 &
ID=$(
  set -- ${options} --label "evenkeel.key=$K" --label "evenkeel.root=$R" --env-file "$D/env" "$IMAGE" ${command}
  # Puts the variables that a line cannot hold before these arguments.
  . "$D/env.sh"
  exec docker create --pull never "$@"
) || {
  docker image inspect --format x "$IMAGE" >/dev/null 2>&1 || ek_gone
  exit 71
}
wait $!`;
}

function label([name, value]: readonly [string, string]): readonly string[] {
  return ["--label", `${name}=${value}`];
}

function limits({ runtime }: Release): readonly string[] {
  return [
    ...["--log-driver", "json-file", "--log-opt", "max-size=10m", "--log-opt", "max-file=3"],
    ...(runtime.memoryBytes === null ? [] : ["--memory", String(Math.floor(runtime.memoryBytes))]),
    ...(runtime.cpus === null ? [] : ["--cpus", String(runtime.cpus)]),
    ...runtime.volumes.flatMap(({ name, path, readOnly }) => [
      "--volume",
      `${name}:${path}${readOnly ? ":ro" : ""}`,
    ]),
  ];
}

/**
 * Runs the pre-deploy command in the candidate's image, with its environment and networks. Waited for
 * beside it: a signal to a command line that is attached would go to the container, which may ignore it.
 */
export function preDeploy(step: StepOf<"pre-deploy">, vocabulary: Vocabulary): Spelling<"pre-deploy"> {
  const { release, revision } = step;
  const name = `${keyName(vocabulary.key)}-pre-deploy`;
  const command = release.runtime.preDeploy?.command ?? [];
  const timeoutMs = release.runtime.preDeploy?.timeoutMs ?? 0;
  const options = [
    ...["--name", name, "--network", network, "--restart", "no", "--stop-timeout", "10"],
    ...label(["evenkeel.role", "pre-deploy"]),
    ...label(["evenkeel.revision", String(revision)]),
    ...limits(release),
  ];
  const body = sh`if ek_slot pre-deploy; then docker rm -f "$C_ID" >/dev/null || exit 71
elif [ -n "$C_ID" ]; then ek_fail name-taken ${`the name ${name} belongs to a container that evenkeel did not make`}; fi
${raw(staged(revision))}
${raw(create(revision, options, command))}
for ek_network in ${release.runtime.networks}; do
  docker network connect "$ek_network" "$ID" || { docker rm -f "$ID" >/dev/null 2>&1; exit 71; }
done
docker start "$ID" >/dev/null || { docker rm -f "$ID" >/dev/null 2>&1; exit 71; }
timeout ${Math.max(1, Math.ceil(timeoutMs / 1000))} docker wait "$ID" >/dev/null 2>&1
STATE=$(docker container inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$ID") || exit 71
docker logs "$ID" 2>&1 | tail -c ${OUTPUT_LIMIT} | sed 's/^/out /'
echo
docker rm -f "$ID" >/dev/null 2>&1
case $STATE in
  'exited 0') ;;
  exited*) ek_fail pre-deploy-failed "the pre-deploy command ended with exit code \${STATE#* }" ;;
  *) ek_fail pre-deploy-failed ${`the pre-deploy command did not end within ${timeoutMs / 1000} s`} ;;
esac`;
  return {
    script: act(vocabulary, step.fence, body, timeoutMs + 60_000),
    parse: (output) => {
      const said = plain(fields(output.stdout.split("\n"), "out").join("\n"), OUTPUT_LIMIT).trim();
      const answer = answerOf(output, (): Answers["pre-deploy"] => ({ verdict: "done", output: said }));
      if (answer === "fenced" || answer.verdict === "done" || said === "") return answer;
      return { ...answer, message: `${answer.message}\n${said}` };
    },
  };
}

const OUTPUT_LIMIT = 16_384;
