// The program's own values as the API shows them: snake_case keys, money in USD, sets and maps as lists and objects.

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const isMoney = (name: string): boolean => name === 'cost' || name.endsWith('Cost') || name === 'costPerQuery';

export function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown);
  if (value instanceof Set) return [...value].map(shown);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [String(key), shown(each)]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) =>
      isMoney(name) && typeof each === 'number' ? [`${snake(name)}_usd`, each / 1e9] : [snake(name), shown(each)],
    ),
  );
}
