import type { Failure, HostView, RuntimeSpec, Slot } from "./model.js";
import { ask, isFailure, type Run, type Script } from "./script.js";
import { sameSite, siteFor } from "./sites.js";

/**
 * Gives the proxy the port and the health path of a release that is there already, or comes back. A deploy that was
 * cut off may have left it those of its own candidate, which probes, asked of the container itself, do not notice.
 */
export function* routeTo(run: Run, view: HostView, slot: Slot, runtime: RuntimeSpec): Script<Failure | null> {
  const loaded = view.proxy.site;
  if (loaded === null) return null;
  const site = siteFor(loaded, view, slot, runtime);
  if (sameSite(site, loaded)) return null;
  const routed = yield* ask(run, { kind: "route", fence: run.fence, site });
  return isFailure(routed) ? routed : null;
}
