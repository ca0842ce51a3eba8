// `${NAME}` and `${NAME:-default}` in text, from the environment. `$${` is a plain `${`; defaults may hold further ones.

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  readonly value: string;
  /** Every variable that was looked at, outermost first. */
  readonly variables: readonly string[];
  /** Variables that are not set and have no default. */
  readonly missing: readonly string[];
  /** The text was one `${…}` and nothing else: its value may stand for a number or true and false. */
  readonly whole: boolean;
  /** What is wrong with the writing itself. */
  readonly fault: string | null;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

/** null when there is nothing to substitute. */
export function substitute(text: string, environment: Environment): Substituted | null {
  if (!text.includes('${')) return null;
  const variables: string[] = [];
  const missing: string[] = [];
  let fault: string | null = null;
  let value = '';
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf('${', at);
    if (start < 0) break;
    if (text[start - 1] === '$' && start > at) {
      value += `${text.slice(at, start - 1)}\${`;
      at = start + 2;
      continue;
    }
    value += text.slice(at, start);
    const end = closing(text, start + 2);
    const inner = text.slice(start + 2, end);
    const name = NAME.exec(inner)?.[0] ?? '';
    const rest = inner.slice(name.length);
    if (end === text.length || name === '' || (rest !== '' && !rest.startsWith(':-'))) {
      fault ??= `\${${inner}${end === text.length ? '' : '}'}`;
    }
    variables.push(name);
    value += expand(name, rest, environment, variables, missing);
    at = end + 1;
  }
  value += text.slice(at);
  const whole = text.startsWith('${') && closing(text, 2) === text.length - 1;
  return { value, variables, missing, whole, fault };
}

function expand(name: string, rest: string, environment: Environment, variables: string[], missing: string[]): string {
  const found = environment[name];
  if (rest === '') {
    if (found === undefined) missing.push(name);
    return found ?? '';
  }
  if (found !== undefined && found !== '') return found;
  const fallback = rest.slice(2);
  const nested = substitute(fallback, environment);
  if (nested === null) return fallback;
  variables.push(...nested.variables);
  missing.push(...nested.missing);
  return nested.value;
}

/** Index of the brace that closes the one before `from`; the text's length when there is none. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{' && text[at - 1] === '$') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return text.length;
}
