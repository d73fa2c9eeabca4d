import { start } from "unleash-server";
import { readSettings } from "./settings.js";

// Unleash brings its own /health and closes its connections on SIGTERM; so two releases can run side by side and
// one of them can leave at any time. Its database is migrated before it starts, see migrate.js.
process.env.SEND_TELEMETRY ??= "false";

try {
  await start({
    ...readSettings(process.env),
  });
} catch (error) {
  console.error(`unleash did not start: ${error.message}`);
  process.exit(1);
}
