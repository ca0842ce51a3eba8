// How experiments are written on the command line.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { QuorumError } from '../contract/index.ts';

interface Values {
  readonly arm?: readonly string[] | undefined;
  readonly file?: string | undefined;
  readonly description?: string | undefined;
  readonly control?: string | undefined;
  readonly sticky?: string | undefined;
  readonly share?: string | undefined;
  readonly ramp?: string | undefined;
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly filter?: readonly string[] | undefined;
  readonly layer?: string | undefined;
  readonly metric?: string | undefined;
  readonly 'min-effect'?: string | undefined;
  readonly shadow?: boolean | undefined;
  readonly stopped?: boolean | undefined;
}

const wrong = (message: string): never => {
  throw new QuorumError('invalid_value', message);
};

/** What the config file would have under the experiment's name. */
export function inputOf(values: Values): Readonly<Record<string, unknown>> {
  const written = values.file === undefined ? {} : fileOf(values.file);
  const { description, control, sticky, ramp, start, end, layer, metric, shadow, stopped } = values;
  const plain = { description, control, sticky, ramp, start, end, layer, metric, shadow };
  return {
    ...written,
    ...Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)),
    ...(values.arm !== undefined && { arms: Object.fromEntries(values.arm.map(armOf)) }),
    ...(values.share !== undefined && { share: shareOf(values.share) }),
    ...(values['min-effect'] !== undefined && { min_effect: numberOf(values['min-effect'], '--min-effect') }),
    ...(values.filter !== undefined && { filter: filterOf(values.filter) }),
    ...(stopped === true && { running: false }),
  };
}

function fileOf(file: string): Readonly<Record<string, unknown>> {
  const read: unknown = yamlOf(file);
  return typeof read === 'object' && read !== null && !Array.isArray(read)
    ? (read as Readonly<Record<string, unknown>>)
    : wrong(`--file: ${file} holds no experiment, such as "arms: { one: {}, two: { strategy: dual } }".`);
}

function yamlOf(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    return wrong(`--file: ${file} can't be read: ${(thrown as Error).message}`);
  }
}

/** `two:strategy=dual,weight=2,models=a+b`. */
function armOf(text: string): [string, Readonly<Record<string, unknown>>] {
  const at = text.indexOf(':');
  const name = at < 0 ? text : text.slice(0, at);
  const pairs =
    at < 0
      ? []
      : text
          .slice(at + 1)
          .split(',')
          .filter((pair) => pair !== '');
  return [name, Object.fromEntries(pairs.map(settingOf))];
}

const NUMBERS: ReadonlySet<string> = new Set(['weight', 'min_quality', 'review_below']);

function settingOf(pair: string): [string, unknown] {
  const at = pair.indexOf('=');
  if (at < 1) return wrong(`--arm: "${pair}" is not like strategy=dual.`);
  const [name, value] = [pair.slice(0, at).replaceAll('-', '_'), pair.slice(at + 1)];
  if (name === 'models') return [name, value.split('+')];
  if (value === 'true' || value === 'false') return [name, value === 'true'];
  return [name, NUMBERS.has(name) ? numberOf(value, `--arm ${name}`) : value];
}

function filterOf(filters: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    filters.map((text) => {
      const [name = '', list = ''] = text.split('=');
      return [name, list.split('+')];
    }),
  );
}

/** `0.25` or `25%`. */
export function shareOf(text: string): number {
  const [, amount, sign] = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim()) ?? [];
  const share = Number(amount) / (sign === '%' ? 100 : 1);
  return amount !== undefined && share >= 0 && share <= 1 ? share : wrong(`"${text}" is no share such as 0.25 or 25%.`);
}

function numberOf(text: string, name: string): number {
  const number = Number(text);
  return text !== '' && Number.isFinite(number) ? number : wrong(`${name}: "${text}" is no number.`);
}
