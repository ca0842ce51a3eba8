// Checks of an answer that a task declares. They judge every candidate (evidence and weight) and the merged answer.

/** Dotted path into the parsed answer; `[]` steps into every item of a list: `items[].price`. Empty: the answer itself. */
type FieldPath = string;

export type Validator =
  | { readonly kind: 'required'; readonly fields: readonly FieldPath[] }
  | {
      readonly kind: 'type';
      readonly field: FieldPath;
      readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'date';
    }
  | { readonly kind: 'range'; readonly field: FieldPath; readonly min: number | null; readonly max: number | null }
  | { readonly kind: 'length'; readonly field: FieldPath; readonly min: number | null; readonly max: number | null }
  | { readonly kind: 'pattern'; readonly field: FieldPath; readonly pattern: RegExp }
  | { readonly kind: 'enum'; readonly field: FieldPath; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: 'unique'; readonly list: FieldPath; readonly by: readonly string[] }
  | {
      readonly kind: 'compare';
      readonly left: FieldPath;
      readonly op: '<' | '<=' | '=' | '!=' | '>=' | '>';
      readonly right: FieldPath | number;
    }
  | { readonly kind: 'fresh'; readonly field: FieldPath; readonly maxAgeMs: number };

export interface Violation {
  readonly validator: Validator['kind'] | 'schema' | 'json' | 'tool_schema';
  readonly field: FieldPath;
  readonly message: string;
}
