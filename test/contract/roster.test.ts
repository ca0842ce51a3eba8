// A table of things that come and go holds exactly those that are there, and nothing of those that left.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Roster } from '../../src/contract/index.ts';

const steps = fc.array(
  fc.record({
    verb: fc.constantFrom('set', 'delete', 'get', 'clear'),
    name: fc.constantFrom('a', 'b', '1', '__proto__', 'constructor', 'req_1'),
  }),
);

test('Π a roster answers as a Map does, whatever the names', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const [map, roster] = [new Map<string, number>(), new Roster<number>()];
      for (const [at, { verb, name }] of given.entries()) {
        for (const one of [map, roster]) {
          if (verb === 'set') one.set(name, at);
          else if (verb === 'delete') one.delete(name);
          else if (verb === 'clear') one.clear();
        }
        expect(roster.get(name)).toBe(map.get(name));
        expect(roster.size).toBe(map.size);
        expect(new Set(roster.values())).toEqual(new Set(map.values()));
      }
    }),
  );
});
