// What a piece of text could be read as: look-alikes folded, invisible characters dropped, encodings undone.

const SPELLED: Readonly<Record<string, string>> = {
  // Cyrillic, Greek, small capitals, upside-down letters.
  а: 'a', е: 'e', о: 'o', р: 'p', с: 'c', у: 'y', х: 'x', і: 'i', ѕ: 's', ј: 'j', ԁ: 'd', һ: 'h', к: 'k', м: 'm', т: 't', ո: 'n', ԛ: 'q', ԝ: 'w', ɡ: 'g', ҡ: 'k',
  ο: 'o', α: 'a', ι: 'i', ν: 'v', ρ: 'p', κ: 'k', τ: 't', υ: 'u', χ: 'x', ε: 'e',
  ᴀ: 'a', ʙ: 'b', ᴄ: 'c', ᴅ: 'd', ᴇ: 'e', ꜰ: 'f', ɢ: 'g', ʜ: 'h', ɪ: 'i', ᴊ: 'j', ᴋ: 'k', ʟ: 'l', ᴍ: 'm', ɴ: 'n', ᴏ: 'o', ᴘ: 'p', ʀ: 'r', ꜱ: 's', ᴛ: 't', ᴜ: 'u', ᴠ: 'v', ᴡ: 'w', ʏ: 'y', ᴢ: 'z',
  ɐ: 'a', ɔ: 'c', ǝ: 'e', ɟ: 'f', ƃ: 'g', ɥ: 'h', ᴉ: 'i', ı: 'i', ʞ: 'k', ɯ: 'm', ɹ: 'r', ʇ: 't', ʌ: 'v', ʍ: 'w', ʎ: 'y',
}; // prettier-ignore
const LOOKALIKES = new RegExp(`[${Object.keys(SPELLED).join('')}]`, 'gu');
/** Letters in boxes, circles and flags, which Unicode itself doesn't fold. */
const BOXED = /[\u{1F150}-\u{1F169}\u{1F170}-\u{1F189}\u{1F1E6}-\u{1F1FF}]/gu;
const INVISIBLE = /[\p{Cf}\p{Mn}\u115f\u1160\u2800\u3164\uffa0]/gu;

const unboxed = (letter: string): string => {
  const code = letter.codePointAt(0)!;
  return String.fromCharCode(97 + code - (code >= 0x1f1e6 ? 0x1f1e6 : code >= 0x1f170 ? 0x1f170 : 0x1f150));
};

/** Lower case without accents, emphasis, look-alikes and what can't be seen. The lexicon goes through it too. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(INVISIBLE, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(BOXED, unboxed)
    .replace(LOOKALIKES, (letter) => SPELLED[letter]!)
    .replace(/[*_`~]/g, '')
    .replace(/[’‘]/g, "'")
    .replace(/\s+/g, ' ');
}

const DIGIT_LETTERS: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'i',
  3: 'e',
  4: 'a',
  5: 's',
  7: 't',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'i',
};
const leetless = (text: string): string =>
  text.replace(/[\w@$!|]{2,40}/g, (word) =>
    /[a-z]/.test(word) ? word.replace(/[013457@$!|]/g, (sign) => DIGIT_LETTERS[sign]!) : word,
  );

const rot13 = (text: string): string =>
  text.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 84) % 26) + 97));

const ENTITY = /&#(x[0-9a-f]{1,6}|\d{1,7});/gi;
const ESCAPE = /\\u\{?([0-9a-f]{4,6})\}?|\\x([0-9a-f]{2})|%([0-9a-f]{2})/gi;
const character = (code: number): string => (code > 0 && code < 0x110000 ? String.fromCodePoint(code) : '');

function unescaped(text: string): string {
  return text
    .replace(ENTITY, (_, code: string) =>
      character(/^x/i.test(code) ? Number.parseInt(code.slice(1), 16) : Number(code)),
    )
    .replace(ESCAPE, (_, ...codes: (string | undefined)[]) =>
      character(
        Number.parseInt(
          codes.slice(0, 3).find((code) => code !== undefined)!,
          16,
        ),
      ),
    );
}

/** Text hidden in base64, hexadecimal or binary; empty where there is none. */
function decoded(text: string): string {
  const found: string[] = [];
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{12,2000}/g))
    found.push(Buffer.from(run, 'base64').toString('utf8'));
  for (const [run] of text.matchAll(/(?:[0-9a-f]{2}[ :,]?){8,600}/gi))
    found.push(Buffer.from(run.replace(/[ :,]/g, ''), 'hex').toString('utf8'));
  for (const [run] of text.matchAll(/(?:[01]{8} ?){8,300}/g))
    found.push(
      run
        .match(/[01]{8}/g)!
        .map((byte) => String.fromCharCode(Number.parseInt(byte, 2)))
        .join(''),
    );
  return found.filter((each) => /^[^\p{Cc}\ufffd]{6,}$/u.test(each.trim())).join(' ');
}

/** Letters set apart one by one (`r a n k`, `r.a.n.k`), put together again. */
const SPACED = /(?<![\p{L}])(?:\p{L}[ .\-·•|,/]{1,3}){4,400}\p{L}(?![\p{L}])/gu;
const joined = (text: string): string =>
  text.replace(SPACED, (run) =>
    run
      .replace(/[ .\-·•|,/]{2,3}/g, '\n')
      .replace(/[ .\-·•|,/]/g, '')
      .replaceAll('\n', ' '),
  );
/** Put together without knowing where words end: they are set off again. */
const apart = (text: string): string =>
  text.replace(
    /(rank|rate|score|first|best|judges?|ignore|previous|instructions?|this|answer|response|me|top|highest|winner|all|as)/g,
    ' $1 ',
  );

/** Written upside down, read from the end. */
const FLIPPED = /(?:[^]{0,8}[ɐǝɟɥɯɹʇʌʍʎʞ]){4}/;
const TURNED: Readonly<Record<string, string>> = { u: 'n', n: 'u', b: 'q', q: 'b', d: 'p', p: 'd' };
const upright = (text: string): string => fold(text.replace(/[unbqdp]/g, (letter) => TURNED[letter]!));

const TELLTALE =
  /(?<![a-z])(?:rank|first|answer|judge|ignore|instructions?|response|best|previous|chairman|highest)(?![a-z])/;

/** Every reading that is worth checking, the plain one first. */
export function readingsOf(text: string): readonly string[] {
  const plain = fold(text);
  const readings = new Set([plain]);
  if (/[0-9@$!|]/.test(plain)) readings.add(leetless(plain));
  if (text.includes('<')) readings.add(fold(text.replace(/<[a-z/!][^<>]{0,80}>/gi, '')));
  if (/[&\\%]/.test(text)) readings.add(fold(unescaped(text)));
  const hidden = decoded(text);
  if (hidden !== '') readings.add(fold(hidden));
  const together = joined(plain);
  if (together !== plain) for (const each of [together, apart(together)]) readings.add(each);
  if (FLIPPED.test(text)) readings.add(Array.from(upright(text)).reverse().join(''));
  for (const turned of [Array.from(plain).reverse().join(''), rot13(plain)])
    if (TELLTALE.test(turned)) readings.add(turned);
  return [...readings];
}
