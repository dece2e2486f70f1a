import type { BaileysEventMap, WASocket } from "@whiskeysockets/baileys";

/** The emitter of Baileys' own events, such as `connection.update`. */
export type EventEmitter = WASocket["ev"];

/** Lets `change` see, and replace, the data of an event before Baileys and we get it. */
export function interceptEvent<Name extends keyof BaileysEventMap>(
  events: EventEmitter,
  name: Name,
  change: (data: BaileysEventMap[Name]) => BaileysEventMap[Name],
): void {
  const emit = events.emit.bind(events);
  events.emit = (event, data) => {
    const isIntercepted = (event as string) === name;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the names are equal
    return emit(event, isIntercepted ? (change(data as never) as never) : data);
  };
}
