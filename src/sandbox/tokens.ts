// Cuts text into pieces about the size of a model's tokens. Joined they are the text again.

const PIECE = / ?\p{L}[\p{L}\p{M}]{0,6}| ?\p{N}{1,3}| ?[^\s\p{L}\p{N}]{1,2}|\s+/gu;
/** Longer texts are counted by their length: four characters to a token. */
const COUNTED_CHARACTERS = 200_000;

export function tokensOf(text: string): string[] {
  return text.match(PIECE) ?? [];
}

export function countTokens(text: string): number {
  if (text.length > COUNTED_CHARACTERS) return Math.ceil(text.length / 4);
  return tokensOf(text).length;
}
