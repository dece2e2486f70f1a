-- What a tenant may do and how long its data is kept. Each line is a column of its own: leave out
-- what should stay as it is.
UPDATE tenants SET
  rate_limit_per_minute = 600,     -- API requests
  send_interval_ms = 20000,        -- between two queued messages of a session: 3 a minute
  max_queued_messages = 100000,
  max_sessions = 250,
  max_unpaired_sessions = 50,      -- sessions that wait for their QR code to be scanned
  max_webhook_endpoints = 20,
  cors_origins = '{https://app.example.com}',  -- web pages that may call the API
  event_retention_days = 7,        -- events and webhook deliveries
  message_retention_days = 365     -- NULL keeps messages for ever
WHERE tenant_id = 'my_saas';
