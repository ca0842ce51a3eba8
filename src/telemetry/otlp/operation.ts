// What the conventions for generative AI call what an endpoint does; where they have no word, the endpoint's own.

const OPERATIONS: Readonly<Record<string, string>> = {
  chat: 'chat',
  responses: 'chat',
  completions: 'text_completion',
  images: 'generate_content',
  audio: 'generate_content',
  videos: 'generate_content',
};

export function operationOf(endpoint: string): string {
  const family = endpoint.split('/', 3)[2] ?? '';
  return OPERATIONS[family] ?? family;
}
