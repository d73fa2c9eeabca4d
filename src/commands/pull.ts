import type { StepOf } from "../core/model.js";
import { place } from "./act.js";
import { answerOf } from "./answer.js";
import { raw, sh } from "./quote.js";
import type { RegistryLogin, Spelling, Vocabulary } from "./vocabulary.js";

/**
 * IMAGE: pulls it. Ends with the connection that it is for: one that stalls would hold up the next run's pull of the
 * same layers, and keep its login and its locks, for as long as the registry says nothing.
 */
export const pulling = sh`ek_pull() {
  docker pull --quiet "$1" >/dev/null 9>&- &
  PULL=$!
  (
    while grep -q "^PPid:[[:space:]]*$PPID\$" "/proc/$$/status"; do sleep 1; done
    kill "$PULL"
  ) >/dev/null 2>&1 9>&- &
  wait "$PULL"
  PULLED=$?
  kill $! 2>/dev/null
  return "$PULLED"
}`;

/**
 * Pulls by digest; an image that is there needs no registry. The login lives in a temporary folder that
 * only this account reads, as `docker login` would write it, without asking the registry a second time.
 */
export function pull(step: StepOf<"pull">, vocabulary: Vocabulary): Spelling<"pull"> {
  const login = vocabulary.registryLogin;
  const script = sh`${place(vocabulary)}
ek_scratch
${raw(pulling)}
docker version --format '{{.Server.Os}}/{{.Server.Arch}}' >"$T/want" &
ASKED=$!
HAVE=$(docker image inspect --format '{{.Os}}/{{.Architecture}}' ${step.image} 2>/dev/null) || {
${raw(login === null ? "" : loginText(login))}
  ek_pull ${step.image} || exit 71
  HAVE=$(docker image inspect --format '{{.Os}}/{{.Architecture}}' ${step.image}) || exit 71
}
wait "$ASKED" || exit 71
read -r WANT <"$T/want"
[ "$HAVE" = "$WANT" ] || ek_fail wrong-architecture "the image is for $HAVE, the host is $WANT"`;
  return { script, parse: (output) => answerOf(output, () => ({ verdict: "done" })) };
}

function loginText(login: RegistryLogin): string {
  const hub = login.registry === "docker.io" || login.registry === "index.docker.io";
  const server = hub ? "https://index.docker.io/v1/" : login.registry;
  const auth = Buffer.from(`${login.username}:${login.password}`, "utf8").toString("base64");
  // The account's own configuration may name another daemon than the default one.
  return sh`  if grep -q currentContext "\${DOCKER_CONFIG:-$HOME/.docker}/config.json" 2>/dev/null; then
    DOCKER_HOST=$(docker context inspect --format '{{.Endpoints.docker.Host}}') && export DOCKER_HOST
  fi
  export DOCKER_CONFIG="$T"
  printf '%s' ${JSON.stringify({ auths: { [server]: { auth } } })} >"$T/config.json" || ek_unwritable "$T"`;
}
