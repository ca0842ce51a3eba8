// What becomes of each config beside this file: parts of the new one, paths that are listed, words of its notes.

interface Expected {
  readonly config: Readonly<Record<string, unknown>>;
  readonly left: readonly string[];
  readonly notes?: readonly RegExp[];
}

const single = { strategy: 'single', explore: 0 };

export const EXPECTED: Readonly<Record<string, Expected>> = {
  '01-quick-start': {
    config: {
      models: { 'gpt-4o': { provider: 'openai' } },
      tiers: { imported: ['gpt-4o'] },
      default_tier: 'imported',
      routing: single,
      cache: false,
    },
    left: [],
  },
  '02-literal-keys': {
    config: {
      server: { admin_key: '${QUORUM_ADMIN_KEY}' },
      models: { smart: { upstream_model: 'gpt-4.1', price: { input: 2 } }, careful: { provider: 'anthropic' } },
    },
    left: [],
    notes: [/master_key opens/],
  },
  '03-load-balanced': {
    config: {
      tiers: { 'zephyr-beta': ['zephyr-beta-1', 'zephyr-beta-2'] },
      aliases: { 'zephyr-beta': 'quorum/zephyr-beta' },
      timeouts: { total: '30s' },
    },
    left: [
      'model_list[0].litellm_params.api_base',
      'model_list[1].litellm_params.rpm',
      'model_list[2].litellm_params.weight',
      'router_settings.routing_strategy',
    ],
  },
  '04-azure': {
    config: {
      providers: {
        'azure-my-endpoint-europe': {
          base_url: 'https://my-endpoint-europe.openai.azure.com/openai/v1',
          api_key: '${AZURE_API_KEY_EU}',
          auth_header: 'api-key',
        },
      },
      models: { 'gpt-4o-1': { upstream_model: 'gpt-4o-eu', price: { input: 2.5 } } },
    },
    left: ['model_list[0].litellm_params.api_version'],
    notes: [/version-free/],
  },
  '05-fallbacks': {
    config: {
      tiers: { 'gpt-4.1': ['gpt-4.1', 'claude', 'long'], claude: ['claude', 'long'] },
      providers: { openai: { max_retries: 3 } },
    },
    left: [
      'litellm_settings.content_policy_fallbacks[0].claude[0]',
      'litellm_settings.allowed_fails',
      'litellm_settings.context_window_fallbacks[1].gpt-4.1[1]',
    ],
  },
  '06-fallbacks-in-a-circle': {
    config: {
      tiers: { one: ['one', 'two'], two: ['two', 'one'] },
      aliases: { 'gpt-3.5-turbo': 'one', 'secret-name': 'two' },
    },
    left: ['router_settings.model_group_alias.dangling', 'router_settings.retry_policy.TimeoutErrorRetries'],
    notes: [/fall back on each other/],
  },
  '07-redis-cache': {
    config: { cache: { enabled: true, ttl: '600s' } },
    left: ['litellm_settings.cache_params.namespace', 'litellm_settings.cache_params.host'],
    notes: [/never shares answers between keys/],
  },
  '08-semantic-cache': {
    config: {
      cache: false,
      models: { embedder: { upstream_model: 'text-embedding-3-small' } },
      tiers: { imported: ['fast'] },
    },
    left: ['litellm_settings.cache_params.type', 'litellm_settings.cache_params.similarity_threshold'],
  },
  '09-budgets': {
    config: {
      budgets: [
        { scope: 'global', period: 'month', limit_usd: 100 },
        { scope: 'user', period: 'total', limit_usd: 0.5 },
        { scope: 'user', period: 'month', limit_usd: 10 },
        { scope: 'user', period: 'day', limit_usd: 12 },
      ],
    },
    left: ['litellm_settings.default_internal_user_params.user_role'],
  },
  '10-callbacks': {
    config: { server: { log_level: 'debug' } },
    left: ['litellm_settings.success_callback[0]', 'environment_variables.LANGFUSE_SECRET_KEY'],
    notes: [/\/metrics/, /drop_params/],
  },
  '11-enterprise': {
    config: {
      server: { admin_key: '${LITELLM_MASTER_KEY}' },
      providers: { openai: { headers: { 'OpenAI-Organization': 'org-abc' } } },
      models: { gpt: { timeouts: { first_token: '60s', total: '600s' } } },
      limits: { roles: { global: 200 } },
    },
    left: [
      'general_settings.database_url',
      'guardrails[0].guardrail_name',
      'mcp_servers.github.url',
      'general_settings.pass_through_endpoints[0].headers.Authorization',
    ],
  },
  '12-local-models': {
    config: {
      providers: { ollama: { base_url: 'http://localhost:11434/v1', local: true } },
      models: {
        'vllm-models': { upstream_model: 'facebook/opt-125m', limits: { rpm: 1440 } },
        house: { upstream_model: 'meta-llama/Llama-3.3-70B-Instruct' },
      },
    },
    left: ['model_list[2].model_info.version'],
  },
  '13-wildcards': {
    config: { providers: { anthropic: { api_key: '${CLAUDE_KEY}' } } },
    left: [],
    notes: [/every model of openai/, /every model of anthropic/],
  },
  '14-other-protocols': {
    config: { models: { ok: { provider: 'together' } } },
    left: [
      'model_list[0].litellm_params.model',
      'model_list[1].litellm_params.vertex_project',
      'router_settings.fallbacks[1].vertex[0]',
    ],
  },
  '15-custom-prices': {
    config: {
      models: {
        ours: {
          price: { input: 0.2, output: 0.6 },
          context: 32768,
          max_output: 4096,
          capabilities: ['json_object', 'json_schema', 'streaming', 'n', 'vision'],
        },
      },
    },
    left: ['model_list[1].model_info.input_cost_per_token', 'model_list[1].model_info.input_cost_per_second'],
  },
  '16-parameters': {
    config: {
      providers: {
        openai: { headers: { 'X-Api-Key': '${X_API_KEY}' } },
        'openai-2': { api_key: '${OPENAI_API_KEY_2}' },
      },
      models: {
        steady: {
          extra_body: { temperature: 0.2, stop: ['\n\n'], secret: '${SECRET}', metadata: { team: 'a $${b}' } },
        },
      },
    },
    left: ['model_list[0].litellm_params.tags[0]', 'model_list[0].litellm_params.mock_response'],
  },
  '17-credentials': {
    config: {
      providers: { 'azure-azure-api-base': { base_url: '${AZURE_API_BASE}/openai/v1' } },
      aliases: { 'gpt-4o': 'gpt-4o-2' },
    },
    left: ['model_list[2].litellm_params.litellm_credential_name'],
  },
  '18-includes': {
    config: {
      models: { 'from-elsewhere': { provider: 'cerebras' } },
      routing: { deadline: '900s' },
      providers: { cerebras: { max_retries: 5 } },
    },
    left: ['include[1]', 'litellm_settings.ssl_verify'],
    notes: [/gone\.yaml can’t be read/],
  },
  '19-routing': {
    config: {
      routing: { prefer: 'speed' },
      tiers: { chat: ['chat-1', 'chat-2'] },
      models: { 'chat-1': { provider: 'groq' } },
      aliases: { single: 'quorum/group-single' },
    },
    left: ['router_settings.enable_tag_filtering', 'router_settings.redis_password'],
  },
  '20-many-kinds': {
    config: {
      providers: { 'openai-embed-example': { also_serves: ['bge-large'] } },
      models: { 'house-embed': { upstream_model: 'bge-m3' } },
      tiers: { imported: ['chat'] },
    },
    left: ['model_list[6].litellm_params.model', 'vector_store_registry[0].vector_store_name'],
  },
  '21-odd-values': {
    config: {
      models: { 'imported-auto': {}, 'name: with, odd} characters #1': {} },
      aliases: { balanced: 'quorum/group-balanced', 'claude-haiku-4-5': 'claude-haiku-4-5-2' },
    },
    left: ['model_list[6]', 'model_list[7].litellm_params.timeout', 'unheard_of.deep.empty', 'litellm_settings'],
    notes: [/auto is a name of Quorum’s own/],
  },
  '22-compatible-hosts': {
    config: {
      providers: {
        perplexity: { base_url: 'https://api.perplexity.ai', max_retries: 0 },
        'openai-openai-api-base': { base_url: '${OPENAI_API_BASE}' },
      },
      models: { di: { provider: 'deepinfra' } },
      routing: { deadline: '600s' },
    },
    left: [],
    notes: [/must speak OpenAI’s API/],
  },
};
