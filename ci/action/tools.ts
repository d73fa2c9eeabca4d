import { join } from "node:path";
import type { Run } from "../lab/command.js";
import { buildGoPrograms } from "../lab/go-programs.js";
import type { Place } from "../lab/place.js";

/**
 * `act`, which runs a workflow on this machine, and `actionlint`.
 *
 * @returns the folder with both programs.
 */
export function buildActionTools(run: Run, place: Place): Promise<string> {
  return buildGoPrograms(run, place, "action-tools", join(import.meta.dirname, "tools"));
}
