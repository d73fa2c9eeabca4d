import { start } from "unleash-server";
import { readSettings } from "./settings.js";

// Unleash brings its own /health, migrates its database at start under a lock of the database, and closes
// its connections on SIGTERM; so two releases can run side by side and one of them can leave at any time.
process.env.SEND_TELEMETRY ??= "false";

try {
  await start({
    ...readSettings(process.env),
  });
} catch (error) {
  console.error(`unleash did not start: ${error.message}`);
  process.exit(1);
}
