// A value that must never be shown. Every way of printing it prints `***`.
import { inspect } from 'node:util';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself; call it only where it goes on the wire. */
  reveal(): string {
    return this.#value;
  }

  /** What somebody else wrote, without it. */
  hideIn(text: string): string {
    const value = this.#value.trim();
    return value === '' ? text : text.replaceAll(value, '***');
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}

/** An address as it may be shown: who and by which word it is entered stays out. */
export function withoutCredentials(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  if (url.username === '' && url.password === '') return address;
  url.username = '***';
  url.password = '';
  return url.href;
}
