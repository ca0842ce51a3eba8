// When an answer is one: it ends as it should, and it says something.

/** Values of `finish_reason`. */
export const ENDS_WELL: ReadonlySet<string> = new Set(['stop', 'tool_calls', 'function_call']);

/** Whether there is anything in a message, or in a piece of one, besides its role. */
export const saysSomething = (message: object): boolean =>
  Object.entries(message).some(([field, value]) => field !== 'role' && isSomething(value));

const isSomething = (value: unknown): boolean =>
  value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
