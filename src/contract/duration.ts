// Durations as people write them: 250ms, 10s, 5m, 1h, 30d.

const MS_OF = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/;

/** Milliseconds; null when it isn't a duration. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text.trim());
  return match === null ? null : Math.round(Number(match[1]) * MS_OF[match[2] as keyof typeof MS_OF]);
}
