import { setTimeout as sleep } from "node:timers/promises";
import { create } from "unleash-server";
import { readSettings } from "./settings.js";

// Unleash's migrations, before the release starts and while the one before it serves. To alter a table they wait
// for whoever writes to it, and whoever comes next waits for them; each may then hold what the other wants, and
// after a second the database fails one of the two, a visitor's write perhaps. So it is the migration that gives
// way, long before that, and tries again.
process.env.PGOPTIONS = "-c lock_timeout=300ms";
const GAVE_WAY = ["55P03", "40P01"];
const ATTEMPTS = 20;

for (let attempt = 1; ; attempt++) {
  try {
    await create(readSettings(process.env));
    process.exit(0);
  } catch (error) {
    if (!GAVE_WAY.includes(error.code) || attempt === ATTEMPTS) {
      console.error(`the migrations did not end: ${error.message}`);
      process.exit(1);
    }
    console.error(`a table was in use, once more (${attempt} of ${ATTEMPTS})`);
    await sleep(500);
  }
}
