// LiteLLM's provider prefixes, and what Quorum calls instead.

export type Kind =
  /** A provider of Quorum's catalog. */
  | { readonly how: 'catalog'; readonly name: string }
  /** Speaks OpenAI's API at this address, or at the one that the file gives; null: it must give one. */
  | {
      readonly how: 'compatible';
      readonly name: string;
      readonly base: string | null;
      readonly key: string | null;
      /** Put behind the file's `api_base` unless it is there. */
      readonly suffix?: string;
    }
  | { readonly how: 'azure' }
  | { readonly how: 'none'; readonly reason: string };

const CATALOG: Readonly<Record<string, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  gemini: 'gemini',
  openrouter: 'openrouter',
  deepseek: 'deepseek',
  dashscope: 'dashscope',
  volcengine: 'ark',
  groq: 'groq',
  mistral: 'mistral',
  together_ai: 'together',
  xai: 'xai',
  fireworks_ai: 'fireworks',
  cerebras: 'cerebras',
};

/** prefix → [address, key’s variable]; without an address the file has to give one. */
const COMPATIBLE: Readonly<Record<string, readonly [string | null, string | null, string?]>> = {
  ollama: ['http://127.0.0.1:11434/v1', null, '/v1'],
  ollama_chat: ['http://127.0.0.1:11434/v1', null, '/v1'],
  lm_studio: ['http://127.0.0.1:1234/v1', 'LM_STUDIO_API_KEY'],
  llamafile: ['http://127.0.0.1:8080/v1', null],
  hosted_vllm: [null, 'HOSTED_VLLM_API_KEY'],
  vllm: [null, null],
  xinference: [null, null],
  custom_openai: [null, null],
  openai_like: [null, 'OPENAI_LIKE_API_KEY'],
  litellm_proxy: [null, 'LITELLM_PROXY_API_KEY'],
  databricks: [null, 'DATABRICKS_API_KEY'],
  perplexity: ['https://api.perplexity.ai', 'PERPLEXITYAI_API_KEY'],
  deepinfra: ['https://api.deepinfra.com/v1/openai', 'DEEPINFRA_API_KEY'],
  nvidia_nim: ['https://integrate.api.nvidia.com/v1', 'NVIDIA_NIM_API_KEY'],
  sambanova: ['https://api.sambanova.ai/v1', 'SAMBANOVA_API_KEY'],
  moonshot: ['https://api.moonshot.ai/v1', 'MOONSHOT_API_KEY'],
  hyperbolic: ['https://api.hyperbolic.xyz/v1', 'HYPERBOLIC_API_KEY'],
  vercel_ai_gateway: ['https://ai-gateway.vercel.sh/v1', 'VERCEL_AI_GATEWAY_API_KEY'],
  zai: ['https://api.z.ai/api/paas/v4', 'ZAI_API_KEY'],
};

const OTHER_PROTOCOL: Readonly<Record<string, string>> = {
  bedrock: 'Amazon Bedrock signs its requests (SigV4)',
  bedrock_converse: 'Amazon Bedrock signs its requests (SigV4)',
  sagemaker: 'SageMaker signs its requests (SigV4)',
  sagemaker_chat: 'SageMaker signs its requests (SigV4)',
  vertex_ai: 'Vertex AI wants Google’s short-lived tokens; gemini/ with an API key would do',
  vertex_ai_beta: 'Vertex AI wants Google’s short-lived tokens; gemini/ with an API key would do',
  azure_ai: 'Azure AI’s endpoints differ by model; give it as openai/ with its OpenAI-compatible api_base',
  'text-completion-openai': 'it is asked through /v1/completions, not chat',
};

/** `named`: what stands before the first slash; null: nothing does. */
export function kindOf(named: string | null, hasBase: boolean): Kind {
  const prefix = named ?? 'openai';
  if (prefix === 'azure') return { how: 'azure' };
  const catalog = CATALOG[prefix];
  if (catalog !== undefined && !(prefix === 'openai' && hasBase)) return { how: 'catalog', name: catalog };
  const [base, key, suffix] = COMPATIBLE[prefix] ?? (prefix === 'openai' ? [null, 'OPENAI_API_KEY'] : []);
  if (base !== undefined) {
    if (base === null && !hasBase) return { how: 'none', reason: `${prefix}/ needs an api_base` };
    return { how: 'compatible', name: prefix, base, key: key ?? null, ...(suffix !== undefined && { suffix }) };
  }
  const why = OTHER_PROTOCOL[prefix] ?? 'Quorum knows no address of it that speaks OpenAI’s API';
  return { how: 'none', reason: `the provider "${prefix}" isn’t carried over: ${why}` };
}

/** A prefix LiteLLM knows; else the whole text is OpenAI's model. */
export const isPrefix = (text: string): boolean =>
  text === 'azure' || [CATALOG, COMPATIBLE, OTHER_PROTOCOL].some((table) => Object.hasOwn(table, text));
