// JSON's values as bytes: one byte says what follows, small numbers are that byte.
//
//   00 null · 01 false · 02 true · 03 eight bytes of a double · 04, 05 a whole number and a negative one · 06 thousandths, 07 ten-thousandths
//   08 text: length, UTF-8 · 09 text that is no proper Unicode: length, UTF-16 · 0a word: number · 0b list: length, values
//   0c object: three bytes of the number of its names, values · 0d object with names: count, then each name and value · 80-ff 0 to 127
// Lengths and whole numbers take seven bits a byte, the lowest first.

export const TAG = {
  nothing: 0x00,
  no: 0x01,
  yes: 0x02,
  double: 0x03,
  whole: 0x04,
  negative: 0x05,
  thousandths: 0x06,
  tenThousandths: 0x07,
  text: 0x08,
  wide: 0x09,
  word: 0x0a,
  list: 0x0b,
  shape: 0x0c,
  named: 0x0d,
} as const;

const SMALL = 0x80;
/** Longer texts are handed to the engine. */
const SHORT = 48;
const AT_FIRST = 16 * 1024;
const LONE_SURROGATE = /\p{Surrogate}/u;

interface ByteWriter {
  begin(): void;
  /** A copy of what was written. */
  end(): Uint8Array;
  tag(tag: number): void;
  number(value: number): void;
  text(value: string): void;
  word(id: number): void;
  counted(tag: number, count: number): void;
  /** Its values follow. */
  shape(id: number): void;
}

/** One buffer for all that is written, one after the other. */
export function createByteWriter(): ByteWriter {
  let bytes = Buffer.allocUnsafeSlow(AT_FIRST);
  let at = 0;

  const room = (more: number): void => {
    if (at + more <= bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, at + more));
    bytes.copy(larger, 0, 0, at);
    bytes = larger;
  };

  /** Room for ten bytes is there. */
  const whole = (value: number): void => {
    let rest = value;
    while (rest >= 0x80) {
      bytes[at++] = (rest % 0x80) | 0x80;
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    bytes[at++] = rest;
  };

  const counted = (tag: number, count: number): void => {
    room(12);
    bytes[at++] = tag;
    whole(count);
  };

  /** Whether it was plain ASCII; else nothing is written. */
  const short = (value: string): boolean => {
    const { length } = value;
    room(length + 2);
    for (let nth = 0; nth < length; nth += 1) {
      const code = value.charCodeAt(nth);
      if (code > 0x7f) return false;
      bytes[at + 2 + nth] = code;
    }
    bytes[at] = TAG.text;
    bytes[at + 1] = length;
    at += length + 2;
    return true;
  };

  return {
    begin() {
      at = 0;
    },
    end: () => Buffer.from(bytes.subarray(0, at)),
    tag(tag) {
      room(1);
      bytes[at++] = tag;
    },
    number(value) {
      room(12);
      if (Number.isSafeInteger(value)) {
        if (value >= 0 && value < 0x80) bytes[at++] = SMALL | value;
        else {
          bytes[at++] = value < 0 ? TAG.negative : TAG.whole;
          whole(Math.abs(value));
        }
        return;
      }
      if (!Number.isFinite(value)) {
        bytes[at++] = TAG.nothing;
        return;
      }
      const places = value > 0 && value < 1e8 ? placesOf(value) : 0;
      if (places > 0) {
        bytes[at++] = places === 1_000 ? TAG.thousandths : TAG.tenThousandths;
        whole(Math.round(value * places));
        return;
      }
      bytes[at++] = TAG.double;
      at = bytes.writeDoubleLE(value, at);
    },
    text(value) {
      if (value.length <= SHORT && short(value)) return;
      if (!LONE_SURROGATE.test(value)) {
        const length = Buffer.byteLength(value);
        counted(TAG.text, length);
        room(length);
        at += bytes.write(value, at);
      } else {
        counted(TAG.wide, value.length * 2);
        room(value.length * 2);
        at += bytes.write(value, at, 'utf16le');
      }
    },
    word: (id) => counted(TAG.word, id),
    counted,
    shape(id) {
      room(4);
      bytes[at] = TAG.shape;
      bytes.writeUIntLE(id, at + 1, 3);
      at += 4;
    },
  };
}

/** How many parts of one it is a whole number of, so that dividing gives it back exactly; 0: neither. */
function placesOf(value: number): number {
  if (Math.round(value * 1_000) / 1_000 === value) return 1_000;
  return Math.round(value * 10_000) / 10_000 === value ? 10_000 : 0;
}

/** `textOf`, `namesOf`: what stands in the table under a number. Throws `RangeError` for what was never written so. */
export function createByteReader(
  textOf: (id: number) => string,
  namesOf: (id: number) => readonly string[],
): (packed: Uint8Array) => unknown {
  let bytes: Buffer = Buffer.alloc(0);
  let at = 0;

  const whole = (): number => {
    let [value, unit] = [0, 1];
    for (;;) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
  };
  const text = (encoding: BufferEncoding): string => {
    const length = whole();
    at += length;
    return bytes.toString(encoding, at - length, at);
  };
  const list = (): unknown[] => Array.from({ length: whole() }, read);
  const shape = (): unknown => {
    const id = bytes.readUIntLE(at, 3);
    at += 3;
    return Object.fromEntries(namesOf(id).map((name) => [name, read()]));
  };

  function read(): unknown {
    const tag = bytes.readUInt8(at++);
    if (tag >= SMALL) return tag & 0x7f;
    switch (tag) {
      case TAG.nothing:
        return null;
      case TAG.no:
        return false;
      case TAG.yes:
        return true;
      case TAG.double:
        at += 8;
        return bytes.readDoubleLE(at - 8);
      case TAG.whole:
        return whole();
      case TAG.negative:
        return -whole();
      case TAG.thousandths:
        return whole() / 1_000;
      case TAG.tenThousandths:
        return whole() / 10_000;
      case TAG.text:
        return text('utf8');
      case TAG.wide:
        return text('utf16le');
      case TAG.word:
        return textOf(whole());
      case TAG.list:
        return list();
      case TAG.shape:
        return shape();
      case TAG.named:
        return Object.fromEntries(Array.from({ length: whole() }, () => [read(), read()]));
      default:
        throw new RangeError(`no packed value begins with ${tag}`);
    }
  }

  return (packed) => {
    bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
    at = 0;
    return read();
  };
}
