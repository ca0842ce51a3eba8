// Counters, gauges and histograms as plain numbers: counting costs a look-up in a map; names and texts are made when somebody reads them.

export interface Sample {
  /** In the order of the family's label names. */
  readonly labels: readonly string[];
  value: number;
}
interface HistogramSample {
  readonly labels: readonly string[];
  /** How many fell at or below each bound, and above them all; not added up. */
  readonly counts: number[];
  count: number;
  sum: number;
}

interface Named {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}
export type Family =
  | (Named & { readonly type: 'counter' | 'gauge'; readonly samples: ReadonlyMap<string, Sample> })
  | (Named & {
      readonly type: 'histogram';
      readonly bounds: readonly number[];
      readonly samples: ReadonlyMap<string, HistogramSample>;
    });

interface Counter {
  /** What is no number or negative isn't counted: a provider's usage may hold anything. */
  add(by: number, ...labels: readonly string[]): void;
}
interface Gauge {
  set(value: number, ...labels: readonly string[]): void;
  /** Forgets all that was set. */
  clear(): void;
}
interface Distribution {
  record(value: number, ...labels: readonly string[]): void;
}

export interface Series {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  histogram(name: string, help: string, bounds: readonly number[], labelNames?: readonly string[]): Distribution;
  readonly families: readonly Family[];
}

export function createSeries(): Series {
  const families: Family[] = [];
  const plain = (type: 'counter' | 'gauge', name: string, help: string, labelNames: readonly string[]) => {
    const shelf = createShelf((labels): Sample => ({ labels, value: 0 }));
    families.push({ type, name, help, labelNames, samples: shelf.samples });
    return shelf;
  };
  return {
    families,
    counter(name, help, labelNames = []) {
      const { of } = plain('counter', name, help, labelNames);
      if (labelNames.length === 0) of([]);
      return {
        add: (by, ...labels) => {
          if (Number.isFinite(by) && by > 0) of(labels).value += by;
        },
      };
    },
    gauge(name, help, labelNames = []) {
      const { of, clear } = plain('gauge', name, help, labelNames);
      return {
        set: (value, ...labels) => {
          of(labels).value = value;
        },
        clear,
      };
    },
    histogram(name, help, bounds, labelNames = []) {
      const { of, samples } = createShelf((labels): HistogramSample => ({
        labels,
        counts: bounds.map(() => 0).concat(0),
        count: 0,
        sum: 0,
      }));
      families.push({ type: 'histogram', name, help, labelNames, bounds, samples });
      if (labelNames.length === 0) of([]);
      return {
        record: (value, ...labels) => {
          if (!Number.isFinite(value)) return;
          const sample = of(labels);
          const counted = Math.max(0, value);
          let place = 0;
          while (place < bounds.length && counted > bounds[place]!) place += 1;
          sample.counts[place]! += 1;
          sample.count += 1;
          sample.sum += counted;
        },
      };
    },
  };
}

type Branch<Kind> = Map<string, Branch<Kind> | Kind>;

/** Found label by label: to make one text of them first would cost more than all else about counting. */
function createShelf<Kind extends object>(make: (labels: readonly string[]) => Kind) {
  const samples = new Map<string, Kind>();
  const root: Branch<Kind> = new Map();

  function of(labels: readonly string[]): Kind {
    const last = labels.length - 1;
    let branch = root;
    for (let place = 0; place < last; place += 1) {
      const label = labels[place]!;
      let next = branch.get(label) as Branch<Kind> | undefined;
      if (next === undefined) {
        next = new Map();
        branch.set(label, next);
      }
      branch = next;
    }
    const own = labels[last] ?? '';
    let sample = branch.get(own) as Kind | undefined;
    if (sample === undefined) {
      sample = make(labels);
      branch.set(own, sample);
      samples.set(labels.join('\n'), sample);
    }
    return sample;
  }

  return {
    of,
    samples,
    clear(): void {
      samples.clear();
      root.clear();
    },
  };
}

/** Prometheus' text format, version 0.0.4. */
export function prometheusText(families: readonly Family[]): string {
  return families.map((family) => `${familyLines(family).join('\n')}\n`).join('\n');
}

function familyLines(family: Family): readonly string[] {
  const head = [`# HELP ${family.name} ${family.help.replace(/[\\\n]/g, ' ')}`, `# TYPE ${family.name} ${family.type}`];
  if (family.type !== 'histogram')
    return [
      ...head,
      ...[...family.samples.values()].map(
        ({ labels, value }) => `${family.name}${labelText(family.labelNames, labels)} ${value}`,
      ),
    ];
  return [...head, ...[...family.samples.values()].flatMap((sample) => histogramLines(family, sample))];
}

function histogramLines(
  { name, labelNames, bounds }: Extract<Family, { type: 'histogram' }>,
  { labels, counts, count, sum }: HistogramSample,
): readonly string[] {
  let below = 0;
  const buckets = bounds.map((bound, place) => {
    below += counts[place]!;
    return `${name}_bucket${labelText(['le', ...labelNames], [String(bound), ...labels])} ${below}`;
  });
  return [
    ...buckets,
    `${name}_bucket${labelText(['le', ...labelNames], ['+Inf', ...labels])} ${count}`,
    `${name}_sum${labelText(labelNames, labels)} ${sum}`,
    `${name}_count${labelText(labelNames, labels)} ${count}`,
  ];
}

const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  const pairs = names.map(
    (name, place) => `${name}="${(values[place] ?? '').replace(/[\\"\n]/g, (sign) => ESCAPED[sign]!)}"`,
  );
  return `{${pairs.join(',')}}`;
}
