// What keys are called: a name is one living key's in its team, so that whoever says it means that one.
import { QuorumError, type Registry, type VirtualKey } from '../contract/index.ts';

const isAlive = ({ secrets }: Registry, { id }: VirtualKey): boolean => secrets.some(({ keyId }) => keyId === id);

/** By id, else by name; a revoked one only where no living one is called so. null: there is none. Throws `invalid_value` where several are meant. */
export function keyCalled(registry: Registry, word: string, param = 'id'): VirtualKey | null {
  const { keys } = registry;
  const byId = keys.find(({ id }) => id === word);
  if (byId !== undefined) return byId;
  const named = keys.filter(({ name }) => name === word);
  const living = named.filter((key) => isAlive(registry, key));
  if (living.length > 1)
    throw new QuorumError(
      'invalid_value',
      `${living.length} keys are called "${word}", in different teams: say which by its id (${living.map(({ id }) => id).join(', ')}).`,
      { param },
    );
  return living[0] ?? named.at(-1) ?? null;
}

/** Throws `invalid_value` when another living key of the team has the name. */
export function checkNameFree(registry: Registry, { id, name, team }: VirtualKey): void {
  const taken = registry.keys.some(
    (key) => key.id !== id && key.name === name && key.team === team && isAlive(registry, key),
  );
  if (!taken) return;
  throw new QuorumError(
    'invalid_value',
    `There is a key called "${name}" already${team === null ? '' : ` in the team "${team}"`}: choose another name, or rotate or revoke that one.`,
    { param: 'name' },
  );
}
