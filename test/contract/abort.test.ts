// Aborts: whoever listens is told once, and what holds of an `AbortSignal` holds here.
import { describe, expect, it } from 'vitest';
import { Abort, anyAbort, type AbortWatch } from '../../src/contract/index.ts';

const watching = (watch: AbortWatch): { told: number; readonly listener: () => void } => {
  const seen = { told: 0, listener: () => void (seen.told += 1) };
  watch.addEventListener('abort', seen.listener, { once: true });
  return seen;
};

describe('Abort', () => {
  it('tells each listener once, functions and objects, and keeps the first reason', () => {
    const abort = new Abort();
    const reason = new Error('enough');
    const all = [watching(abort), watching(abort), watching(abort)];
    let handled = 0;
    abort.addEventListener('abort', { handleEvent: () => void (handled += 1) });
    abort.addEventListener('abort', all[1]!.listener);
    abort.abort(reason);
    abort.abort(new Error('again'));
    expect([...all.map(({ told }) => told), handled]).toEqual([1, 1, 1, 1]);
    expect([abort.aborted, abort.reason]).toEqual([true, reason]);
  });

  it('tells nobody who has left, in whatever order they left', () => {
    const abort = new Abort();
    const all = Array.from({ length: 5 }, () => watching(abort));
    for (const nth of [0, 3, 4]) abort.removeEventListener('abort', all[nth]!.listener);
    abort.abort();
    expect(all.map(({ told }) => told)).toEqual([0, 1, 1, 0, 0]);
  });

  it('without a reason has the usual one', () => {
    const abort = new Abort();
    expect(abort.reason).toBeUndefined();
    abort.abort();
    expect(abort.reason).toMatchObject({ name: 'AbortError' });
  });

  it('any of several ends with the first, native ones too, and with one that is over already', () => {
    const [one, native] = [new Abort(), new AbortController()];
    const any = anyAbort(one, native.signal);
    const seen = watching(any);
    native.abort('gone');
    one.abort('late');
    expect([any.aborted, any.reason, seen.told]).toEqual([true, 'gone', 1]);
    expect(anyAbort(new Abort(), one)).toMatchObject({ aborted: true, reason: 'late' });
  });
});
