// The text of a virtual key: `sk-quorum-`, forty random characters, six that check them.
import { createHash, timingSafeEqual } from 'node:crypto';

const PREFIX = 'sk-quorum-';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 238 bits. */
const RANDOM_CHARACTERS = 40;
const CHECK_CHARACTERS = 6;
/** Bytes from here on would make the first characters of the alphabet likelier. */
const FAIR_BELOW = 256 - (256 % ALPHABET.length);

/** `randomBytes(n)` gives n unpredictable bytes. */
export function mintKey(randomBytes: (size: number) => Uint8Array): string {
  let random = '';
  while (random.length < RANDOM_CHARACTERS) {
    for (const byte of randomBytes(RANDOM_CHARACTERS)) {
      if (byte < FAIR_BELOW && random.length < RANDOM_CHARACTERS) random += ALPHABET[byte % ALPHABET.length];
    }
  }
  return `${PREFIX}${random}${checkOf(random)}`;
}

/** SHA-256, hex: what is kept of a key. */
export const hashKey = (key: string): string => createHash('sha256').update(key).digest('hex');

/** `foreign`: made elsewhere. `mistyped`: ours by its looks, but a character is wrong, missing or too many. */
export function shapeOf(key: string): 'whole' | 'mistyped' | 'foreign' {
  if (!key.startsWith(PREFIX)) return 'foreign';
  const body = key.slice(PREFIX.length);
  const right = body.length === RANDOM_CHARACTERS + CHECK_CHARACTERS && /^[0-9A-Za-z]+$/.test(body);
  return right && checkOf(body.slice(0, RANDOM_CHARACTERS)) === body.slice(RANDOM_CHARACTERS) ? 'whole' : 'mistyped';
}

/** Enough to recognise a key by, too little to use it. */
export const displayOf = (key: string): string => `${key.slice(0, PREFIX.length + 4)}…${key.slice(-4)}`;

/** Takes as long whatever is different. */
export function sameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function checkOf(random: string): string {
  const digest = createHash('sha256').update(`${PREFIX}${random}`).digest();
  return [...digest.subarray(0, CHECK_CHARACTERS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
