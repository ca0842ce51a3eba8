// Checks an experiment that the administration sends: its form, and whether what it names is there.
import {
  EXPERIMENT_NAME,
  experimentSchema,
  nearest,
  QuorumError,
  type ExperimentInput,
  type ExperimentRow,
  type Settings,
} from '../../contract/index.ts';

const wrong = (param: string, what: string): QuorumError =>
  new QuorumError('invalid_value', `Invalid value for '${param}': ${what}.`, { param });

export const taken = (name: string): QuorumError => wrong('name', `there is already an experiment "${name}"`);

/** Throws `invalid_value`, naming the field. */
export function rowOf(name: string, input: unknown): ExperimentInput {
  if (!EXPERIMENT_NAME.test(name)) throw wrong('name', 'expected 1 to 64 letters, digits, "_", "-" and "."');
  const result = experimentSchema.safeParse(input);
  if (result.success) return input as ExperimentInput;
  const issue = result.error.issues[0]!;
  if (issue.code !== 'unrecognized_keys') throw wrong(issue.path.join('.') || 'body', `expected ${issue.message}`);
  const [key = ''] = issue.keys;
  const near = nearest(key, Object.keys(experimentSchema.shape));
  const hint = near === null || issue.path.length > 0 ? '' : ` Did you mean "${near}"?`;
  throw new QuorumError('invalid_value', `There is no field "${key}" here.${hint}`, {
    param: [...issue.path, key].join('.'),
  });
}

export function checkRow(row: ExperimentRow, settings: Settings): void {
  const among = (known: ReadonlyMap<string, unknown>, what: string, name: string | undefined, path: string): void => {
    if (name === undefined || known.has(name)) return;
    const near = nearest(name, known.keys());
    throw wrong(path, `there is no ${what} "${name}"${near === null ? '' : `; did you mean "${near}"?`}`);
  };
  const arms = new Map(Object.entries(row.arms));
  among(arms, 'arm', row.control, 'control');
  for (const task of row.filter.task ?? []) among(settings.tasks, 'task', task, 'filter.task');
  for (const [name, arm] of arms) {
    const path = `arms.${name}`;
    if (!EXPERIMENT_NAME.test(name)) throw wrong(path, 'an arm’s name has 1 to 64 letters, digits, "_", "-" and "."');
    among(settings.tiers, 'tier', arm.tier, `${path}.tier`);
    among(settings.models, 'model', arm.chairman, `${path}.chairman`);
    for (const model of arm.models ?? []) among(settings.models, 'model', model, `${path}.models`);
  }
  if (Object.values(row.arms).every(({ weight }) => weight === 0))
    throw wrong('arms', 'one arm at least needs a weight');
}
