// What a failed connection means: from an error of the network to a fault.
import type { Provider } from '../contract/index.ts';
import { abortedFault, Fault } from './fault.ts';

type NetworkError = Error & { readonly code?: string };

/** A certificate that doesn't hold won't hold at the next try. */
const TLS = /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;
const RESET = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
/** undici's parser; it gives these no code. */
const isUnreadable = (error: NetworkError): boolean =>
  error.code === 'UND_ERR_HEADERS_OVERFLOW' || (error.name === 'HTTPParserError' && !error.message.includes('EOF'));
const CLOSED = new Set(['UND_ERR_DESTROYED', 'UND_ERR_CLOSED']);

/** Only codes that say something go into the text; undici's own are of no use to a reader. */
const inBrackets = (error: NetworkError): string =>
  error.code === undefined || error.code.startsWith('UND_') ? '' : ` (${error.code})`;

/** No connection came about. */
export function notSent(provider: Provider, error: NetworkError): Fault {
  const code = error.code ?? '';
  if (CLOSED.has(code)) return abortedFault(error);
  if (code === 'ERR_ORIGIN_NOT_ALLOWED') {
    return new Fault('refused', `${provider.name} is at an address that isn't configured`).unsent();
  }
  if (code === 'UND_ERR_INVALID_ARG') {
    return new Fault('refused', `${provider.name} can't be called: check its key, headers and base URL`);
  }
  return new Fault('unreachable', `${provider.name} can't be reached${inBrackets(error)}`, {
    cause: error,
    retryable: !TLS.test(code),
  }).unsent();
}

/** The request was sent, and nothing came back. */
export function unreachable(provider: Provider, error: NetworkError, reusedSocket: boolean): Fault {
  const code = error.code ?? '';
  if (CLOSED.has(code)) return abortedFault(error);
  if (isUnreadable(error)) return unreadable(provider, error);
  return new Fault('unreachable', `${provider.name} closed the connection without an answer${inBrackets(error)}`, {
    cause: error,
    retryable: true,
    staleSocket: reusedSocket && RESET.has(code),
  });
}

/** Part of the answer came. */
export function brokenOff(provider: Provider, error: NetworkError): Fault {
  const code = error.code ?? '';
  if (CLOSED.has(code)) return abortedFault(error);
  if (isUnreadable(error)) return unreadable(provider, error);
  return new Fault('unreachable', `${provider.name} broke off in the middle of its answer${inBrackets(error)}`, {
    cause: error,
  });
}

const unreadable = (provider: Provider, error: NetworkError): Fault =>
  // Without the cause: undici's parser error carries a piece of the answer.
  new Fault('malformed', `${provider.name} doesn't speak HTTP as it should${inBrackets(error)}`);
