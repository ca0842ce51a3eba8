// Where the files lie that come with the program.
import { existsSync } from 'node:fs';

/** One above this file in the bundle, two above it in a folder of its own. */
const ROOT = new URL(existsSync(new URL('../package.json', import.meta.url)) ? '../' : '../../', import.meta.url);

/** `path` from the package's root on. */
export const shipped = (path: string): URL => new URL(path, ROOT);
