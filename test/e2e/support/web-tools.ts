import { join } from "node:path";
import { run } from "../../../ci/lab/command.js";
import { buildGoPrograms } from "../../../ci/lab/go-programs.js";
import { findPlace } from "../../../ci/lab/place.js";

/** An ACME server (`pebble`, with `pebble-challtestsrv` for its names) and visitors over HTTP/3 (`http3`). */
export function buildWebTools(): Promise<string> {
  return buildGoPrograms(run, findPlace(), "web-tools", join(import.meta.dirname, "web"));
}
