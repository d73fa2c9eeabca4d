import { runtimeOf } from "./ledger.js";
import {
  type HostView,
  otherSlot,
  type RuntimeSpec,
  type Site,
  type SiteRequest,
  type Slot,
} from "./model.js";
import { inSlot } from "./serving.js";

/** Version of the text the proxy is given for a site. Raise it when that text changes. */
export const SITE_FORMAT = 2;

/**
 * The site for a release in a slot. The other slot keeps the port and path it has: a release that changes
 * its port must not take the serving one's away.
 */
export function siteFor(request: SiteRequest, view: HostView, slot: Slot, runtime: RuntimeSpec): Site {
  const wanted = routeOf(runtime);
  const other = otherSlot(slot);
  const loaded = view.proxy.site?.slots[other];
  const held = inSlot(view, other);
  // Where the site was lost, what serves tells how it is reached.
  const known = loaded ?? routeOf((held && runtimeOf(view, held)) ?? runtime);
  const kept = { port: known.port, healthPath: known.healthPath };
  return {
    format: SITE_FORMAT,
    domains: request.domains,
    tls: request.tls,
    slots: slot === "blue" ? { blue: wanted, green: kept } : { blue: kept, green: wanted },
    healthTimeoutMs: request.healthTimeoutMs,
    responseTimeoutMs: request.responseTimeoutMs,
  };
}

function routeOf({ port, health }: RuntimeSpec) {
  return { port, healthPath: health.path };
}

export function sameSite(a: Site, b: Site | null): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    // A list becomes a record of its places, which tells as much.
    typeof part === "object" && part !== null ? Object.fromEntries(Object.entries(part).sort()) : part,
  );
}
