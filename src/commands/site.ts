import type { Key, Site, Slot } from "../core/model.js";
import { json } from "./answer.js";
import { isRecord } from "./containers.js";
import { keyName, nobody, slotName } from "./names.js";

/** The folders as the proxy's container sees them. */
export const inProxy = { routes: "/routes", logs: "/logs", config: "/etc/evenkeel" } as const;

const HEAD = "# evenkeel site ";

/** Stands in a site's text for the digest of a file of the host, which only the host can tell. No configuration has a NUL. */
const digestOf = (index: number) => `\0${index}\0`;

/** Before the digest and the path of a file that the proxy has a copy of. */
export const SUM = "# sum ";

/** More than any certificate has: a file of the host is not read beyond it. */
export const MOST_BYTES = 1_048_576;

/**
 * What the proxy is told for one key. The pointer is read once per request into a variable: matchers that
 * each read the file race with the rename. Upstreams are static, because passive health of a placeholder
 * is kept under the placeholder. Why each number is what it is: the measurements behind the design.
 */
export function siteText(key: Key, site: Site): string {
  const name = keyName(key);
  const sums = hostFiles(site).map((path, index) => `${SUM}${digestOf(index)}  ${path}\n`);
  return `${HEAD}${JSON.stringify(site)}
${sums.join("")}${addresses(site).join(", ")} {
${indent(1, [...tls(key, site), ...log(name)])}
	route {
		vars ek_pointer {file.${inProxy.routes}/${name}/active}
		log_append pointer {http.vars.ek_pointer}
		log_append slot {rp.upstream.hostport}
${indent(2, [...pair(key, site, "blue", "green"), ...pair(key, site, "green", "blue")])}
${indent(2, [...solo(key, site, "blue"), ...solo(key, site, "green")])}
		@nobody vars ek_pointer ${nobody}
		handle @nobody {
			respond "No release serves here yet." 503
		}
		# The pointer is missing: whichever slot answers is better than none.
		handle {
${indent(3, upstreams([dial(key, site, "blue"), dial(key, site, "green")], [...passive, ...transport(site)]))}
		}
	}
${indent(1, unchecked(key, site))}
}
`;
}

/** The site that a text was made from, read back from its first line. */
export function parseSite(firstLine: string): Site | null {
  const said = firstLine.startsWith(HEAD) ? json(firstLine.slice(HEAD.length)) : null;
  return isRecord(said) && isRecord(said.slots) && isRecord(said.tls) ? (said as unknown as Site) : null;
}

/** The configuration of the proxy itself, the same on every host. */
export const proxyConfig = `{
	admin localhost:2019
	grace_period 10s
	log {
		exclude http.handlers.reverse_proxy.health_checker.active
	}
}
import sites/*.caddy
`;

/** A site's text in parts: every second one is the number of a file of `hostFiles`, for whose digest it stands. */
export function siteParts(key: Key, site: Site): readonly string[] {
  return siteText(key, site).split("\0");
}

/** The files of the host that a site needs copies of: a certificate and its key, or what an authority is trusted by. */
export function hostFiles({ tls }: Site): readonly string[] {
  if (tls.mode === "files") return [tls.certificate, tls.key];
  return tls.mode === "acme" && tls.serverRoot !== undefined ? [tls.serverRoot] : [];
}

function addresses(site: Site): readonly string[] {
  if (site.domains.length === 0) return [site.tls.mode === "off" ? ":80" : ":443"];
  return site.domains.map((domain) => (site.tls.mode === "off" ? `http://${domain}` : domain));
}

function tls(key: Key, site: Site): readonly string[] {
  const files = hostFiles(site).map(
    (_, index) => `${inProxy.config}/certs/${keyName(key)}/${digestOf(index)}`,
  );
  if (site.tls.mode === "files") return [`tls ${files.join(" ")}`];
  if (site.tls.mode === "off") return [];
  const { email, server } = site.tls;
  const head = email === null ? "tls" : `tls ${email}`;
  if (server === undefined) return email === null ? [] : [head];
  return [`${head} {`, `	ca ${server}`, ...files.map((file) => `	ca_root ${file}`), "}"];
}

/** Who asked and what came back, without what could be secret: headers and query strings. */
function log(name: string): readonly string[] {
  return [
    "log {",
    `	output file ${inProxy.logs}/${name}.log {`,
    "		mode 0644",
    "		roll_size 20MiB",
    "		roll_keep 3",
    "		roll_uncompressed",
    "	}",
    "	format filter {",
    "		wrap json",
    "		fields {",
    "			request>headers delete",
    "			request>tls delete",
    "			resp_headers delete",
    "			request>uri regexp \\?.* ?",
    "		}",
    "	}",
    "}",
  ];
}

/**
 * Both slots, the first preferred. A GET that the live slot answers with an error is asked of the standby,
 * and the log is marked, so that the bake sees what visitors do not.
 */
function pair(key: Key, site: Site, live: Slot, standby: Slot): readonly string[] {
  return [
    `@pair_${live} vars ek_pointer ${live}+${standby}`,
    `handle @pair_${live} {`,
    ...nested(
      upstreams(
        [dial(key, site, live), dial(key, site, standby)],
        [
          ...passive,
          ...active(site),
          ...transport(site),
          "@bad status 500 502 503 504",
          "handle_response @bad {",
          "	@again method GET HEAD",
          "	handle @again {",
          "		log_append live_failed yes",
          ...nested(nested(upstreams([dial(key, site, standby)], transport(site)))),
          "	}",
          "	handle {",
          "		copy_response",
          "	}",
          "}",
        ],
      ),
    ),
    "}",
  ];
}

/** No passive marks alone: with nobody to fall back to they turn a short freeze into an outage. */
function solo(key: Key, site: Site, live: Slot): readonly string[] {
  return [
    `@solo_${live} vars ek_pointer ${live}`,
    `handle @solo_${live} {`,
    ...nested(upstreams([dial(key, site, live)], [...patient, ...transport(site)])),
    "}",
  ];
}

/**
 * Health checks must not make an outage: where the pair finds no slot fit (503), the live one is asked
 * without checks. Where neither could be reached, as on a host that stands still for a moment, both are
 * tried in turn, as patiently as one alone. Any other 502 may come after the request was sent, so only what
 * can be repeated is: of the standby first, because that request has hung in the live slot until the pair
 * had no time left for it.
 */
function unchecked(key: Key, site: Site): readonly string[] {
  const each = (answer: (live: string, standby: string) => readonly string[]) =>
    (["blue", "green"] as const).flatMap((live) => {
      const standby = live === "blue" ? "green" : "blue";
      return [
        `@pair_${live} vars ek_pointer ${live}+${standby}`,
        `handle @pair_${live} {`,
        "	log_append unchecked yes",
        ...nested(answer(dial(key, site, live), dial(key, site, standby))),
        "}",
      ];
    });
  const lines = [
    "@unfit expression `{err.status_code} == 503`",
    "handle @unfit {",
    ...nested(each((live) => upstreams([live], [...patient, ...transport(site)]))),
    "}",
    '@unreached expression `{err.message}.startsWith("dial ")`',
    "handle @unreached {",
    ...nested(
      each((live, standby) =>
        upstreams([live, standby], ["lb_policy round_robin", ...patient, ...transport(site)]),
      ),
    ),
    "}",
    '@lost expression `{err.status_code} == 502 && {method} in ["GET", "HEAD"]`',
    "handle @lost {",
    ...nested(each((live, standby) => upstreams([standby, live], [...passive, ...transport(site)]))),
    "}",
    'respond "The service is not available right now." {err.status_code}',
  ];
  return ["handle_errors 502 503 {", "	route {", ...nested(nested(lines)), "	}", "}"];
}

const retried: readonly string[] = ["lb_retry_match {", "	method GET HEAD", "}"];

/** `lb_retries` is not below `max_fails`: retries go to the same upstream until it is marked. */
const passive: readonly string[] = [
  "lb_policy first",
  "lb_retries 4",
  "lb_try_duration 5s",
  "lb_try_interval 20ms",
  ...retried,
  "fail_duration 5s",
  "max_fails 3",
];

/**
 * Only in a pair. The proxy asks all upstreams for one path: where the two releases differ in theirs, it
 * would take one of them for dead, so that only the passive marks are left.
 */
function active(site: Site): readonly string[] {
  const { blue, green } = site.slots;
  if (blue.healthPath !== green.healthPath) return [];
  return [
    `health_uri ${blue.healthPath}`,
    "health_interval 250ms",
    `health_timeout ${site.healthTimeoutMs}ms`,
    "health_fails 2",
    "health_passes 1",
  ];
}

const patient: readonly string[] = ["lb_try_duration 5s", "lb_try_interval 250ms", ...retried];

function transport(site: Site): readonly string[] {
  return [
    // A reload for another app's sake must not cut this one's WebSockets at once.
    "stream_close_delay 5m",
    "transport http {",
    "	dial_timeout 1s",
    `	response_header_timeout ${site.responseTimeoutMs}ms`,
    // Shorter than what servers keep idle connections for, so that no request is sent into one that closes.
    "	keepalive 1s",
    "}",
  ];
}

function upstreams(dials: readonly string[], options: readonly string[]): readonly string[] {
  return [`reverse_proxy ${dials.join(" ")} {`, ...nested(options), "}"];
}

function dial(key: Key, site: Site, slot: Slot): string {
  return `${slotName(key, slot)}:${site.slots[slot].port}`;
}

function nested(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `	${line}`);
}

function indent(depth: number, lines: readonly string[]): string {
  return lines.map((line) => `${"\t".repeat(depth)}${line}`).join("\n");
}
