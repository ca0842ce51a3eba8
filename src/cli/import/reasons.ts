// Why something of LiteLLM's file has no place in Quorum's: by path, the first that matches.

const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /^model_list.*cost_per_(?:token|\w+_token)$|^model_list.*_token_cost$/,
    'a price needs both input_cost_per_token and output_cost_per_token',
  ],
  [
    /^model_list.*\.(?:rpm|tpm|max_parallel_requests|max_budget|budget_duration)$/,
    'only a model that is asked for by its name, alone and without fallbacks, has limits of its own (`limits` of its row); keys and teams have them (`quorum keys create --rpm`), and budgets count keys, teams, users and tags',
  ],
  [
    /^model_list.*\.litellm_params\.weight$/,
    'traffic isn’t dealt out by weight: the most useful model that can take the request gets it',
  ],
  [/^model_list.*\.litellm_params\.(?:max_retries|num_retries)$/, 'retries are counted for a provider: `max_retries`'],
  [/^model_list.*\.litellm_params\.tags\b/, 'no routing by tags'],
  [/^model_list.*\.(?:cooldown_time|allowed_fails\w*)$/, 'what happens to failing models isn’t set in the config'],
  [/^model_list.*\.litellm_params\.(?:api_version|base_model)$/, 'the v1 API of Azure OpenAI needs no version'],
  [
    /^model_list.*\.litellm_params\.(?:aws_\w+|vertex_\w+|azure_ad_token|tenant_id|client_id|client_secret)$/,
    'a way of signing in that Quorum doesn’t have',
  ],
  [/^model_list.*\.litellm_params\.(?:mock_response|mock_\w+)$/, 'for made-up answers there is the sandbox'],
  [
    /^model_list.*\.litellm_params\.(?:roles|initial_prompt_value|final_prompt_value|bos_token|eos_token)\b/,
    'prompt templates are the server’s own business',
  ],
  [/^model_list.*\.litellm_params\.(?:cache_control_injection_points)\b/, 'prompts aren’t given cache marks'],
  [/^model_list.*\.model_info\.id$/, 'Quorum names deployments itself'],
  [
    /^model_list.*\.model_info\.(?:access_groups|team_id|team_public_model_name|supported_environments)\b/,
    'who may use which model is said by a key’s or a team’s grants',
  ],
  [
    /^model_list.*\.model_info\.(?:health_check\w*|disable_background_health_check)$/,
    'models aren’t called to see whether they are well',
  ],
  [/^model_list.*\.model_info\./, 'a note to LiteLLM that changes nothing here'],
  [
    /^(?:litellm|router)_settings\.(?:allowed_fails\w*|cooldown_time|disable_cooldowns)\b/,
    'what happens to failing models isn’t set in the config',
  ],
  [
    /^router_settings\.retry_policy\b/,
    'retries aren’t counted by kind of error; `max_retries` of a provider holds for those worth a retry',
  ],
  [/^router_settings\.retry_after$/, 'the pause between retries isn’t set in the config'],
  [
    /^router_settings\.routing_strategy(?:_args)?\b/,
    'traffic isn’t dealt out over deployments: the most useful model that can take the request gets it',
  ],
  [
    /^(?:litellm|router)_settings\.content_policy_fallbacks\b/,
    'a refusal is an answer here; several models and checks of the answer are the way to notice it',
  ],
  [/^router_settings\.(?:enable_tag_filtering|tag_filtering_match_any)$/, 'no routing by tags'],
  [
    /^(?:litellm_settings\.(?:success_callback|failure_callback|callbacks|service_callbacks|langfuse_default_tags)|callback_settings)\b/,
    'no service is called back: there are /metrics, traces by OTEL_EXPORTER_OTLP_ENDPOINT, request records and the log',
  ],
  [
    /^(?:router_settings|litellm_settings\.cache_params)\.(?:redis_\w+|host|port|url|password|username|ssl\w*)$/,
    'this version shares nothing over Redis: cache and rate limits are kept in the process',
  ],
  [/^litellm_settings\.cache_params\b/, 'the cache is in memory, exact, with ttl, sizes and scope'],
  [/^litellm_settings\.json_logs$/, 'said on the command line: `--json`'],
  [/^litellm_settings\.(?:mcp_aliases|mcp_\w+)\b|^mcp_servers\b|^mcp_tools\b/, 'no MCP gateway'],
  [
    /^litellm_settings\.(?:default_internal_user_params|default_team_settings|upperbound_key_generate_params|default_key_generate_params|key_generation_settings)\b/,
    'keys are made with what they may do: `quorum keys create`, /admin/v1/keys',
  ],
  [/^(?:guardrails|litellm_settings\.guardrails)\b/, 'no guardrails'],
  [/^environment_variables\b/, 'a config doesn’t set variables: set it where Quorum is started'],
  [
    /^general_settings\.(?:database_\w+|store_model_in_db|store_prompts_in_spend_logs|disable_spend_logs|allow_requests_on_db_unavailable|proxy_batch_write_at)$/,
    'LiteLLM’s database stays with LiteLLM; Quorum keeps keys, budgets and records in its own (`storage`)',
  ],
  [/^general_settings\.(?:alerting\w*|alert_\w+|email\w*)\b/, 'no alerts to chat or mail are set in the config'],
  [
    /^general_settings\.(?:enable_jwt_auth|litellm_jwtauth|custom_auth|enable_oauth2\w*|oauth2\w*|ui_\w+|custom_sso|proxy_admin_email)\b/,
    'callers are known by virtual keys only',
  ],
  [/^general_settings\.(?:key_management_system|key_management_settings)\b/, 'secrets come from the environment'],
  [/^general_settings\.pass_through_endpoints\b/, 'only OpenAI’s own endpoints are passed through'],
  [
    /^general_settings\.(?:background_health_checks|health_check_\w+)$/,
    'models aren’t called to see whether they are well',
  ],
  [
    /^general_settings\.(?:max_parallel_requests|max_request_size_mb|max_response_size_mb)$/,
    'of a key it is set with the key: `quorum keys create --parallel`',
  ],
  [
    /^(?:vector_store_registry|search_tools|prompts|files_settings|finetune_settings|assistant_settings|policies|policy_\w+|agents)\b/,
    'a part of LiteLLM that Quorum doesn’t have',
  ],
];

export const reasonFor = (path: string): string =>
  REASONS.find(([pattern]) => pattern.test(path))?.[1] ?? 'Quorum has no such setting';
