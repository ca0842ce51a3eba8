// How the models are: who is left alone for a while, who may be tried, and what everybody may know of it.
import type { Random } from '../contract/index.ts';
import { Breaker, type CallEnd, type Ejections, type Tally } from './breaker.ts';

/** A call as the breaker sees it. */
interface Ask {
  /** Another model can answer instead. */
  readonly replaceable: boolean;
  /** It takes the place of one that failed. */
  readonly standIn: boolean;
}

export interface ModelHealth {
  readonly model: string;
  readonly provider: string;
  readonly state: 'closed' | 'open' | 'half_open';
  readonly failuresInRow: number;
  /** In the last 15 to 30 seconds. */
  readonly calls: number;
  readonly failures: number;
  /** Milliseconds since the epoch. */
  readonly ejectedUntil: number | null;
  /** Of its usual calls, 0-1; below 1 for a while after it came back. */
  readonly share: number;
}

/** Names a model and where it is. A model that moved to another address starts well. */
export interface Whom {
  readonly model: string;
  readonly provider: string;
  readonly address: string;
}

export interface Health {
  /** Why the call is not to be made; null: make it, and tell `ended`. */
  admit(whom: Whom, ask: Ask): string | null;
  /** Whether it may be called again after a failure: one that fails all the time is, by few calls only. */
  mayRetry(whom: Whom): boolean;
  ended(whom: Whom, end: CallEnd, startedAt: number): void;
  /** Who is left out at the moment and why, drawn anew for each request; null: nobody. */
  ailing(): ReadonlyMap<string, string> | null;
  snapshot(): readonly ModelHealth[];
}

interface HealthOptions {
  readonly now: () => number;
  readonly random: Random;
  /** How many models can be called; at most half of them are ejected. */
  readonly poolSize: () => number;
  readonly ejection?: Ejections;
}

/** Fewer calls than this say nothing about a rate. */
const ENOUGH_CALLS = 20;
const HIGH_RATE = 0.3;
/** As often as its peers. */
const TIMES_PEERS = 3;

/** Whether it fails far more often than the others do. */
export function isOutlier(own: Tally, peers: Tally): boolean {
  if (own.calls < ENOUGH_CALLS || peers.calls < ENOUGH_CALLS) return false;
  const rate = own.failures / own.calls;
  return rate >= HIGH_RATE && rate > (TIMES_PEERS * peers.failures) / peers.calls;
}

/**
 * Hops to a model that is failing too, and calls to it that may be retried: one for each twenty calls, and one in two
 * seconds, so that an outage of everything isn't doubled by everybody trying everywhere.
 */
const HOPS_PER_CALL = 0.05;
const HOPS_PER_MS = 1 / 2_000;
const MOST_HOPS = 5;

interface Patient {
  readonly whom: Whom;
  readonly breaker: Breaker;
}

export function createHealth({ now, random, poolSize, ejection }: HealthOptions): Health {
  const patients = new Map<string, Patient>();
  /** Ejected, half-open or still coming back. */
  const watched = new Set<Patient>();
  let hops = MOST_HOPS;
  let hopsAt = now();

  function patientOf(whom: Whom): Patient {
    const known = patients.get(whom.model);
    if (known !== undefined && known.whom.address === whom.address && known.whom.provider === whom.provider)
      return known;
    if (known !== undefined) watched.delete(known);
    const patient = { whom, breaker: new Breaker(ejection) };
    patients.set(whom.model, patient);
    return patient;
  }

  function mayHop(): boolean {
    const at = now();
    hops = Math.min(MOST_HOPS, hops + (at - hopsAt) * HOPS_PER_MS);
    hopsAt = at;
    if (hops < 1) return false;
    hops--;
    return true;
  }

  const peersOf = (patient: Patient, at: number): Tally => {
    let [calls, failures] = [0, 0];
    for (const each of patients.values()) {
      if (each === patient) continue;
      const tally = each.breaker.tally(at);
      calls += tally.calls;
      failures += tally.failures;
    }
    return { calls, failures };
  };

  function ejectIfMany(patient: Patient, isDue: boolean, at: number): void {
    if (!isDue && !isOutlier(patient.breaker.tally(at), peersOf(patient, at))) return;
    let out = 0;
    for (const each of watched) if (each.breaker.isOpen) out++;
    if (out + 1 > Math.floor(poolSize() / 2)) return;
    patient.breaker.eject(at);
    watched.add(patient);
  }

  const untilOf = (breaker: Breaker): string => new Date(breaker.ejectedUntil!).toISOString();

  return {
    admit(whom, { replaceable, standIn }) {
      const { breaker } = patientOf(whom);
      hops = Math.min(MOST_HOPS, hops + HOPS_PER_CALL);
      if (breaker.failuresInRow === 0 && !breaker.isOpen) return null;
      const at = now();
      if (breaker.isProbeFree(at)) {
        breaker.claimProbe(at);
        return null;
      }
      if (breaker.isOpen && replaceable) return `is left alone until ${untilOf(breaker)}, since its last calls failed`;
      if (breaker.isSick && standIn && !mayHop()) return "isn't tried: its last calls failed as well";
      return null;
    },
    mayRetry: (whom) => !patientOf(whom).breaker.isSick || mayHop(),
    ended(whom, end, startedAt) {
      const patient = patientOf(whom);
      const at = now();
      const isDue = patient.breaker.ended(end, startedAt, at);
      if (end === 'bad' && !patient.breaker.isOpen) ejectIfMany(patient, isDue, at);
    },
    ailing() {
      if (watched.size === 0) return null;
      const at = now();
      const out = new Map<string, string>();
      for (const patient of watched) {
        const { breaker, whom } = patient;
        const share = breaker.shareAt(at);
        if (share === 1) {
          if (!breaker.isOpen) watched.delete(patient);
        } else if (share === 0) out.set(whom.model, `ejected until ${untilOf(breaker)}: its last calls failed`);
        else if (random() >= share)
          out.set(whom.model, `coming back: it gets ${Math.round(share * 100)} % of its calls`);
      }
      return out.size === 0 ? null : out;
    },
    snapshot() {
      const at = now();
      return [...patients.values()].map(({ whom, breaker }) => ({
        model: whom.model,
        provider: whom.provider,
        state: breaker.stateAt(at),
        failuresInRow: breaker.failuresInRow,
        ...breaker.tally(at),
        ejectedUntil: breaker.ejectedUntil,
        share: breaker.shareAt(at),
      }));
    },
  };
}
