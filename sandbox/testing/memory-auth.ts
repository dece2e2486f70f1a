import {
  type AuthenticationState,
  initAuthCreds,
  type SignalDataSet,
  type SignalDataTypeMap,
} from "@whiskeysockets/baileys";

/** Credentials and Signal keys in memory; they are shared by successive sockets of one client. */
export function memoryAuth(): AuthenticationState {
  const values = new Map<string, unknown>();
  return {
    creds: initAuthCreds(),
    keys: {
      get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
        const found: { [id: string]: SignalDataTypeMap[T] } = {};
        for (const id of ids) {
          const value = values.get(`${type}/${id}`);
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- stored under its type below
          if (value !== undefined) found[id] = value as SignalDataTypeMap[T];
        }
        return found;
      },
      set: (data: SignalDataSet) => {
        for (const [type, entries] of Object.entries(data)) {
          for (const [id, value] of Object.entries(entries ?? {})) {
            if (value === null) values.delete(`${type}/${id}`);
            else values.set(`${type}/${id}`, value);
          }
        }
      },
    },
  };
}
