// The end of something before its time. What `AbortController` does, at a tenth of its cost: each request and each call has one.

/** What is asked of an `AbortSignal`; one of those will do. */
export interface AbortWatch {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: AbortListener, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/** An object costs nothing to make where there is one already. */
type AbortListener = (() => void) | { handleEvent(): void };

export class Abort implements AbortWatch {
  aborted = false;
  #reason: unknown = undefined;
  /** As a rule there is one. */
  #first: AbortListener | null = null;
  #others: AbortListener[] | null = null;

  get reason(): unknown {
    if (this.aborted) this.#reason ??= new DOMException('This operation was aborted', 'AbortError');
    return this.#reason;
  }

  /** Idempotent: the first reason stays. */
  abort(reason?: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.#reason = reason;
    const [first, others] = [this.#first, this.#others];
    this.#first = this.#others = null;
    if (first !== null) tell(first);
    for (const each of others ?? []) tell(each);
  }

  /** Nobody is told twice, and of what is past nobody is told: look at `aborted` first. */
  addEventListener(_: 'abort', listener: AbortListener): void {
    if (this.aborted) return;
    if (this.#first === null) this.#first = listener;
    else if (this.#first !== listener && this.#others?.includes(listener) !== true)
      (this.#others ??= []).push(listener);
  }

  removeEventListener(_: 'abort', listener: AbortListener): void {
    if (this.#first === listener) this.#first = this.#others?.pop() ?? null;
    else if (this.#others !== null) this.#others = this.#others.filter((each) => each !== listener);
  }
}

function tell(listener: AbortListener): void {
  if (typeof listener === 'function') listener();
  else listener.handleEvent();
}

/** Aborts with the first of them.. */
export function anyAbort(...watched: readonly AbortWatch[]): AbortWatch {
  const any = new Abort();
  for (const each of watched) {
    if (each.aborted) {
      any.abort(each.reason);
      break;
    }
    each.addEventListener('abort', () => any.abort(each.reason), { once: true });
  }
  return any;
}
