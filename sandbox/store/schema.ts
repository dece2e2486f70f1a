/** The tables of a network. Blobs are v8-serialized records, but for keys and columns `encoded_*`. */
export const schema = `
  CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS account (
    phone TEXT PRIMARY KEY,
    lid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    next_device_id INTEGER NOT NULL,
    keys BLOB NOT NULL,
    behaviour BLOB NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS device (
    phone TEXT NOT NULL,
    id INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (phone, id)
  ) WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS pre_key (
    phone TEXT NOT NULL,
    device INTEGER NOT NULL,
    id INTEGER NOT NULL,
    public BLOB NOT NULL,
    PRIMARY KEY (phone, device, id)
  ) WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS signal_key (
    phone TEXT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (phone, type, id)
  ) WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS undelivered (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    phone TEXT NOT NULL,
    device INTEGER NOT NULL,
    key TEXT NOT NULL,
    encoded_node BLOB NOT NULL
  );
  CREATE INDEX IF NOT EXISTS undelivered_key ON undelivered (phone, device, key);

  CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    phone TEXT NOT NULL,
    id TEXT NOT NULL,
    direction TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    peer_jid TEXT NOT NULL,
    type TEXT NOT NULL,
    text TEXT,
    timestamp INTEGER NOT NULL,
    status TEXT NOT NULL,
    from_me_device INTEGER,
    notified INTEGER,
    media BLOB,
    encoded_message BLOB NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS message_id ON message (phone, id, sender);

  CREATE TABLE IF NOT EXISTS media (
    path TEXT PRIMARY KEY,
    enc_sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    uploader TEXT NOT NULL,
    uploaded_at INTEGER NOT NULL,
    expired INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS media_enc_sha256 ON media (enc_sha256);
  CREATE INDEX IF NOT EXISTS media_uploaded_at ON media (uploaded_at);

  CREATE TABLE IF NOT EXISTS app_state_patch (
    phone TEXT NOT NULL,
    collection TEXT NOT NULL,
    version INTEGER NOT NULL,
    encoded_patch BLOB NOT NULL,
    PRIMARY KEY (phone, collection, version)
  ) WITHOUT ROWID;
`;

/** Columns that tables of earlier versions lack. */
export const addedColumns = [
  { table: "message", column: "notified", type: "INTEGER" },
  { table: "message", column: "media", type: "BLOB" },
];
