import type { readWranglerConfig } from "./wrangler-config.ts";

export interface WorkerdConfig {
  wrangler: Awaited<ReturnType<typeof readWranglerConfig>>;
  port: number;
  /** Directory where Durable Objects store their state. */
  objectsDir: string;
  /** What the binding ASSETS serves. */
  assetsDir: string | undefined;
  /** The Worker's variables; workerd reads their values from its environment. */
  variables: string[];
  /** PEM certificates that are trusted in addition to those of browsers. */
  certificates: string[];
}

/** The environment variable from which workerd takes a variable of the Worker. */
export function environmentName(variable: string): string {
  return `WORKER_${variable}`;
}

/**
 * Returns the configuration of workerd in its text format. Beside the Worker in worker.mjs there is
 * a second one that runs its cron trigger, for whoever calls the socket "cron".
 */
export function workerdConfig(config: WorkerdConfig): string {
  const { wrangler } = config;
  const objects = wrangler.durable_objects.bindings;
  const bindings = [
    ...config.variables.map(
      (name) => `(name = ${text(name)}, fromEnvironment = ${text(environmentName(name))})`,
    ),
    ...objects.map(
      ({ name, class_name }) =>
        `(name = ${text(name)}, durableObjectNamespace = ${text(class_name)})`,
    ),
    ...(config.assetsDir === undefined ? [] : [`(name = "ASSETS", service = "assets")`]),
  ];
  const namespaces = objects.map(
    ({ class_name }) =>
      `(className = ${text(class_name)}, uniqueKey = ${text(`${wrangler.name}-${class_name}`)}, enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "cron", worker = .cron),
    (name = "objects", disk = (path = ${text(config.objectsDir)}, writable = true)),
    ${config.assetsDir === undefined ? "" : `(name = "assets", disk = (path = ${text(config.assetsDir)})),`}
    (name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = true, trustedCertificates = ${list(config.certificates.map(text))}),
    )),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:${config.port}", http = (), service = "main"),
    (name = "cron", address = "127.0.0.1:0", http = (), service = "cron"),
  ],
  logging = (structuredLogging = true),
);

const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = ${text(wrangler.compatibility_date)},
  compatibilityFlags = ${list(wrangler.compatibility_flags.map(text))},
  bindings = ${list(bindings)},
  durableObjectNamespaces = ${list(namespaces)},
  durableObjectStorage = (localDisk = "objects"),
);

const cron :Workerd.Worker = (
  modules = [(name = "cron.mjs", esModule = ${text(cronWorker)})],
  compatibilityDate = ${text(wrangler.compatibility_date)},
  compatibilityFlags = ["service_binding_extra_handlers"],
  bindings = [(name = "MAIN", service = "main")],
);
`;
}

const cronWorker = `export default {
  async fetch(request, env) {
    const { outcome } = await env.MAIN.scheduled({ cron: "* * * * *" });
    return new Response(outcome, { status: outcome === "ok" ? 200 : 500 });
  },
};`;

/** A string of Cap'n Proto, whose escapes are those of C. */
function text(value: string): string {
  return JSON.stringify(value);
}

function list(items: string[]): string {
  return items.length === 0 ? "[]" : `[\n    ${items.join(",\n    ")},\n  ]`;
}
