import { deploy, EvenkeelError, parseConfig } from "../../../src/index.js";
import type { Errand, Told } from "./runner.js";

/** Deploys once, as told by whoever started this process, and tells how it goes. */
process.once("message", async ({ configText, image, sshKey, holder }: Errand) => {
  const tell = (told: Told) => new Promise<void>((resolve) => process.send?.(told, () => resolve()));
  try {
    const { text } = await deploy(parseConfig(configText, { file: "evenkeel.yaml" }), {
      ...{ image, holder, untested: true, credentials: { sshKey } },
      reporter: {
        phase: ({ at }) => void tell({ kind: "phase", phase: at.phase }),
        note: () => {},
        summary: () => {},
      },
    });
    await tell({ kind: "ended", code: null, text });
  } catch (error) {
    const code = error instanceof EvenkeelError ? error.code : "not an EvenkeelError";
    await tell({ kind: "ended", code, text: String(error) });
  }
  process.exit();
});
// Whoever started it is gone: nobody would end it, and the next test would find its lock.
process.once("disconnect", () => process.exit(1));
