import { ApiError, ConnectionError } from "../../client/index.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CliError } from "../output/failure.ts";

export interface Phone {
  phone: string;
  name: string;
  linked_devices?: { id?: unknown; online: boolean }[];
}

export interface PhoneMessage {
  id: string;
  direction: "in" | "out";
  from: string;
  to: string;
  type: string;
  text?: string | null;
  status?: string;
}

const timeoutMs = 30_000;

/** The phones API of the sandbox. */
export class Phones {
  readonly #url: string;

  constructor(url: string | undefined) {
    if (url === undefined) {
      throw new CliError(
        "There is no sandbox. Set WHATSAPP_SANDBOX_URL, or run wm login with --sandbox-url. `npm start` prints its address.",
        exitCodes.usage,
      );
    }
    this.#url = url;
  }

  async list(): Promise<Phone[]> {
    return (await this.#call<{ data: Phone[] }>("GET", "/phones")).data;
  }

  create(phone: string, name: string): Promise<Phone> {
    return this.#call("POST", "/phones", { phone, name });
  }

  get(phone: string): Promise<Phone> {
    return this.#call("GET", pathOf(phone));
  }

  async messages(phone: string): Promise<PhoneMessage[]> {
    return (await this.#call<{ data: PhoneMessage[] }>("GET", `${pathOf(phone)}/messages`)).data;
  }

  say(phone: string, to: string, text: string): Promise<PhoneMessage> {
    return this.#call("POST", `${pathOf(phone)}/messages`, { to, type: "text", text });
  }

  scan(phone: string, qr: string): Promise<unknown> {
    return this.#call("POST", `${pathOf(phone)}/scan`, { qr });
  }

  link(phone: string, code: string): Promise<unknown> {
    return this.#call("POST", `${pathOf(phone)}/link`, { code });
  }

  read(phone: string, from: string): Promise<unknown> {
    return this.#call("POST", `${pathOf(phone)}/read`, { from });
  }

  behave(phone: string, behaviour: object): Promise<unknown> {
    return this.#call("POST", `${pathOf(phone)}/behaviour`, behaviour);
  }

  /** Makes something fail, for the clients of one number or of all. */
  fault(kind: string, settings: object): Promise<unknown> {
    return this.#call("POST", "/faults", { kind, ...settings });
  }

  async clearFaults(): Promise<void> {
    await this.#call("DELETE", "/faults");
  }

  async delete(phone: string): Promise<void> {
    await this.#call("DELETE", pathOf(phone));
  }

  /** @throws ApiError, ConnectionError */
  async #call<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    const response = await fetch(this.#url + path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause: unknown) => {
      throw new ConnectionError(
        `The sandbox at ${this.#url} cannot be reached. Start it with npm start, or set WHATSAPP_SANDBOX_URL.`,
        { cause },
      );
    });
    const text = await response.text();
    const value: unknown = text === "" ? undefined : parse(text);
    if (!response.ok) throw problemOf(response.status, value);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return value as Result; // The sandbox keeps to its OpenAPI document.
  }
}

/** A random number of the range that stands for no real phone here: the sandbox takes any. */
export function randomPhone(): string {
  return `39333${String(Math.floor(1_000_000 + Math.random() * 9_000_000))}`;
}

function pathOf(phone: string): string {
  const digits = phone.replaceAll(/\D/g, "");
  if (digits === "") {
    throw new CliError(`${JSON.stringify(phone)} is not a phone number.`, exitCodes.usage);
  }
  return `/phones/${digits}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(status: number, value: unknown): ApiError {
  const problem = (value ?? {}) as { code?: string; detail?: string };
  return new ApiError(problem.detail ?? `The sandbox answered ${status}`, {
    status,
    code: problem.code ?? "unexpected_response",
  });
}
