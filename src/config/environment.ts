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
    return parseEnv(textIn(readFileSync(path)));
  } catch {
    return {};
  }
}

/** Windows' own tools begin a file with a mark, and write UTF-16: the first variable would have another name, or none would be there. */
function textIn(bytes: Buffer): string {
  const isWide = bytes[0] === 0xff && bytes[1] === 0xfe;
  return bytes.toString(isWide ? 'utf16le' : 'utf8').replace(/^\uFEFF/, '');
}
