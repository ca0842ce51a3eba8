// What any store must do, whatever it is made of.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EvidenceSum, RequestFilter, RequestRecord, Store } from '../../src/contract/index.ts';
import { type SimulatedClock, simulatedClock } from '../support/simulated-clock.ts';
import { attemptOf, recordOf } from './fixtures.ts';

const HALF_LIFE_MS = 1_000;

export const decay = (sum: EvidenceSum, at: number): EvidenceSum => {
  const factor = 0.5 ** ((at - sum.at) / HALF_LIFE_MS);
  return { ...sum, good: sum.good * factor, total: sum.total * factor, at };
};

/** `open` twice gives two stores on the same data. Decay halves every `HALF_LIFE_MS`. */
export function storeSuite(name: string, open: (clock: SimulatedClock) => Promise<Store>): void {
  describe(name, () => {
    let clock: SimulatedClock;
    let store: Store;
    let other: Store;
    beforeEach(async () => {
      clock = simulatedClock();
      store = await open(clock);
      other = await open(clock);
    });
    afterEach(async () => {
      await store.close();
      await other.close();
    });
    const ids = (rows: readonly RequestRecord[]): string[] => rows.map((row) => row.id);
    const listed = async (filter: RequestFilter): Promise<string[]> =>
      ids((await store.requests.list(filter, 10, null)).rows);
    const sum = (more: Partial<EvidenceSum>): EvidenceSum => ({
      tenant: 'acme',
      task: 'math',
      model: 'a',
      good: 1,
      total: 1,
      at: clock.now(),
      ...more,
    });

    it('a record is readable at once, and the same when written', async () => {
      const record = recordOf('r1', { tags: ['ünï', 'a\nb'], session: '\u0000\ud800' });
      store.requests.append(record);
      expect(await store.requests.find('r1', 'acme')).toEqual(record);
      expect(await listed({})).toEqual(['r1']);
      await store.requests.flush();
      expect(await store.requests.find('r1', 'acme')).toEqual(record);
      expect(await listed({})).toEqual(['r1']);
      expect(await other.requests.find('r1', null)).toEqual(record);
    });

    it('is written by itself after a moment, or at once when many wait', async () => {
      store.requests.append(recordOf('r1'));
      expect(await other.requests.find('r1', null)).toBeNull();
      await clock.advance(100);
      expect(await other.requests.find('r1', null)).not.toBeNull();
      for (let index = 0; index < 300; index += 1) store.requests.append(recordOf(`many${index}`));
      expect(await other.requests.find('many0', null)).not.toBeNull();
    });

    it("another tenant's id is as unknown as an unknown one", async () => {
      store.requests.append(recordOf('r1'));
      for (const moment of ['waiting', 'written']) {
        expect(await store.requests.find('r1', 'globex'), moment).toBeNull();
        expect(await store.requests.find('r2', 'acme'), moment).toBeNull();
        expect(await store.requests.find('r1', null), moment).not.toBeNull();
        await store.requests.flush();
      }
    });

    it('two tenants may bear the same id', async () => {
      store.requests.append(recordOf('r1'));
      store.requests.append(recordOf('r1', { tenant: 'globex' }));
      await store.requests.flush();
      expect((await store.requests.find('r1', 'acme'))?.tenant).toBe('acme');
      expect((await store.requests.find('r1', 'globex'))?.tenant).toBe('globex');
    });

    it('lists newest first, page by page, each once, written or waiting', async () => {
      const all: string[] = [];
      for (let index = 0; index < 25; index += 1) {
        const id = `r${String(index).padStart(2, '0')}`;
        all.unshift(id);
        store.requests.append(recordOf(id, { at: clock.now() + Math.floor(index / 3) }));
        if (index === 11) await store.requests.flush();
      }
      const seen: string[] = [];
      let cursor: string | null = null;
      for (let pages = 0; pages < 10; pages += 1) {
        const page: Awaited<ReturnType<Store['requests']['list']>> = await store.requests.list({}, 7, cursor);
        seen.push(...ids(page.rows));
        cursor = page.cursor;
        store.requests.append(recordOf(`late${pages}`, { at: clock.now() + 1_000 }));
        if (cursor === null) break;
      }
      expect(seen).toEqual(all);
    });

    it('a page that is just full has no next one; a strange cursor is refused', async () => {
      store.requests.append(recordOf('r1'));
      store.requests.append(recordOf('r2'));
      expect(await store.requests.list({}, 2, null)).toMatchObject({
        rows: [{ id: 'r2' }, { id: 'r1' }],
        cursor: null,
      });
      await expect(store.requests.list({}, 1, 'no cursor')).rejects.toMatchObject({ code: 'invalid_value' });
    });

    it('filters', async () => {
      const now = clock.now();
      store.requests.append(recordOf('plain', { at: now - 5_000 }));
      store.requests.append(recordOf('code', { task: 'code', at: now + 1 }));
      store.requests.append(recordOf('disputed', { flags: ['disputed', 'tie'], tenant: 'globex', at: now + 2 }));
      store.requests.append(recordOf('failed', { status: 502, models: [], attempts: [attemptOf('ab')], at: now + 3 }));
      for (const moment of ['waiting', 'written']) {
        expect(await listed({ tenant: 'globex' }), moment).toEqual(['disputed']);
        expect(await listed({ task: 'code' }), moment).toEqual(['code']);
        expect(await listed({ flag: 'tie' }), moment).toEqual(['disputed']);
        expect(await listed({ flag: 'disp' }), moment).toEqual([]);
        expect(await listed({ model: 'ab' }), moment).toEqual(['failed']);
        expect(await listed({ model: 'a', since: now }), moment).toEqual(['disputed', 'code']);
        expect(await listed({ status: 502 }), moment).toEqual(['failed']);
        expect(await listed({ tenant: 'acme', task: 'code', status: 502 }), moment).toEqual([]);
        await store.requests.flush();
      }
    });

    it('an odd record holds nobody up', async () => {
      store.requests.append(recordOf('odd', { cost: Number.NaN as never, at: Number.NaN, status: 200.5 }));
      store.requests.append(recordOf('fine'));
      await store.requests.flush();
      expect(await other.requests.find('fine', null)).not.toBeNull();
    });

    it('evidence is readable at once, and adds up over processes', async () => {
      store.evidence.add([sum({ good: 1, total: 2 }), sum({ good: 0, total: 1 })]);
      expect(await store.evidence.load()).toEqual([sum({ good: 1, total: 3 })]);
      other.evidence.add([sum({ good: 1, total: 1 }), sum({ model: 'b' })]);
      await store.evidence.flush();
      await other.evidence.flush();
      const both = [...(await store.evidence.load())].sort((a, b) => a.model.localeCompare(b.model));
      expect(both).toEqual([sum({ good: 2, total: 4 }), sum({ model: 'b' })]);
    });

    it('what others changed is told once, as it is now and with what waits here; one’s own is not', async () => {
      store.evidence.add([sum({}), sum({ model: 'b' })]);
      await store.evidence.flush();
      await store.evidence.load();
      expect(store.evidence.news()).toEqual([]);
      expect(other.evidence.news()).toHaveLength(2);
      expect(other.evidence.news()).toEqual([]);

      other.evidence.add([sum({ good: 0, total: 2 })]);
      store.evidence.add([sum({}), sum({ model: 'c' })]);
      expect(store.evidence.news()).toEqual([]);
      await other.evidence.flush();
      expect(store.evidence.news()).toEqual([sum({ good: 2, total: 4 })]);
      await store.evidence.flush();
      expect(store.evidence.news()).toEqual([]);
      const heard = [...other.evidence.news()].sort((a, b) => a.model.localeCompare(b.model));
      expect(heard).toEqual([sum({ good: 2, total: 4 }), sum({ model: 'c' })]);
    });

    it('evidence decays to the later moment, in whatever order it comes', async () => {
      const first = sum({ good: 4, total: 8 });
      const later = sum({ good: 1, total: 1, at: clock.now() + HALF_LIFE_MS });
      const expected = [{ ...later, good: 3, total: 5 }];
      store.evidence.add([first]);
      await store.evidence.flush();
      store.evidence.add([later]);
      expect(await store.evidence.load()).toEqual(expected);
      await store.evidence.flush();
      expect(await store.evidence.load()).toEqual(expected);

      store.evidence.add([{ ...later, tenant: 'globex' }]);
      await store.evidence.flush();
      store.evidence.add([{ ...first, tenant: 'globex' }]);
      await store.evidence.flush();
      const found = (await other.evidence.load()).find((row) => row.tenant === 'globex');
      expect(found).toEqual({ ...expected[0], tenant: 'globex' });
    });

    it('what is no number is no evidence', async () => {
      store.evidence.add([sum({ good: Number.NaN }), sum({ at: Number.POSITIVE_INFINITY })]);
      await store.evidence.flush();
      expect(await store.evidence.load()).toEqual([]);
    });

    it('closing writes what waits', async () => {
      const third = await open(clock);
      third.requests.append(recordOf('last'));
      third.evidence.add([sum({})]);
      await third.close();
      expect(await store.requests.find('last', null)).not.toBeNull();
      expect(await store.evidence.load()).toHaveLength(1);
    });
  });
}
