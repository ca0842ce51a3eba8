// The nouns and seams that every room shares. Types, schemas and the error table; no behaviour beyond that.
export * from './accounts.ts';
export * from './answer.ts';
export * from './catalog.ts';
export * from './chat.ts';
export * from './clock.ts';
export * from './duration.ts';
export * from './errors.ts';
export * from './experiment.ts';
export * from './learning.ts';
export * from './money.ts';
export * from './nearest.ts';
export * from './plan.ts';
export * from './ports.ts';
export * from './record.ts';
export * from './secret.ts';
export * from './validator.ts';
