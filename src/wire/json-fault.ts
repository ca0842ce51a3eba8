// Where a text stops being JSON. V8 tells the position for some errors only; this runs when it has already refused.

const SPACE = /[ \t\n\r]*/y;
const ATOM = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Index of the first character that can't be there; the text's length when it ends too early. Linear, no recursion. */
export function jsonFaultAt(text: string): number {
  const open: ('{' | '[')[] = [];
  let at = skip(SPACE, text, 0);
  let wants: 'value' | 'value or end' | 'key' | 'key or end' | 'separator' = 'value';
  for (;;) {
    const found = text[at];
    if (found === undefined) return text.length;
    if (wants === 'separator') {
      const inside = open.at(-1);
      if (inside === undefined) return at;
      if (found === ',') wants = inside === '{' ? 'key' : 'value';
      else if (found === closing(inside)) open.pop();
      else return at;
      at++;
    } else if (wants === 'key' || wants === 'key or end') {
      if (found === '}' && wants === 'key or end') {
        open.pop();
        wants = 'separator';
        at++;
      } else {
        const end = found === '"' ? stringEnd(text, at) : { fault: at };
        if ('fault' in end) return end.fault;
        at = skip(SPACE, text, end.at);
        if (text[at] !== ':') return at;
        at++;
        wants = 'value';
      }
    } else if (found === '{' || found === '[') {
      open.push(found);
      wants = found === '{' ? 'key or end' : 'value or end';
      at++;
    } else if (found === ']' && wants === 'value or end') {
      open.pop();
      wants = 'separator';
      at++;
    } else {
      const end = found === '"' ? stringEnd(text, at) : atomEnd(text, at);
      if ('fault' in end) return end.fault;
      at = end.at;
      wants = 'separator';
    }
    at = skip(SPACE, text, at);
  }
}

type End = { readonly at: number } | { readonly fault: number };

function closing(open: '{' | '['): string {
  return open === '{' ? '}' : ']';
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function atomEnd(text: string, at: number): End {
  const end = skip(ATOM, text, at);
  return end === at ? { fault: at } : { at: end };
}

function stringEnd(text: string, start: number): End {
  for (let at = start + 1; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return { at: at + 1 };
    if (code < 0x20) return { fault: at };
    if (code !== 0x5c) at++;
    else {
      const next = skip(ESCAPE, text, at);
      if (next === at) return { fault: at };
      at = next;
    }
  }
  return { fault: text.length };
}
