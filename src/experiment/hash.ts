// A number in [0, 1) from a name and a unit: the same on every machine, after every restart.
import { hash } from 'node:crypto';

const BITS_48 = 2 ** 48;

/** 48 bits of SHA-256: two salts draw independently, and no unit can be told from its number. */
export const fraction = (salt: string, unit: string): number =>
  Number.parseInt(hash('sha256', `${salt}\0${unit}`, 'hex').slice(0, 12), 16) / BITS_48;

/** What a record keeps of a unit. */
export const pseudonym = (experiment: string, unit: string): string =>
  hash('sha256', `unit:${experiment}\0${unit}`, 'hex').slice(0, 12);
