// Where a request stands in somebody's trace (W3C Trace Context).

export interface TraceMark {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The request's own span. */
  readonly spanId: string;
  /** The caller's span; null: the trace begins here. */
  readonly parentId: string | null;
  /** Somebody wants to see it. */
  readonly sampled: boolean;
}

export interface Trace extends TraceMark {
  /** The id of one more call's span. */
  nextId(): string;
}

export const traceParent = ({ traceId, sampled }: TraceMark, spanId: string): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;

/** Which requests are traced. */
export interface Sampling {
  /** 0-1. */
  readonly share: number;
  /** At the most so many a second, and so many more that failed; null: no limit. */
  readonly perSecond: number | null;
  /** What a caller has decided stands. */
  readonly parentBased: boolean;
}

/** Where traces and metrics go, through OTLP over HTTP. */
export interface OtlpSettings {
  readonly tracesUrl: string | null;
  readonly metricsUrl: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** `service.name` and whatever else is said of the process. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampling: Sampling;
  readonly metricsEveryMs: number;
  /** What was asked for and isn't spoken here; null: nothing. */
  readonly otherProtocol: string | null;
}
