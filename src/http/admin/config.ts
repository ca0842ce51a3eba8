// /admin/v1/config/reload: reads the config file again.
import { QuorumError, type CurrentSettings } from '../../contract/index.ts';
import { shown } from '../../pipeline/shown.ts';
import { sendJson } from '../json.ts';
import type { AdminRoute } from './answer.ts';

/** What became of a reload; a bad file leaves the old settings in force. */
type Reloaded =
  | {
      readonly ok: true;
      readonly changed: boolean;
      readonly warnings: readonly string[];
      readonly needsRestart: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly unknown[]; readonly message: string };

export interface ConfigParts {
  readonly settings: CurrentSettings;
  readonly configFile: {
    readonly path: string;
    warnings(): readonly string[];
    reload(): Promise<Reloaded>;
  };
}

export function configRoutes({ settings, configFile }: ConfigParts): readonly AdminRoute[] {
  return [
    {
      method: 'post',
      path: '/admin/v1/config/reload',
      async handle(_, response, { id }) {
        const result = await configFile.reload();
        const body = { object: 'reload', ...(shown(result) as object), version: settings().version };
        // What refuses it is an error like any other, so that a script that only looks at the status notices.
        const error = result.ok ? {} : new QuorumError('invalid_value', result.message).toBody();
        sendJson(response, { ...body, ...error }, ['x-request-id', id], result.ok ? 200 : 400);
      },
    },
  ];
}
