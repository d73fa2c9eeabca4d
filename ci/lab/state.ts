import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { Place } from "./place.js";

/** What `up` decided once, so that a warm `up`, `status` and `down` need not find it out again. */
export interface State {
  /** Whether images come from Docker Hub or are built here. */
  readonly images?: "pull" | "build";
  /** Set when the lab had to start a Docker daemon of its own. */
  readonly daemon?: { readonly pid: number; readonly host: string };
}

export function readState(place: Place): State {
  try {
    return JSON.parse(readFileSync(place.path("state.json"), "utf8")) as State;
  } catch {
    return {};
  }
}

export function updateState(place: Place, change: State): State {
  const state = { ...readState(place), ...change };
  const path = place.path("state.json");
  writeFileSync(`${path}.next`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${path}.next`, path);
  return state;
}

export function forgetState(place: Place): void {
  rmSync(place.path("state.json"), { force: true });
}
