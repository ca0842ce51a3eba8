// How requests and calls went, summed up by the hour: what reports, trends and anomalies are made of.

/** What one process saw in one hour of one kind of request, or of one model's calls for them. */
export interface HourRow {
  /** Hours since the epoch. */
  readonly hour: number;
  readonly scope: 'request' | 'call';
  /** Empty where it isn't known or isn't meant. */
  readonly task: string;
  readonly model: string;
  readonly tenant: string;
  readonly strategy: string;
  readonly tier: string;
  /** Counts and histograms as telemetry writes them; to be added up, never compared. */
  readonly body: string;
}

/** Hours of all processes that share the store. */
export interface PerformanceStore {
  /** Puts each in the place of what this process said of the same hour and names before. Returns at once, written in batches. */
  keep(rows: readonly HourRow[]): void;
  /** Everybody's, what waits here included. */
  ofHour(hour: number): readonly HourRow[];
  /** Hours that have rows, ascending, `from` and `to` included. */
  hours(from: number, to: number): readonly number[];
  /** Older ones go. */
  forget(beforeHour: number): void;
}
