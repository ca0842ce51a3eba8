// A request that a dialect cannot say: refused here, in the words that an OpenAI server would use.
import { Fault } from '../fault.ts';

/** Ends the call as the upstream's own 400 would: nothing is sent, and no other model is tried. */
export function rejection(message: string, param: string): Fault {
  const error = { message, type: 'invalid_request_error', param, code: 'unsupported_value' };
  return new Fault('rejected', message, { status: 400, body: Buffer.from(JSON.stringify({ error })) });
}
