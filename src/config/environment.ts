// The environment that the program runs in: the process's, and what a `.env` file where it was started says of the rest.
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Environment } from './substitute.ts';

/** What is set in the process wins. No file, or one that can't be read, is none. */
export function environment(): Environment {
  return { ...fileIn('.env'), ...process.env };
}

function fileIn(path: string): Environment {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}
