// Whitespace and rules of characters that carry nothing.
const CODE_LIKE = /[{};]\s*$|^\s*(?:def|class|return|import|from|const|let|var|function|if|for|while)\b.*[:;({]\s*$/;

/** The margin that comes from an indented string in somebody's program: every line has it, but perhaps the first that isn't empty. */
export function withoutMargin(text: string): string {
  if (/^[^\S\n]*(?:```|~~~)|<pre/m.test(text)) return text;
  const lines = text.split('\n');
  const second = lines.findIndex((line) => line.trim() !== '') + 1;
  const [head, rest] = [lines.slice(0, second), lines.slice(second)];
  const full = rest.filter((line) => line.trim() !== '');
  if (full.length < 3 || full.some((line) => CODE_LIKE.test(line))) return text;
  const margins = full.map((line) => /^[ \t]*/.exec(line)![0]);
  const shared = margins.reduce((short, one) => {
    let length = 0;
    while (length < short.length && short[length] === one[length]) length += 1;
    return short.slice(0, length);
  });
  if (shared.length < 2) return text;
  const level = (line: string): string => (line.startsWith(shared) ? line.slice(shared.length) : line);
  return [...head.map(level), ...rest.map((line) => (line.trim() === '' ? '' : level(line)))].join('\n');
}

/** Runs of spaces, ends of lines, empty lines, drawn rules. Indentation stays: lists are nested by it. */
export function withoutGaps(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/([=*_#~-])\1{3,}/g, '$1$1$1')
    .replace(/([!?])\1+/g, '$1')
    .split('\n')
    .map((line) => line.replace(/(\S)[ \t\u00A0]{2,}(?=\S)/g, '$1 ').trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\n+$/g, '');
}
