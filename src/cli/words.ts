// The words after a verb that has verbs of its own, read as strictly as commander reads the others', and refused in the same words.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { nearest, QuorumError } from '../contract/index.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

interface Verb<Its extends Options> {
  readonly name: string;
  readonly options: Its;
  /** Words that aren't options: the verb of its own, whose, how much. */
  readonly mostWords: number;
}

/** Throws `invalid_value`, in a sentence. */
export function readWords<const Its extends Options>(verb: Verb<Its>, args: readonly string[]) {
  const given = { args: [...args], options: verb.options, allowPositionals: true } as const;
  const { tokens } = parseArgs({ ...given, strict: false, tokens: true });
  let words = 0;
  for (const token of tokens) {
    if (token.kind === 'option') checkOption(verb, token);
    else if (token.kind === 'positional' && ++words > verb.mostWords)
      throw misused(verb, `too many words: "${token.value.slice(0, 80)}"`);
  }
  return parseArgs(given);
}

interface Given {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkOption(verb: Verb<Options>, { name, rawName, value, inlineValue }: Given): void {
  const option = Object.hasOwn(verb.options, name) ? verb.options[name] : undefined;
  if (option === undefined) {
    const near = nearest(name, Object.keys(verb.options));
    throw misused(
      verb,
      `unknown option '${rawName.slice(0, 80)}'${near === null ? '' : `\n(Did you mean --${near}?)`}`,
    );
  }
  if (option.type === 'boolean' && value !== undefined) throw misused(verb, `option '${rawName}' takes no value`);
  if (option.type === 'string' && (value === undefined || (inlineValue === false && /^-./.test(value))))
    throw misused(verb, `option '${rawName} <value>' argument missing (one that begins with a dash: ${rawName}=-…)`);
}

const misused = ({ name }: Verb<Options>, what: string): QuorumError =>
  new QuorumError('invalid_value', `error: ${what}\n(quorum ${name} --help tells what there is)`);

/** 0 or what the work says; 1 where it is refused, in a sentence. Anything else that it throws is a defect, and shows. */
export async function orSentence(write: (text: string) => void, work: () => number | Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof QuorumError)) throw thrown;
    write(`${thrown.message}\n`);
    return 1;
  }
}
