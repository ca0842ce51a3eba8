// Keeps what looks like a key or a password out of the log, and whatever would forge a line.
import type { Secret } from '../contract/index.ts';

interface Redactor {
  /** The line without what looks like a secret, and without control characters. JSON stays JSON. */
  line(text: string): string;
  /** From now on this value is hidden wherever it stands, whatever it looks like. */
  hide(secret: Secret): void;
}

const MASK = '***';
const LOOKS_SECRET = [
  /\b(?:sk|pk|rk|gsk|xai|hf|ghp|pplx|tgp|nvapi|whsec)[-_][\w-]{8,}/g, // provider keys by their prefixes
  /\bAIza[\w-]{20,}|\bAKIA[0-9A-Z]{12,}/g, // Google, AWS
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, // JSON web tokens
  /(?<=\b(?:bearer|basic)\s{1,8})[\w.~+/=-]{6,}/gi,
  /(?<=[?&](?:key|token|sig|signature)=)[^\s"'\\&]{4,}/gi,
  /(?<=:\/\/[^\s/:@"'\\]{0,64}:)[^\s/@"'\\]+(?=@)/g, // a password in a URL
];
// In a line of JSON an unescaped quote ends a text, and what follows is the line's own structure.
const NAMED_SECRET = {
  json: /(?<=\b(?:api[-_]?key|access[-_]?token|authorization|password|passwd|secret)(?:\\{1,8}"|')?\s{0,8}[:=]\s{0,8}(?:\\{1,8}"|')?)[^\s"'\\,;&}*]{4,}/gi,
  pretty:
    /(?<=\b(?:api[-_]?key|access[-_]?token|authorization|password|passwd|secret)(?:\\{0,8}"|')?\s{0,8}[:=]\s{0,8}(?:\\{0,8}"|')?)[^\s"'\\,;&}*]{4,}/gi,
};
/** One of these stands in every text that could match, so that most lines pay for this search alone. */
const WORTH_A_LOOK =
  /[sprg]k[-_]|xai|hf[-_]|ghp|pplx|tgp|nvapi|whsec|AIza|AKIA|eyJ|bearer|basic|key|token|authorization|passw|secret|[?&]sig|:\/\//i;
// Control characters other than JSON's own escapes, and Unicode's line ends: they forge lines and steer terminals.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export function createRedactor(format: 'json' | 'pretty'): Redactor {
  const looks = [...LOOKS_SECRET, NAMED_SECRET[format]];
  const hidden = new Set<string>();
  let known: RegExp | null = null;

  function line(text: string): string {
    let clean = known === null ? text : text.replace(known, MASK);
    if (WORTH_A_LOOK.test(clean)) for (const look of looks) clean = clean.replace(look, MASK);
    return clean.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }

  return {
    line,
    hide: (secret) => {
      const value = secret.reveal();
      if (value.length < 6) return;
      hidden.add(value).add(JSON.stringify(value).slice(1, -1));
      const longestFirst = [...hidden].sort((a, b) => b.length - a.length);
      known = new RegExp(
        longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)).join('|'),
        'g',
      );
    },
  };
}
