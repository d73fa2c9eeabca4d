import * as fc from "fast-check";

// The same histories and values in every run, so that a failure is the change's and not the day's.
// EVENKEEL_SEED=N looks elsewhere, and EVENKEEL_HISTORIES=N further.
fc.configureGlobal({ seed: Number(process.env.EVENKEEL_SEED ?? 20261123) });
