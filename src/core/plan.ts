import { nextRevision, stableRevisions } from "./ledger.js";
import type { ContainerView, DeployRequest, HostView, OutcomeCode, Site, Slot } from "./model.js";
import { findProblems, type Problem } from "./preflight.js";
import { servingContainer } from "./serving.js";
import { sameSite, siteFor } from "./sites.js";
import { findUnsettled } from "./unsettled.js";

export interface PlannedStep {
  readonly title: string;
  readonly why: string;
}

/** What a deploy would do to a host in this state, and why. Printed by `plan`, followed by `deploy`. */
export type Plan =
  | { readonly verdict: "nothing"; readonly reason: string; readonly serving: ContainerView }
  | {
      readonly verdict: "refused";
      /** Of the first of the problems. */
      readonly code: OutcomeCode;
      readonly reason: string;
      readonly problems: readonly Problem[];
    }
  | {
      readonly verdict: "deploy";
      readonly reason: string;
      readonly revision: number;
      readonly slot: Slot;
      readonly site: Site;
      readonly installProxy: boolean;
      readonly routeChange: boolean;
      readonly steps: readonly PlannedStep[];
    }
  | {
      readonly verdict: "reroute";
      readonly reason: string;
      readonly serving: ContainerView;
      readonly site: Site;
      readonly steps: readonly PlannedStep[];
    };

export function planDeploy(request: DeployRequest, view: HostView): Plan {
  const serving = servingContainer(view);
  const unsettled = findUnsettled(view);
  const same = serving !== null && unsettled === null && isDesired(request, view, serving);
  if (same) {
    const site = siteFor(request.site, view, serving.slot, request.release.runtime);
    if (view.proxy.state === "running" && view.proxy.guardian === "running") {
      const routed = sameSite(site, view.proxy.site);
      if (routed && !view.proxy.filesChanged) {
        return {
          verdict: "nothing",
          reason: `revision ${serving.revision} serves this image, configuration and secrets already`,
          serving,
        };
      }
      return {
        verdict: "reroute",
        reason: routed
          ? "only the certificate on the host differs from the proxy's copy"
          : "only the proxy's configuration differs",
        serving,
        site,
        steps: [routeStep()],
      };
    }
  }
  // An unsettled host is settled before the start; until then the slot and what it frees are a forecast.
  const expected = view.pointer?.mode === "pair" ? view.pointer.standby : view.pointer?.live;
  const slot = expected === "blue" ? "green" : "blue";
  const problems = findProblems(view, request, slot);
  const [first] = problems;
  if (first !== undefined) {
    const reason = problems.map((problem) => problem.text).join("; ");
    return { verdict: "refused", code: first.code, reason, problems };
  }
  const site = siteFor(request.site, view, slot, request.release.runtime);
  const installProxy = view.proxy.state !== "running" || view.proxy.guardian !== "running";
  const routeChange = view.proxy.filesChanged || !sameSite(site, view.proxy.site);
  const revision = nextRevision(view);
  const steps: PlannedStep[] = [];
  const add = (title: string, why: string) => steps.push({ title, why });
  if (unsettled !== null) add("settle", unsettled.reason);
  add(`pull ${request.release.image}`, "by digest, before the lock");
  if (installProxy)
    add(
      "install the proxy and its guardian",
      `the proxy is ${view.proxy.state}, the guardian ${view.proxy.guardian}`,
    );
  if (request.release.runtime.preDeploy !== null)
    add("run the pre-deploy command", request.release.runtime.preDeploy.command.join(" "));
  if (routeChange) steps.push(routeStep());
  add(`start revision ${revision} in slot ${slot}`, whyDeploy(request, serving));
  add(
    "gate",
    `${request.release.runtime.health.passes} consecutive passes on ${request.release.runtime.health.path}`,
  );
  add(
    serving === null ? "switch, alone" : `switch, with slot ${serving.slot} standing by`,
    serving === null
      ? "nothing serves that could stand by"
      : "the guardian goes back unless the bake confirms",
  );
  add("bake", `${request.release.runtime.bake.durationMs / 1000} s`);
  add(
    "promote",
    request.promotionGate === null
      ? "confirmed, written to the ledger"
      : "unless the promotion gate vetoes it; confirmed, written to the ledger",
  );
  return {
    verdict: "deploy",
    reason: whyDeploy(request, serving),
    revision,
    slot,
    site,
    installProxy,
    routeChange,
    steps,
  };
}

/** True when this container is the release asked for and was promoted: then a deploy has nothing to do. */
function isDesired(request: DeployRequest, view: HostView, container: ContainerView): boolean {
  return (
    container.image === request.release.image &&
    container.configHash === request.release.configHash &&
    container.secretsHash === view.desiredSecretsHash &&
    stableRevisions(view.ledger).includes(container.revision)
  );
}

function whyDeploy(request: DeployRequest, serving: ContainerView | null): string {
  if (serving === null) return "nothing serves yet";
  const differs = [
    serving.image === request.release.image ? "" : "image",
    serving.configHash === request.release.configHash ? "" : "configuration",
  ].filter((part) => part !== "");
  return differs.length === 0
    ? `revision ${serving.revision} was never promoted, or its secrets changed`
    : `${differs.join(" and ")} differ from revision ${serving.revision}`;
}

function routeStep(): PlannedStep {
  return {
    title: "reload the proxy with this app's route",
    why: "its domains, TLS, certificate, port, health path or timeouts changed; a reload closes idle connections and WebSockets of every app on this host",
  };
}
