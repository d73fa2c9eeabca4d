import type { Answers, Release, StepOf } from "../core/model.js";
import { act } from "./act.js";
import { answerOf } from "./answer.js";
import { environmentFiles } from "./environment.js";
import { raw, sh } from "./quote.js";
import type { Spelling, Vocabulary } from "./vocabulary.js";

/**
 * A release's folder: manifest, environment (0600), and the image's local id, under which it is found
 * even when its name was pruned. Written beside, renamed as a whole.
 */
export function stage(step: StepOf<"stage">, vocabulary: Vocabulary): Spelling<"stage"> {
  const files = environmentFiles(step.release, vocabulary.secrets);
  const revision = String(step.revision);
  const body =
    files.verdict === "failed"
      ? sh`ek_fail bad-environment ${files.problem}`
      : sh`docker tag ${step.release.image} "evenkeel/$K":r${raw(revision)} &
ID=$(docker image inspect --format '{{.Id}}' ${step.release.image}) || ek_fail image-missing "the image is not on the host"
wait $! || exit 71
D=$S/releases/${revision}
rm -rf "$D.tmp"
{ mkdir -p "$D.tmp" &&
  printf '%s\n' ${manifest(step.release)} >"$D.tmp/manifest.json" &&
  printf '%s' ${files.file} >"$D.tmp/env" &&
  printf '%s' ${files.script} >"$D.tmp/env.sh" &&
  printf '%s\n' "$ID" >"$D.tmp/image" &&
  ek_sync "$D.tmp/manifest.json" "$D.tmp/env" "$D.tmp/env.sh" "$D.tmp/image" "$D.tmp"; } 2>/dev/null || ek_unwritable "$D"
rm -rf "$D"
mv "$D.tmp" "$D" && ek_sync "$S/releases" || ek_unwritable "$D"`;
  return {
    script: act(vocabulary, step.fence, body),
    parse: (output) => answerOf(output, (): Answers["stage"] => ({ verdict: "done" })),
  };
}

/** The image comes first: `retain` reads it without a JSON parser. */
function manifest(release: Release): string {
  const { image, ...rest } = release;
  return JSON.stringify({ image, ...rest });
}

/**
 * Forgets all releases but these and those that a container still has. Only tags and digests of these
 * releases are removed; an image that anything else uses stays.
 */
export function retain(step: StepOf<"retain">, vocabulary: Vocabulary): Spelling<"retain"> {
  const keep = ` ${step.revisions.join(" ")} `;
  const body = sh`USED=$(docker ps -a --filter "label=evenkeel.key=$K" --format '{{.Label "evenkeel.revision"}}') || exit 71
# shellcheck disable=SC2086
KEEP=${keep}$(printf ' %s ' $USED)
ek_digest() { sed -n 's/^{"image":"\([^"]*\)".*/\1/p' "$1" 2>/dev/null; }
KEPT=
for D in "$S"/releases/*/; do
  D=\${D%/} N=\${D##*/}
  case $KEEP in *" $N "*) KEPT="$KEPT $(ek_digest "$D/manifest.json") " ;; esac
done
for D in "$S"/releases/*/; do
  D=\${D%/} N=\${D##*/}
  case $N in '' | *[!0-9]*) continue ;; esac
  case $KEEP in *" $N "*) continue ;; esac
  IMAGE=$(ek_digest "$D/manifest.json")
  docker image rm "evenkeel/$K:r$N" "evenkeel/$K:r$N-stable" >/dev/null 2>&1 || :
  case $KEPT in *" $IMAGE "*) ;; *) if [ -n "$IMAGE" ]; then docker image rm "$IMAGE" >/dev/null 2>&1 || :; fi ;; esac
  rm -rf "$D"
done
# What a stage that was cut off has left has a copy of the secrets.
rm -rf "$S"/releases/*.tmp
ek_sync "$S/releases"`;
  return {
    script: act(vocabulary, step.fence, body, 60_000),
    parse: (output) => answerOf(output, (): Answers["retain"] => ({ verdict: "done" })),
  };
}
