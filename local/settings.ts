import { environmentVariables as connectorVariables } from "../connector/config.ts";
import { environmentVariables as controlPlaneVariables } from "../control-plane/config.ts";

/** What the user may set for the components, by the names that docs/deploy.md gives. */
export type Settings = Readonly<Record<string, string>>;

/** Local mode gives these itself: where the components are, and how they reach each other. */
const givenByLocalMode = new Set([
  "PORT",
  "METRICS_PORT",
  "HOST",
  "CONNECTOR_URL",
  "FLY_MACHINE_ID",
  "SUPABASE_URL",
  "SUPABASE_KEY",
  "SUPABASE_ANON_KEY",
  "SUPABASE_JWT_SECRET",
  "SANDBOX_URL",
  "SANDBOX_WS_URL",
  "SANDBOX_ROOT_KEY",
  "SANDBOX_MEDIA_CA",
]);

/** The settings in the environment of `npm start`, which includes the file .env. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const names = [...connectorVariables, ...controlPlaneVariables];
  return pick(
    env,
    names.filter((name) => !givenByLocalMode.has(name)),
  );
}

export function connectorSettings(settings: Settings): Settings {
  return pick(settings, connectorVariables);
}

export function controlPlaneSettings(settings: Settings): Settings {
  return pick(settings, controlPlaneVariables);
}

function pick(env: Record<string, string | undefined>, names: readonly string[]): Settings {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
}
