import type { Outcome, Phase } from "../core/model.js";
import type { Reporter } from "./reporter.js";

export type Redact = (text: string) => string;

const SHORTEST = 4;
/** So many characters of a longer secret are no accident, and give a part of it away. */
const SHORTEST_PART = 16;

/**
 * Replaces every known secret in a text by `[secret]`: whole, line by line where it has several, since logs
 * and quotations show pieces, and any longer part, since both are cut off. A value, or a line of one, shorter
 * than 4 characters is left: it would take ordinary words with it and could be guessed anyway.
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
  const hideParts = createPartRedactor(longestFirst);
  // Not one pattern of all: a long secret makes it too large, and the error about that quotes it.
  return (text) =>
    longestFirst
      .reduce((rest, piece) => rest.flatMap((part) => part.split(piece)), [text])
      .map(hideParts)
      .join(HIDDEN);
}

const HIDDEN = "[secret]";
/** Every part of twice that length, less one, has one of these steps whole in it. */
const STEP = SHORTEST_PART / 2;

function createPartRedactor(pieces: readonly string[]): Redact {
  const steps = new Map<string, { readonly piece: string; readonly at: number }>();
  for (const piece of pieces.filter(({ length }) => length > SHORTEST_PART))
    for (let at = 0; at + STEP <= piece.length; at += STEP)
      if (!steps.has(piece.slice(at, at + STEP))) steps.set(piece.slice(at, at + STEP), { piece, at });
  return (text) => {
    let shown = "";
    let done = 0;
    for (let at = 0; at + STEP <= text.length; at++) {
      const step = steps.get(text.slice(at, at + STEP));
      if (step === undefined) continue;
      const [start, end] = grown(text, at, done, step);
      if (end - start < SHORTEST_PART) continue;
      shown += text.slice(done, start) + HIDDEN;
      done = end;
      at = end - 1;
    }
    return shown + text.slice(done);
  };
}

/** From where to where a text is what a secret is, around a step that they have in common. */
function grown(
  text: string,
  at: number,
  from: number,
  step: { readonly piece: string; readonly at: number },
): readonly [start: number, end: number] {
  let before = 0;
  while (at - before > from && step.at > before && text[at - before - 1] === step.piece[step.at - before - 1])
    before++;
  let length = STEP;
  while (
    at + length < text.length &&
    step.at + length < step.piece.length &&
    text[at + length] === step.piece[step.at + length]
  )
    length++;
  return [at - before, at + length];
}

/** The same reporter, hearing no secret. */
export function redacted(reporter: Reporter, redact: Redact): Reporter {
  return {
    start: (start) =>
      reporter.start?.({ ...start, holder: redact(start.holder), reason: redact(start.reason) }),
    phase: (report) => reporter.phase({ ...report, at: redactPhase(report.at, redact) }),
    note: (level, text) => reporter.note(level, redact(text)),
    step: (report) => reporter.step?.(report),
    health: ({ during, slots }) =>
      reporter.health?.({
        during,
        slots: slots.map((slot) => ({
          ...slot,
          answers: slot.answers.map((answer) => ({ ...answer, detail: redact(answer.detail) })),
        })),
      }),
    summary: (summary) => reporter.summary({ ...summary, outcome: redactOutcome(summary.outcome, redact) }),
    failed: ({ code, message }) => reporter.failed?.({ code, message: redact(message) }),
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
