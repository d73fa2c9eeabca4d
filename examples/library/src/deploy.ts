import { createLinesReporter, deploy, EvenkeelError } from "evenkeel";
import { config, credentials } from "./environment.ts";

// Deploys an image that exists: `npm run deploy -- registry.example.com/team/shop@sha256:…`
const [image, ...flags] = process.argv.slice(2);
if (image === undefined) throw new Error("usage: npm run deploy -- IMAGE@sha256:… [--untested]");

try {
  const report = await deploy(config, {
    image,
    credentials,
    untested: flags.includes("--untested"),
    reporter: createLinesReporter(console.error),
  });
  console.log(report.text);
} catch (error) {
  if (!(error instanceof EvenkeelError)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
