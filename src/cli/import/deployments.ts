// Each entry of `model_list` as a model row and the provider it is called at.
import type { Catalog } from '../../config/catalog.ts';
import { isPrefix, kindOf } from './kinds.ts';
import { pathText, type Cursor } from './leaves.ts';
import { limitsFrom, modelRow } from './model-rows.ts';
import type { Providers, Row } from './providers.ts';
import { isSecret, variableName, type Secrets } from './secrets.ts';

export interface Deployment {
  readonly group: string;
  readonly provider: string;
  readonly upstream: string;
  readonly chat: boolean;
  /** Lower is asked first. */
  readonly order: number | null;
  /** Without provider and upstream's name. */
  readonly row: Row;
  /** What the file limits it to; taken when asked for, since only a model that is asked for by its name has limits. */
  readonly limits: () => Row;
  /** Where it stands in the file. */
  readonly origin: string;
}

interface DeploymentTools {
  readonly catalog: Catalog;
  readonly providers: Providers;
  readonly secrets: Secrets;
  /** By name: the `credential_values` of `credential_list`. */
  readonly credentials: ReadonlyMap<string, Cursor>;
  readonly note: (text: string) => void;
}

const CHAT_MODES: ReadonlySet<string> = new Set(['chat', 'responses']);
const NO_CHAT = /embed|whisper|\btts|dall-e|gpt-image|rerank|moderation|transcribe|imagen/i;
const NO_KEY =
  /^(?:none|null|empty|dummy|fake|fake-key|anything|na|n\/a|no-key|not-needed|ollama|lm-studio|sk-no-key-required|-)$/i;

export function readDeployment(entry: Cursor, tools: DeploymentTools): Deployment | null {
  const params = entry.at('litellm_params');
  const [group, model] = [entry.at('model_name').value, params.at('model').value];
  if (typeof group !== 'string' || typeof model !== 'string') {
    entry.leave('a deployment needs model_name and litellm_params.model');
    return null;
  }
  const given = params.at('custom_llm_provider').value;
  const { prefix, upstream } = parted(model, typeof given === 'string' ? given : null);
  const name = params.at('litellm_credential_name').value;
  const credential = typeof name === 'string' ? tools.credentials.get(name) : undefined;
  const pick = (field: string): Cursor =>
    params.at(field).isThere || credential === undefined ? params.at(field) : credential.at(field);
  const base = pick('api_base').isThere ? pick('api_base') : pick('base_url');
  const kind = kindOf(prefix, base.isThere);
  if (kind.how === 'none') {
    entry.leave(kind.reason);
    return null;
  }
  for (const each of [entry.at('model_name'), params.at('model'), params.at('custom_llm_provider')]) each.take();
  if (credential !== undefined) params.at('litellm_credential_name').take();
  const account = {
    base: addressIn(base, prefix ?? 'openai', tools),
    key: keyIn(pick('api_key'), prefix ?? 'openai', tools),
    headers: headersIn(params, tools),
  };
  const provider = tools.providers.of(kind, account);
  if (kind.how === 'catalog' && account.base !== null && kind.name !== 'openai')
    tools.note(`${pathText(base.path)}: what is there must speak OpenAI’s API, as ${provider} is called by it.`);
  if (kind.how === 'azure') {
    tools.note(
      `${provider} is called through Azure OpenAI’s version-free API (/openai/v1); the model’s name there is the deployment’s.`,
    );
    pick('api_version').leave('the v1 API of Azure OpenAI needs no version');
  }
  if (group.includes('*') || upstream.includes('*')) {
    tools.note(
      `${entry.at('model_name').path.length > 0 ? pathText(entry.path) : ''} stands for every model of ${provider}: those of the catalog can be called by their own names; any other needs a row under "models".`,
    );
    return null;
  }
  const info = entry.at('model_info');
  const mode = info.at('mode').text();
  return {
    group,
    provider,
    upstream,
    chat: mode === null ? !NO_CHAT.test(upstream) : CHAT_MODES.has(mode),
    order: params.at('order').number(),
    row: modelRow(entry, upstream, kind.how === 'catalog' ? kind.name : null, provider, tools),
    limits: () => limitsFrom(params),
    origin: pathText(entry.path),
  };
}

/** `azure/gpt-4o-eu` → azure and gpt-4o-eu; `gpt-4o` and `meta/llama` of nobody known → OpenAI's. */
function parted(model: string, given: string | null): { readonly prefix: string | null; readonly upstream: string } {
  const slash = model.indexOf('/');
  const head = slash < 0 ? null : model.slice(0, slash);
  if (given !== null) return { prefix: given, upstream: head === given ? model.slice(slash + 1) : model };
  if (head === null) return { prefix: model.startsWith('claude-') ? 'anthropic' : null, upstream: model };
  const routes = /^(?:responses|chat|converse)\//;
  return isPrefix(head) || head !== ''
    ? { prefix: head, upstream: model.slice(slash + 1).replace(routes, '') }
    : { prefix: null, upstream: model };
}

function addressIn(cursor: Cursor, prefix: string, { secrets }: DeploymentTools): string | null {
  if (typeof cursor.value !== 'string' || cursor.value === '') return null;
  if (isSecret('', cursor.value)) return secrets.keep(cursor, variableName(`${prefix}_api_base`));
  return cursor.text();
}

function keyIn(cursor: Cursor, prefix: string, { catalog, secrets }: DeploymentTools): string | null {
  if (typeof cursor.value === 'string' && NO_KEY.test(cursor.value.trim())) {
    cursor.take();
    return null;
  }
  const usual = catalog.keyVariables.get(kindName(prefix)) || variableName(`${prefix}_api_key`);
  return secrets.keep(cursor, usual);
}

const kindName = (prefix: string): string => {
  const kind = kindOf(prefix, false);
  return kind.how === 'catalog' ? kind.name : prefix;
};

function headersIn(params: Cursor, { secrets }: DeploymentTools): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const field of ['headers', 'extra_headers'])
    for (const [name, cursor] of params.at(field).entries()) {
      const value = isSecret(name, cursor.value) ? secrets.keep(cursor, variableName(name)) : cursor.text();
      if (value !== null) headers[name] = value;
    }
  const organization = params.at('organization').text();
  if (organization !== null) headers['OpenAI-Organization'] = organization;
  return headers;
}
