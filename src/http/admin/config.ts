// /admin/v1/config/reload: reads the config file again.
import type { CurrentSettings } from '../../contract/index.ts';
import { shown } from '../../pipeline/shown.ts';
import { route, type AdminRoute } from './answer.ts';

/** What became of a reload; a bad file leaves the old settings in force. */
export type Reloaded =
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
    route('post', '/config/reload', async () => {
      const result = await configFile.reload();
      return { object: 'reload', ...(shown(result) as object), version: settings().version };
    }),
  ];
}
