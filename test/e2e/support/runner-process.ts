import { deploy, EvenkeelError, parseConfig, type Reporter, rollback } from "../../../src/index.js";
import type { Errand, Told } from "./runner.js";

/** Deploys or goes back once, as told by whoever started this process, and tells how it goes. */
process.once("message", async ({ does, configText, image, sshKey, holder, dies }: Errand) => {
  const tell = (told: Told) => new Promise<void>((resolve) => process.send?.(told, () => resolve()));
  const die = () => process.kill(process.pid, "SIGKILL");
  let steps = 0;
  const dieInTime = () => {
    if (dies?.afterSteps !== steps) return;
    // Not even the next step is sent.
    if (dies.thenMs === 0) die();
    setTimeout(die, dies.thenMs);
  };
  const reporter: Reporter = {
    phase: ({ at }) => void tell({ kind: "phase", phase: at.phase }),
    note: () => {},
    step: ({ kind }) => {
      steps += 1;
      void tell({ kind: "step", step: kind });
      dieInTime();
    },
    summary: () => {},
  };
  try {
    dieInTime();
    const config = parseConfig(configText, { file: "evenkeel.yaml" });
    const how = { holder, reporter, credentials: { sshKey } };
    const run = does === "deploy" ? deploy(config, { ...how, image, untested: true }) : rollback(config, how);
    const { text } = await run;
    await tell({ kind: "ended", code: null, text });
  } catch (error) {
    const code = error instanceof EvenkeelError ? error.code : "not an EvenkeelError";
    await tell({ kind: "ended", code, text: String(error) });
  }
  process.exit();
});
// Whoever started it is gone: nobody would end it, and the next test would find its lock.
process.once("disconnect", () => process.exit(1));
