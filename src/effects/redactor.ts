import type { Outcome, Phase } from "../core/model.js";
import type { Reporter } from "./reporter.js";

export type Redact = (text: string) => string;

const SHORTEST = 4;

/**
 * Replaces every known secret in a text by `[secret]`: whole, and line by line where it has several, since
 * logs and quotations show pieces. A value, or a line of one, shorter than 4 characters is left: it would
 * take ordinary words with it and could be guessed anyway.
 */
export function createRedactor(secrets: Iterable<string>): Redact {
  const pieces = new Set<string>();
  for (const secret of secrets) {
    for (const form of [secret, ...secret.split(/\r?\n/), JSON.stringify(secret).slice(1, -1)]) {
      const piece = form.trim();
      if (piece.length >= SHORTEST) pieces.add(piece);
      if (form.length >= SHORTEST) pieces.add(form);
    }
  }
  if (pieces.size === 0) return (text) => text;
  // The longest first: a secret that begins with another one must not leave its end behind.
  const longestFirst = [...pieces].sort((one, other) => other.length - one.length);
  // Not one pattern of all: a long secret makes it too large, and the error about that quotes it.
  return (text) =>
    longestFirst.reduce((rest, piece) => rest.flatMap((part) => part.split(piece)), [text]).join("[secret]");
}

/** The same reporter, hearing no secret. */
export function redacted(reporter: Reporter, redact: Redact): Reporter {
  return {
    phase: (report) => reporter.phase({ ...report, at: redactPhase(report.at, redact) }),
    note: (level, text) => reporter.note(level, redact(text)),
    step: (report) => reporter.step?.(report),
    summary: (summary) => reporter.summary({ ...summary, outcome: redactOutcome(summary.outcome, redact) }),
  };
}

/** An outcome with its reason and logs free of secrets. */
export function redactOutcome(outcome: Outcome, redact: Redact): Outcome {
  const reason = redact(outcome.reason);
  return "logs" in outcome ? { ...outcome, reason, logs: redact(outcome.logs) } : { ...outcome, reason };
}

function redactPhase(at: Phase, redact: Redact): Phase {
  if ("logs" in at) return { ...at, reason: redact(at.reason), logs: redact(at.logs) };
  return "reason" in at ? { ...at, reason: redact(at.reason) } : at;
}
