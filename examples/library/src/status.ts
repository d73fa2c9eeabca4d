import { history, hostKey, status } from "evenkeel";
import { config, credentials } from "./environment.ts";

if (process.argv.includes("--host-key")) {
  console.log(await hostKey(config));
} else {
  console.log((await status(config, { credentials })).text);
  console.log((await history(config, { credentials })).text);
}
