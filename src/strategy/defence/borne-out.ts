// What of an answer the others bear out: a sentence none of whose words the request or any other answer uses speaks of something else, in whatever words, language or code.

const NOTE = '[left out: nothing else here speaks of it]';
const SEAM = /(?<=[.!?…]["')\]]?\s)|(?<=[。！？\n])/;
const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]{1,2}|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}])[\p{L}\p{N}])+/gu;
/** Sentences with fewer words say too little to be told apart; shorter words are everybody's. */
const LEAST_WORDS = 3;
const LEAST_LETTERS = 4;
/** Endings don't count. */
const STEM = 6;
/** In short answers one sentence is much of what they say, and who says much that nobody else says has simply another view. */
const LEAST_PIECES = 10;
const MOST_SHARE = 0.2;

const wordsOf = (text: string): readonly string[] => text.normalize('NFKC').toLowerCase().match(WORDS) ?? [];
const stemsOf = (text: string): readonly string[] =>
  wordsOf(text)
    .filter((word) => word.length >= LEAST_LETTERS || /\d/.test(word) || (word.length === 2 && word > '\u3040'))
    .map((word) => word.slice(0, STEM));

/** The answers in order, each without the few sentences that neither the request nor another answer shares a word with. */
export function sharedOnly(answers: readonly string[], request: string): readonly string[] {
  const said = answers.map((answer) => new Set(stemsOf(answer)));
  const asked = new Set(stemsOf(request));
  return answers.map((answer, own) => {
    const pieces = answer.split(SEAM);
    if (pieces.length < LEAST_PIECES || answers.length < 2) return answer;
    const isLone = (piece: string): boolean =>
      wordsOf(piece).filter((word) => word.length > 1).length >= LEAST_WORDS &&
      !stemsOf(piece).some((stem) => asked.has(stem) || said.some((other, at) => at !== own && other.has(stem)));
    const lone = pieces.map(isLone);
    const share = lone.filter(Boolean).length / pieces.length;
    if (share === 0 || share > MOST_SHARE) return answer;
    return pieces.map((piece, at) => (lone[at]! ? `${NOTE}${piece.endsWith('\n') ? '\n' : ' '}` : piece)).join('');
  });
}
