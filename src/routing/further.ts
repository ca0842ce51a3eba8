// Whether one more voice is worth it once some have answered, and whose.
import { usdOf, type Climb, type Forecast, type Prospect, type Voiced } from '../contract/index.ts';

interface Heard {
  readonly voices: readonly Voiced[];
  /** Who may still be asked. */
  readonly others: readonly Prospect[];
  readonly climb: Climb;
  readonly forecast: Forecast;
}

interface Further {
  readonly model: string;
  /** What it adds to the chance of a right answer, 0-1. */
  readonly gain: number;
}

/** Of those whose answer would bring more than it takes, the one that brings most; null: the answer stands. */
export function furtherVoice({ voices, others, climb, forecast }: Heard): Further | null {
  if (voices.length >= climb.mostVoices || others.length === 0) return null;
  const gains = forecast.gains(voices, others);
  let [best, most]: [Further | null, number] = [null, 0];
  others.forEach(({ model, cost, latencyMs }, nth) => {
    const gain = gains[nth]!;
    const left = gain - climb.perUsd * (cost === null ? 0 : usdOf(cost)) - (climb.perSecond * latencyMs) / 1_000;
    if (left > most) [best, most] = [{ model, gain }, left];
  });
  return best;
}
