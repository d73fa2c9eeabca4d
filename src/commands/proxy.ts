import type { Answers, StepOf } from "../core/model.js";
import { act } from "./act.js";
import { answerOf } from "./answer.js";
import { guardianLoop, guardianVersion } from "./guardian.js";
import { guardianContainer, network, nobody, proxyContainer } from "./names.js";
import { pulling } from "./pull.js";
import { argv, raw, sh } from "./quote.js";
import { hostFiles, inProxy, MOST_BYTES, proxyConfig, siteParts } from "./site.js";
import type { Spelling, Vocabulary } from "./vocabulary.js";

const next = `${proxyContainer}-next`;

/** Changes to the proxy take a lock of the host, because all keys share it. */
const hostLock = sh`exec 7>>"$R/host.flock"
ek_flock 7 600 || exit 75`;

/** NAME: finds what has a name. X_ID is empty where nothing has it; fails where it is not ours. */
const find = sh`ek_find() {
  X_ID='' X_UP='' X_IMAGE='' X_ROUTES='' X_VERSION='' X_ROOT=''
  X=$(docker container inspect --format '{{.Id}} {{.State.Running}} {{.Config.Image}} {{index .Config.Labels "evenkeel.routes"}} {{index .Config.Labels "evenkeel.version"}}|{{index .Config.Labels "evenkeel.root"}}' "$1" 2>/dev/null) || return 0
  X_ROOT=\${X#*|} X=\${X%%|*}
  X_ID=\${X%% *} X=\${X#* }
  X_UP=\${X%% *} X=\${X#* }
  X_IMAGE=\${X%% *} X=\${X#* }
  X_ROUTES=\${X%% *} X_VERSION=\${X#* }
  [ "$X_ROOT" = "$R" ] || ek_fail name-taken "the name $1 belongs to a container of another account or another program"
}`;

/** Installs what is absent, starts what is stopped, and replaces what no longer fits, in this order of cost. */
export function installProxy(
  step: StepOf<"install-proxy">,
  vocabulary: Vocabulary,
): Spelling<"install-proxy"> {
  const body = sh`${raw(pulling)}
# What is recorded, or for the first installation and an upgrade the version that this evenkeel is made for.
ek_wanted() {
  IMAGE=
  if [ -f "$R/proxy/image" ]; then read -r IMAGE <"$R/proxy/image" || :; fi
  if [ -z "$IMAGE" ] || [ ${step.upgrade ? "yes" : "no"} = yes ]; then IMAGE=${vocabulary.proxyImage}; fi
}
ek_wanted
# Before the lock that all apps of the host share.
docker image inspect --format x "$IMAGE" >/dev/null 2>&1 || ek_pull "$IMAGE" || exit 71
${raw(hostLock)}
${raw(find)}
{ mkdir -p "$R/proxy/sites" "$R/proxy/certs" "$R/guardian" "$R/routes" "$R/guards" "$R/logs" &&
  chmod 755 "$R/proxy" "$R/proxy/sites" "$R/guardian" "$R/routes" "$R/logs" && chmod 700 "$R/proxy/certs" "$R/guards"; } 2>/dev/null || ek_unwritable "$R/proxy"
ek_put "$R/proxy/Caddyfile" 644 ${proxyConfig}
ek_put "$R/guardian/loop" 644 ${guardianLoop}
ROUTES=$(stat -c %i "$R/routes")
docker network inspect ${network} >/dev/null 2>&1 || docker network create --label evenkeel.role=network ${network} >/dev/null || exit 71
ek_wanted
# Where it was not pulled there is no digest: then its local id stands for it.
SEEN=$(docker image inspect --format '{{if .RepoDigests}}{{index .RepoDigests 0}}{{else}}{{.Id}}{{end}}' "$IMAGE") || exit 71
if [ "$IMAGE" = ${vocabulary.proxyImage} ]; then IMAGE=$SEEN; fi

# Left by an installation that was cut off: if only it runs, it is the proxy.
ek_find ${next}
N_ID=$X_ID N_UP=$X_UP
ek_find ${proxyContainer}
if [ -n "$N_ID" ]; then
  if [ "$N_UP" = true ] && [ "$X_UP" != true ]; then
    if [ -n "$X_ID" ]; then docker rm -f "$X_ID" >/dev/null || exit 71; fi
    docker rename "$N_ID" ${proxyContainer} || exit 71
    ek_find ${proxyContainer}
  else
    docker rm -f "$N_ID" >/dev/null || exit 71
  fi
fi
ek_ready() {
  ek_tries=0
  until docker exec "$1" wget -q -O /dev/null http://localhost:2019/config/ 2>/dev/null; do
    ek_tries=$((ek_tries + 1))
    if [ "$ek_tries" -ge 20 ] || [ "$(docker container inspect --format '{{.State.Running}}' "$1")" != true ]; then
      docker logs --tail 5 "$1" >&2
      return 1
    fi
    sleep 0.25
  done
}
if [ -n "$X_ID" ] && [ "$X_IMAGE" = "$IMAGE" ] && [ "$X_ROUTES" = "$ROUTES" ]; then
  if [ "$X_UP" != true ]; then
    docker start "$X_ID" >/dev/null || exit 71
    ek_ready "$X_ID" || ek_fail proxy-failed 'the proxy does not start'
  fi
else
  # Tried before anything is stopped: a site that this version of the proxy refuses must not take it down.
  if [ -n "$X_ID" ]; then
    docker run --rm --network none --volume "$R/proxy:"${inProxy.config}:ro --tmpfs ${inProxy.logs} --entrypoint caddy "$IMAGE" \
      validate --config ${inProxy.config}/Caddyfile --adapter caddyfile >/dev/null 2>"$R/proxy/said" ||
      { tail -n 3 "$R/proxy/said" >&2; ek_fail proxy-failed 'the proxy refuses its configuration'; }
  fi
  N_ID=$(docker create --name ${next} --network ${network} --restart always --stop-timeout 15 --userns host \
    --label evenkeel.role=proxy --label "evenkeel.root=$R" --label "evenkeel.routes=$ROUTES" \
    --publish 80:80 --publish 443:443 --publish 443:443/udp \
    --volume "$R/proxy:"${inProxy.config}:ro --volume "$R/routes:"${inProxy.routes}:ro --volume "$R/logs:"${inProxy.logs} \
    --volume evenkeel-caddy-data:/data --volume evenkeel-caddy-config:/config \
    --log-driver json-file --log-opt max-size=10m --log-opt max-file=3 \
    --entrypoint caddy "$IMAGE" run --config ${inProxy.config}/Caddyfile --adapter caddyfile) || exit 71
  if [ -n "$X_ID" ]; then docker stop "$X_ID" >/dev/null || exit 71; fi
  if docker start "$N_ID" >/dev/null && ek_ready "$N_ID"; then
    if [ -n "$X_ID" ]; then docker rm -f "$X_ID" >/dev/null || exit 71; fi
    docker rename "$N_ID" ${proxyContainer} || exit 71
  else
    docker rm -f "$N_ID" >/dev/null 2>&1
    if [ -n "$X_ID" ]; then docker start "$X_ID" >/dev/null; fi
    exit 71
  fi
fi
ek_put "$R/proxy/image" 644 "$IMAGE"

ek_find ${guardianContainer}
if [ -z "$X_ID" ] || [ "$X_UP" != true ] || [ "$X_IMAGE" != "$IMAGE" ] || [ "$X_ROUTES" != "$ROUTES" ] || [ "$X_VERSION" != ${guardianVersion} ]; then
  if [ -n "$X_ID" ]; then docker rm -f "$X_ID" >/dev/null || exit 71; fi
  docker run --detach --name ${guardianContainer} --network ${network} --restart always --stop-timeout 2 --userns host \
    --label evenkeel.role=guardian --label "evenkeel.root=$R" --label "evenkeel.routes=$ROUTES" --label evenkeel.version=${guardianVersion} \
    --user "$(id -u):$(id -g)" --read-only --tmpfs /tmp:mode=1777,size=32m --cap-drop ALL --security-opt no-new-privileges --memory 128m \
    --volume "$R/routes:/routes" --volume "$R/guards:/guards" --volume "$R/logs:/logs:ro" --volume "$R/guardian:/guardian:ro" \
    --log-driver json-file --log-opt max-size=1m --log-opt max-file=2 \
    --entrypoint sh "$IMAGE" /guardian/loop >/dev/null || exit 71
fi`;
  return {
    script: act(vocabulary, step.fence, body, 300_000),
    parse: (output) => answerOf(output, (): Answers["install-proxy"] => ({ verdict: "done" })),
  };
}

/**
 * PATH: copies a file of the host for the proxy, which the digest in SUM, and in KEPT, names: what the site that is
 * loaded needs stays as it is until the next one is taken. What has no end, such as a device, would fill the disk.
 */
const copy = sh`ek_copy() {
  if ! { [ -f "$1" ] && [ -r "$1" ] && [ "$(wc -c <"$1")" -le ${MOST_BYTES} ]; } 2>/dev/null; then
    ek_fail proxy-failed "cannot read $1 on the host: expected a file of 1 MiB at most that this account may read"
  fi
  { mkdir -p "$C" && cp "$1" "$C/new" && SUM=$(sha256sum <"$C/new") && SUM=\${SUM%% *} && chmod 600 "$C/new" &&
    ek_sync "$C/new" && mv -f "$C/new" "$C/$SUM" && ek_sync "$C"; } 2>/dev/null || ek_unwritable "$C"
  KEPT="$KEPT$SUM "
}`;

/** WORD NAME: the first line of a site says what it claims, in JSON. What another app of the host has is not given away. */
const claim = sh`ek_claim() {
  for ek_site in "$R"/proxy/sites/*.caddy; do
    if [ ! -f "$ek_site" ] || [ "$ek_site" = "$R/proxy/sites/$K.caddy" ]; then continue; fi
    read -r ek_head <"$ek_site" || :
    case $ek_head in *"$1"*)
      ek_site=\${ek_site##*/}
      ek_fail proxy-failed "$2 belongs to \${ek_site%.caddy} on this host: expected each domain once, over http and https together, and one app without domains at most"
      ;;
    esac
  done
}`;

/**
 * Gives the proxy this key's site. It loads a copy of its configuration with the site in it, and keeps
 * what it had when it refuses; only what it took becomes the file that it starts with next time.
 */
export function route(step: StepOf<"route">, vocabulary: Vocabulary): Spelling<"route"> {
  const { domains } = step.site;
  const claims =
    domains.length === 0
      ? [['"domains":[]', "what no app has a domain for"]]
      : domains.map((domain) => [`"${domain}"`, domain]);
  const copies = hostFiles(step.site).map((path, index) => sh`ek_copy ${path}; SUM_${index}=$SUM`);
  const text = siteParts(vocabulary.key, step.site).map((part, at) =>
    at % 2 === 0 ? argv([part]) : `"$SUM_${part}"`,
  );
  const body = sh`${raw(hostLock)}
${raw(claim)}
${raw(claims.map((words) => `ek_claim ${argv(words)}`).join("\n"))}
${raw(copy)}
C=$R/proxy/certs/$K KEPT=' '
${raw(copies.join("\n"))}
ek_pointer
# Until a release is proven nobody serves, so that a candidate gets no visitors; without a pointer it would.
if [ -z "$POINTER" ] && [ -z "$(docker ps -q --filter "label=evenkeel.key=$K" --filter label=evenkeel.role=slot)" ]; then ek_point ${nobody}; fi
C=$R/proxy/check
rm -rf "$C"
{ mkdir -p "$C/sites" && cp "$R/proxy/Caddyfile" "$C/Caddyfile" && { cp "$R"/proxy/sites/*.caddy "$C/sites/" 2>/dev/null || :; } &&
  printf '%s' ${raw(text.join(" "))} >"$C/sites/$K.caddy" && ek_sync "$C/sites/$K.caddy"; } || ek_unwritable "$C"
docker exec ${proxyContainer} caddy reload --config ${inProxy.config}/check/Caddyfile --adapter caddyfile >/dev/null 2>"$R/proxy/said" || {
  tail -n 3 "$R/proxy/said" >&2
  ek_fail proxy-failed 'the proxy refuses this site and keeps what it had'
}
chmod 644 "$C/sites/$K.caddy"
mv -f "$C/sites/$K.caddy" "$R/proxy/sites/$K.caddy" && ek_sync "$R/proxy/sites" || ek_unwritable "$R/proxy/sites"
rm -rf "$C"
# What no site names any more: the proxy has read it, and never reads it again.
for ek_old in "$R/proxy/certs/$K"/*; do
  case $KEPT in *" \${ek_old##*/} "*) ;; *) rm -f "$ek_old" ;; esac
done`;
  return {
    script: act(vocabulary, step.fence, body, 60_000),
    parse: (output) => answerOf(output, (): Answers["route"] => ({ verdict: "done" })),
  };
}
