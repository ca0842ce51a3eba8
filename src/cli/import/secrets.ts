// Keys and passwords that stand in the file: the new config gets a variable's name, never the value.
import { asQuorumText, pathText, type Cursor } from './leaves.ts';

export interface Secrets {
  /** `${X}` for `os.environ/X`; for a value that is written out, a variable of that name or one like it. Takes the cursor. */
  keep(cursor: Cursor, name: string): string | null;
  /** By path: the variable that its value must be put into. */
  readonly moved: ReadonlyMap<string, string>;
}

const NAMES_SECRET =
  /(?:^|[_-])(?:api[_-]?key|key|token|secret|password|passwd|credential|auth|authorization|cookie)s?$/i;
const LOOKS_SECRET =
  /^(?:sk|pk|rk|hf|gsk|xai|ghp|glpat|AKIA|AIza|eyJ)[-_]?[\w-]{6,}|^Bearer\s|^Basic\s|:\/\/[^/\s:@]*:[^/\s@]+@/;

export const isSecret = (name: string, value: unknown): boolean =>
  typeof value === 'string' &&
  !value.startsWith('os.environ/') &&
  (NAMES_SECRET.test(name) || LOOKS_SECRET.test(value));

export const variableName = (text: string): string =>
  text
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .replace(/^(?=\d)/, 'X_');

/** `used`: variables that the file itself reads, which mean something else. */
export function createSecrets(used: ReadonlySet<string>): Secrets {
  const byValue = new Map<string, string>();
  const moved = new Map<string, string>();
  const free = (name: string): string => {
    const taken = new Set([...used, ...byValue.values()]);
    for (let count = 1; ; count += 1) {
      const candidate = count === 1 ? name : `${name}_${count}`;
      if (!taken.has(candidate)) return candidate;
    }
  };
  return {
    moved,
    keep(cursor, name) {
      const { value } = cursor;
      if (typeof value !== 'string' && typeof value !== 'number') return null;
      cursor.take();
      const written = String(value);
      if (written === '') return null;
      if (written.trim().startsWith('os.environ/')) return asQuorumText(written);
      const variable = byValue.get(written) ?? free(name);
      byValue.set(written, variable);
      moved.set(pathText(cursor.path), variable);
      return `\${${variable}}`;
    },
  };
}

/** Every variable that the file names as `os.environ/X`. */
export function variablesIn(data: unknown): ReadonlySet<string> {
  return new Set([...JSON.stringify(data).matchAll(/"os\.environ\/([A-Za-z_]\w*)"/g)].map(([, name]) => name!));
}
