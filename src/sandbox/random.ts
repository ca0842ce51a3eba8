// Chance that depends on what is asked, never on when: every draw is a hash of its own name.

/** 32 bits: FNV-1a over the UTF-16 units, finished as in MurmurHash3 so that near names land far apart. */
export function hashOf(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ Math.imul(seed | 0, 0x9e3779b1)) | 0;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** 64 bits in hexadecimal, for keys and ids. */
export function digestOf(text: string, seed = 0): string {
  const half = (salt: number): string => hashOf(text, salt).toString(16).padStart(8, '0');
  return half(seed) + half(seed ^ 0x5bd1e995);
}

export interface Dice {
  /** Uniform in [0, 1); the same for the same name. */
  unit(name: string): number;
  /** One of `items`, which must not be empty. */
  pick<Item>(name: string, items: readonly Item[]): Item;
}

export function createDice(seed: number, ...names: readonly string[]): Dice {
  const key = digestOf(JSON.stringify(names), seed);
  const unit = (name: string): number => hashOf(`${key}/${name}`, seed) / 2 ** 32;
  return { unit, pick: (name, items) => items[Math.floor(unit(name) * items.length)]! };
}
