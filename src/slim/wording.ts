// English phrases that say in five words what one says. Each pair means the same; other languages stay as they are.

/** Stands where the next letter must be a capital. */
const CAPITAL = '\uF8FF';
/** Where an instruction can begin. */
const START = String.raw`(?<=^|[.!?:;,]\s|\n\s*|[-*•–]\s|\b(?:and|then|so|but)\s|\uF8FF)`;
const DEGREE = '(?:also |very |extremely |absolutely |critically |really |crucially )*';
const WEIGHTY = '(?:important|essential|crucial|critical|vital|imperative)';
const VERBS =
  '(?:use|return|include|provide|follow|check|read|write|keep|call|answer|cite|respond|list|ask|state|give|mention|explain|verify|validate|preserve|handle|stick|stay|avoid)';

/** Said before an instruction, and worth nothing. */
const PREAMBLES: readonly string[] = [
  '(?:please )?(?:note|remember|keep in mind|be aware|bear in mind|be advised) that (?=\\w)',
  '(?:please )?(?:also )?(?:always )?remember to (?:always )?(?=\\w)',
  `(?:it is|it's) ${DEGREE}(?:${WEIGHTY}|worth noting|worth mentioning)(?: to (?:note|remember|understand|keep in mind))? that (?=\\w)`,
  `(?:it is|it's) ${DEGREE}${WEIGHTY}(?: for you)? to (?=\\w)`,
  `(?:please )?(?:make sure|be sure|ensure|see to it) (?:that )?you (?:always )?(?=${VERBS}\\b)`,
  '(?:please )?(?:always )?(?:make sure|be sure) to (?:always )?(?=\\w)',
  '(?:kindly|please),? (?=\\w)',
  `you (?:must|should|need to) (?:always )?(?=${VERBS}\\b)`,
];

const PHRASES: readonly (readonly [RegExp, string])[] = [
  ...PREAMBLES.map((each) => [new RegExp(START + each, 'gi'), ''] as const),
  [
    /\b(?:you are (?:strictly |absolutely )?required to|you are expected to|you need to make sure to|it is your responsibility to|you should make sure to) /gi,
    'you must ',
  ],
  [/\b(?:in order to|so as to)\b/gi, 'to'],
  [/\bdue to the fact that\b/gi, 'because'],
  [/\b(?:in the event that|if it is the case that|under the condition that)\b/gi, 'if'],
  [/\bfor the purposes? of\b/gi, 'for'],
  [/\b(?:at this point in time|at the present time)\b/gi, 'now'],
  [/\b(?:is able to|has the ability to|are able to|have the ability to)\b/gi, 'can'],
  [/\b(?:with regards? to|with respect to|in regards? to|in relation to|pertaining to)\b/gi, 'about'],
  [/\bprior to\b/gi, 'before'],
  [/\bsubsequent to\b/gi, 'after'],
  [/\beach and every\b/gi, 'every'],
  [/\bany and all\b/gi, 'all'],
  [/\b(?:a large number of|a wide variety of|a wide range of)\b/gi, 'many'],
  [/\bunder no circumstances should you (?:ever )?/gi, 'never '],
  [
    /\byou (?:must|should) (?:never ever|never, ever|never under any circumstances|not under any circumstances|never)\b/gi,
    'never',
  ],
];

/** The same instructions in fewer words; a sentence that lost its beginning begins with a capital again. */
export function tighter(text: string): string {
  return PHRASES.reduce(
    (sofar, [phrase, short]) =>
      sofar.replace(phrase, (found: string) => (/^[A-Z]/.test(found) ? CAPITAL + short : short)),
    text,
  ).replace(/\uF8FF+([\s\S]?)/g, (_, letter: string) => letter.toUpperCase());
}
