import { lookup as lookUp } from "node:dns/promises";
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { invalidField, tooLarge } from "../media-error.ts";
import { isPublicAddress } from "./public-address.ts";

export interface FetchLimits {
  allowPrivate: boolean;
  maxBytes: number;
  /** From the request to the last byte. */
  totalMs: number;
  /** Without any byte. */
  idleMs: number;
}

/** What the addresses of names are and which of them are public; only tests have another one. */
export interface Internet {
  lookUp: (name: string) => Promise<{ address: string; family: number }[]>;
  isPublicAddress: (address: string) => boolean;
}

const internet: Internet = { lookUp: (name) => lookUp(name, { all: true }), isPublicAddress };

const maxRedirects = 5;
/** Names that only resolve inside of a platform's private network. */
const internalName = /(^|\.)(internal|local|localhost|flycast|localdomain)$/i;

/**
 * Opens the file at an http(s) URL. Redirects are followed. Unless `allowPrivate` is set, each host
 * must resolve to public addresses only, and the connection goes to the very address that was checked.
 * Throws an ApiError that names the field.
 */
export async function fetchUrl(
  field: string,
  url: string,
  limits: FetchLimits,
  reached: Internet = internet,
): Promise<AsyncIterable<Uint8Array>> {
  const signal = AbortSignal.timeout(limits.totalMs);
  let target = parseUrl(field, url);
  for (let redirects = 0; ; redirects += 1) {
    const response = await get(field, target, { ...limits, ...reached, signal });
    const { statusCode = 0, headers } = response;
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
      response.destroy();
      if (redirects === maxRedirects) {
        throw invalidField(
          field,
          `The URL redirects more than ${maxRedirects} times. Send the final one.`,
        );
      }
      const { location } = headers;
      target = parseUrl(
        field,
        URL.canParse(location, target.href) ? new URL(location, target).href : location,
      );
      continue;
    }
    if (statusCode !== 200) {
      response.destroy();
      throw invalidField(
        field,
        `The URL answered with ${statusCode}. Send one that anybody can read.`,
      );
    }
    const announced = Number(headers["content-length"]);
    if (announced > limits.maxBytes) {
      response.destroy();
      throw tooLarge(field, limits.maxBytes);
    }
    return body(field, response);
  }
}

function parseUrl(field: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalidField(field, "Must be an http or https URL.");
  }
  if (url.username !== "" || url.password !== "") {
    throw invalidField(field, "The URL must not contain a user name or a password.");
  }
  return url;
}

async function get(
  field: string,
  url: URL,
  options: FetchLimits & Internet & { signal: AbortSignal },
): Promise<IncomingMessage> {
  const { idleMs, signal } = options;
  const address = await resolve(field, url, options);
  // The name is not resolved again: a second answer could be another address.
  const pinned: LookupFunction = (_name, { all }, done) =>
    all === true ? done(null, [address]) : done(null, address.address, address.family);
  const requested: RequestOptions = {
    method: "GET",
    lookup: pinned,
    agent: false,
    signal,
    headers: { "user-agent": "whatsapp-microservice", accept: "*/*" },
    timeout: idleMs,
  };
  return new Promise<IncomingMessage>((done, failed) => {
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, requested, done);
    request.on("timeout", () => request.destroy(new Error(`nothing came for ${idleMs} ms`)));
    request.on("error", failed);
    request.end();
  }).catch((cause: unknown) => {
    throw invalidField(
      field,
      "The URL could not be fetched. Check that anybody can reach it.",
      cause,
    );
  });
}

async function resolve(
  field: string,
  { hostname }: URL,
  { allowPrivate, lookUp: find, isPublicAddress: isPublic }: FetchLimits & Internet,
): Promise<{ address: string; family: number }> {
  const host = hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  const addresses =
    isIP(host) === 0
      ? await find(host).catch((cause: unknown) => {
          throw invalidField(
            field,
            "The name of the URL's host could not be resolved. Check it.",
            cause,
          );
        })
      : [{ address: host, family: isIP(host) }];
  const leadsOutside =
    !internalName.test(host) && addresses.every(({ address }) => isPublic(address));
  const [first] = addresses;
  if (first === undefined || (!leadsOutside && !allowPrivate)) {
    throw invalidField(
      field,
      "The URL leads to a private address. Send a public URL, or the file itself.",
    );
  }
  return first;
}

/** The content, with an error that names the field when it breaks off. */
async function* body(field: string, response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    throw invalidField(field, "The URL's content broke off or took too long. Try again.", cause);
  } finally {
    response.destroy();
  }
}
