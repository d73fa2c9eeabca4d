import type { RunReport } from "../../../src/report/run-report.js";
import { toldRun } from "../../support/told-run.js";

/** What an app, a host or a configuration could say to break out of a page, a table or a terminal. */
export const EVIL =
  '</pre></script><script>document.title="owned"</script><img src=x onerror=alert(1)>"\'`|\u001b[2J\u202e```\n# heading\n::error::x';

/** A failed run in which every text from outside is hostile. */
export async function hostileReport(): Promise<RunReport> {
  const { report } = await toldRun({ afterSwitch: { afterMs: 2_000, does: "answers-500-but-healthy" } });
  const release = (revision: number) => ({ revision, image: EVIL, commit: EVIL });
  return {
    ...report,
    text: EVIL,
    outcome: {
      phase: "rolled-back",
      code: "bake-failed",
      serving: 1,
      reason: EVIL,
      logs: `${EVIL}\n${EVIL}`,
    },
    start: {
      ...report.start,
      app: EVIL,
      environment: EVIL,
      host: EVIL,
      url: EVIL,
      image: EVIL,
      commit: EVIL,
      holder: EVIL,
      reason: EVIL,
    },
    notes: [{ atMs: 5, level: "warning", text: EVIL }],
    health: report.health.map((point) => ({
      ...point,
      slots: point.slots.map((slot) => ({ ...slot, failedProbes: 1, lastStatus: null, lastDetail: EVIL })),
    })),
    changes: {
      ...{ from: release(1), to: release(2) },
      configuration: [{ key: EVIL, before: EVIL, after: EVIL }],
      secrets: { added: [EVIL], removed: [EVIL], valuesChanged: true },
    },
  };
}
