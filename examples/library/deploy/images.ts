import { createLinesReporter, deploy, EvenkeelError } from "evenkeel";
import { order } from "./order.ts";

// Deploys images that exist, one service after the other, each only after the one before is stable:
// `npm run deploy -- api=registry.example.com/team/api@sha256:… web=…`
const words = process.argv.slice(2);
const untested = words.includes("--untested");
const images = new Map(
  words.filter((word) => word.includes("=")).map((word) => word.split("=", 2) as [string, string]),
);

try {
  for (const { config, options } of order) {
    const image = images.get(config.app);
    if (image === undefined) continue;
    const run = deploy(config, { ...options, image, untested, reporter: createLinesReporter(console.error) });
    for await (const event of run)
      if (event.event === "phase" && event.phase === "switched")
        console.error(`${config.app} is live, on trial`);
    console.log(`${config.app}: ${(await run).text}`);
  }
} catch (error) {
  if (!(error instanceof EvenkeelError)) throw error;
  // What comes after it in the order was not begun.
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
