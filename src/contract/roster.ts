// Things by name that come and go with every request.

/**
 * What a `Map` does here, without its price: whenever a `Map` is rehashed or cleared, V8 links the table it gives up to the next one. As soon
 * as one of them has grown old in memory, all that come after it, with what they held, live until the next full collection.
 */
export class Roster<Member> {
  #members: Record<string, Member | undefined> = Object.create(null) as Record<string, undefined>;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(name: string): Member | undefined {
    return this.#members[name];
  }

  set(name: string, member: Member): void {
    if (this.#members[name] === undefined) this.#size += 1;
    this.#members[name] = member;
  }

  delete(name: string): void {
    if (this.#members[name] === undefined) return;
    delete this.#members[name];
    this.#size -= 1;
  }

  clear(): void {
    this.#members = Object.create(null) as Record<string, undefined>;
    this.#size = 0;
  }

  /** As they are now. */
  values(): readonly Member[] {
    return Object.values(this.#members) as Member[];
  }
}
