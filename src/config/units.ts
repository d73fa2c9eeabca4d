/** Durations and sizes as people write them, and back. */

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** `500ms`, `30s`, `5m`, `1h`, and these in falling order together, such as `1m30s`. */
export const DURATION = /^(?=\d)(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/;

/** Milliseconds of a duration with its unit; null when it is none. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const [, hours, minutes, seconds, milliseconds] = match;
  return (
    Number(hours ?? 0) * UNIT_MS.h +
    Number(minutes ?? 0) * UNIT_MS.m +
    Number(seconds ?? 0) * UNIT_MS.s +
    Number(milliseconds ?? 0)
  );
}

/** The shortest way to write a whole number of milliseconds that `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = "";
  for (const [unit, size] of Object.entries(UNIT_MS)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === "" ? "0s" : text;
}

const UNIT_BYTES = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 } as const;

/** `512MiB`, `512Mi`, `512m`, `2GiB`, `2g`: units of 1024, as Docker counts memory. */
export const SIZE = /^(\d{1,9})(?:([kKmMgGtT])|([KMGT])i[Bb]?)$/;

/** Bytes of a size with its unit; null when it is none. */
export function parseSize(text: string): number | null {
  const match = SIZE.exec(text);
  const unit = (match?.[2] ?? match?.[3])?.toLowerCase() as keyof typeof UNIT_BYTES | undefined;
  return match === null || unit === undefined ? null : Number(match[1]) * UNIT_BYTES[unit];
}
