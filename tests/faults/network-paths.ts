import type { Configure } from "../../local/components/start-component.ts";
import { preferPort } from "../../local/port.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

const usualPorts: Record<string, string> = { "postgresql:": "5432", "http:": "80", "ws:": "80" };

/** A proxy between each pair of components that talk to each other. */
export class NetworkPaths {
  readonly #paths: { from: string; to: string; proxy: TcpProxy }[] = [];

  /** Changes the addresses that the components of a stack are started with. */
  readonly configure: Configure = async (component, env) => {
    if (component.startsWith("connector")) {
      // The proxy must know the port before the connector listens on it.
      const port = await preferPort(0);
      return {
        ...(await this.#reroute(component, env, {
          DATABASE_URL: "postgres",
          SUPABASE_URL: "supabase",
          SANDBOX_WS_URL: "sandbox",
        })),
        PORT: String(port),
        CONNECTOR_URL: await this.#through(
          { from: "control-plane", to: component },
          `http://127.0.0.1:${port}`,
        ),
      };
    }
    if (component === "supabase")
      return this.#reroute(component, env, { DATABASE_URL: "postgres" });
    if (component === "control-plane")
      return this.#reroute(component, env, { SUPABASE_URL: "supabase" });
    return env;
  };

  /** The path from one component to another; a name without a number stands for all of that name. */
  between(from: string, to: string): TcpProxy[] {
    const isNamed = (component: string, name: string) =>
      component === name || component.replace(/-\d+$/, "") === name;
    const found = this.#paths.filter((path) => isNamed(path.from, from) && isNamed(path.to, to));
    if (found.length === 0) throw new Error(`There is no path from ${from} to ${to}`);
    return found.map(({ proxy }) => proxy);
  }

  /** Every path to a component. */
  to(component: string): TcpProxy[] {
    return this.#paths.filter(({ to }) => to === component).map(({ proxy }) => proxy);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#paths.map(({ proxy }) => proxy.stop()));
  }

  async #reroute(
    from: string,
    env: Record<string, string>,
    targets: Record<string, string>,
  ): Promise<Record<string, string>> {
    const rerouted = { ...env };
    for (const [variable, to] of Object.entries(targets)) {
      const url = env[variable];
      if (url !== undefined) rerouted[variable] = await this.#through({ from, to }, url);
    }
    return rerouted;
  }

  async #through(path: { from: string; to: string }, address: string): Promise<string> {
    const url = new URL(address);
    const port = Number(url.port === "" ? usualPorts[url.protocol] : url.port);
    const proxy = await startTcpProxy({ host: url.hostname, port });
    this.#paths.push({ ...path, proxy });
    url.hostname = "127.0.0.1";
    url.port = String(proxy.port);
    return url.href.replace(/\/$/, address.endsWith("/") ? "/" : "");
  }
}
