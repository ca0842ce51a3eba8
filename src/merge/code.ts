// Code as what it does, not how it is laid out: comments, spacing and names of locals don't count.
import { fencesOf } from './find.ts';

const MAX_CODE_CHARS = 100_000;

/** The code of an answer: its fenced blocks, longest first, joined where there are several of the same language. */
export function codeOf(
  text: string,
): { readonly language: string; readonly code: string; readonly share: number } | null {
  const fences = fencesOf(text.slice(0, MAX_CODE_CHARS)).filter(
    (fence) => !/^(?:json|text|txt|markdown|md|math|latex)$/.test(fence.language),
  );
  if (fences.length === 0) return null;
  const longest = [...fences].sort((left, right) => right.end - right.start - (left.end - left.start))[0]!;
  const code = text.slice(longest.start, longest.end);
  const fenced = fences.reduce((sum, fence) => sum + fence.end - fence.start, 0);
  return { language: longest.language, code, share: fenced / Math.max(1, text.trim().length) };
}

const HASH_COMMENTS =
  /^(?:py|python|python3|sh|bash|shell|zsh|rb|ruby|yaml|yml|toml|r|perl|pl|elixir|ex|make|makefile|dockerfile|ps1|powershell)$/;
const DASH_COMMENTS = /^(?:sql|lua|hs|haskell|ada)$/;

/** Alternatives that don't overlap, so that reading is linear. */
const STRINGS = [
  String.raw`"""[^]*?(?:"""|$)`,
  String.raw`'''[^]*?(?:'''|$)`,
  String.raw`"(?:\\[^]|[^"\\\n])*"?`,
  String.raw`'(?:\\[^]|[^'\\\n])*'?`,
  '`(?:\\\\[^]|[^`\\\\])*`?',
].join('|');
const REST = String.raw`[\p{L}_$][\p{L}\p{N}_$]*|\d[\w.]*|\n[ \t]*|[^\s\p{L}\p{N}_$]`;

function commentsOf(language: string): string {
  if (HASH_COMMENTS.test(language)) return String.raw`#[^\n]*`;
  return DASH_COMMENTS.test(language)
    ? String.raw`--[^\n]*|\/\*[^]*?(?:\*\/|$)`
    : String.raw`\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)`;
}

/** Strings, names, numbers, operators and line starts, without comments. */
function tokensOf(code: string, language: string): string[] {
  const tokens: string[] = [];
  for (const found of code.matchAll(new RegExp(`(${commentsOf(language)})|${STRINGS}|${REST}`, 'gu'))) {
    if (found[1] === undefined) tokens.push(found[0]);
  }
  return tokens;
}

const guessed = (language: string, code: string): string =>
  language !== ''
    ? language
    : /^\s*(?:def |import \w+$|from \w+ import|class \w+.*:$)/m.test(code)
      ? 'python'
      : language;

/** Names that the code itself binds, in order of first binding. */
function localsOf(tokens: readonly string[]): Map<string, string> {
  const locals = new Map<string, string>();
  const bind = (name: string | undefined): void => {
    if (name !== undefined && /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) && !locals.has(name))
      locals.set(name, `v${locals.size}`);
  };
  tokens.forEach((token, at) => {
    const previous = tokens[at - 1];
    if (token === '=' && tokens[at + 1] !== '=' && tokens[at - 2] !== '.' && !/^[=!<>+\-*/%]$/.test(previous ?? ''))
      bind(previous);
    if (/^(?:let|const|var|for|auto|int|long|double|float)$/.test(token))
      bind(tokens[at + 1] === '(' ? undefined : tokens[at + 1]);
    if (/^(?:def|function|lambda|fn|func)$/.test(token)) parametersOf(tokens, at).forEach(bind);
  });
  return locals;
}

/** Names between the brackets of a definition; defaults and types are skipped. */
function parametersOf(tokens: readonly string[], at: number): string[] {
  const names: string[] = [];
  let open = at + 1;
  while (open < at + 4 && tokens[open] !== '(') open++;
  if (tokens[open] !== '(') return names;
  for (let index = open + 1; index < tokens.length && index < open + 200 && tokens[index] !== ')'; index++) {
    if (tokens[index - 1] === '(' || tokens[index - 1] === ',') names.push(tokens[index]!);
  }
  return names;
}

/** Text that is equal for code that differs in layout, comments and names of locals only. Linear. */
export function normaliseCode(code: string, language: string): string {
  const text = code
    .slice(0, MAX_CODE_CHARS)
    .replace(/\r/g, '')
    .replace(/[ \t]+$/gm, '');
  const known = guessed(language, text);
  const tokens = tokensOf(text, known);
  const locals = localsOf(tokens.filter((token) => !token.startsWith('\n')));
  const python = known.startsWith('py');
  return layout(tokens, python)
    .map((token, at, all) => (all[at - 1] === '.' ? token : (locals.get(token) ?? quoted(token))))
    .join(' ');
}

/** Indentation counts where it is syntax: as depth, whatever its width. */
function layout(tokens: readonly string[], python: boolean): string[] {
  if (!python) return tokens.filter((token) => !token.startsWith('\n') && token !== ';');
  const out: string[] = [];
  const widths = [0];
  for (const [at, token] of tokens.entries()) {
    if (!token.startsWith('\n')) {
      out.push(token);
      continue;
    }
    const next = tokens[at + 1];
    if (next === undefined || next.startsWith('\n')) continue;
    const width = token.replace(/\t/g, '    ').length - 1;
    while (width < widths.at(-1)!) widths.pop();
    if (width > widths.at(-1)!) widths.push(width);
    if (out.length > 0) out.push(`¶${widths.length - 1}`);
  }
  return out;
}

const quoted = (token: string): string => (/^'(?:[^'"\\\n])*'$/.test(token) ? `"${token.slice(1, -1)}"` : token);
const PAIRS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Brackets and quotes pair up: the cheapest sign of code that is whole. */
export function isBalanced(code: string, language: string): boolean {
  const open: string[] = [];
  for (const token of tokensOf(code.slice(0, MAX_CODE_CHARS), guessed(language, code))) {
    if (token === '(' || token === '[' || token === '{') open.push(token);
    else if (token in PAIRS && open.pop() !== PAIRS[token]) return false;
  }
  return open.length === 0;
}
