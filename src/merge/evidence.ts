// What speaks for a tool's argument besides who gave it: the tool's schema and the words of the request.
import type { Json } from './json.ts';
import type { Panel } from './panel.ts';
import type { Tool } from './request.ts';

export interface Evidence {
  /** Multiplies the weight of those who give this value. */
  value(name: string, value: Json): number;
  /** Multiplies the weight of those who give an optional argument at all, against those who leave it out. */
  given(name: string, value: Json): number;
}

const MISFIT = 0.3;

export function evidenceFor(panel: Panel, tool: Tool | undefined): Evidence {
  const known = tool !== undefined && Object.keys(tool.properties).length > 0;
  return {
    value(name, value) {
      const property = tool?.properties[name];
      if (property === undefined) return known ? MISFIT : 1;
      return panel.schemas.of(property, 'tool_schema').check(value).length === 0 ? 1 : MISFIT;
    },
    given() {
      return 1;
    },
  };
}
