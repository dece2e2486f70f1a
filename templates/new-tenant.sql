-- A new tenant with its first API key. Get the key, and this statement filled in, from
--   node generate-api-key.js --tenant-id my_saas --name 'My SaaS Application'
-- The table never holds the key: a trigger moves its hash to api_keys and sets the column to null.
-- A sk_live_ key creates sessions on WhatsApp, a sk_test_ key on the sandbox network.
INSERT INTO tenants (tenant_id, name, api_key, webhook_url, rate_limit_per_minute)
VALUES (
  'my_saas',
  'My SaaS Application',
  'sk_live_mysaas_abc123xyz789',  -- from generate-api-key.js
  'https://your-app.com/webhooks/whatsapp',
  60  -- 60 requests per minute
);

-- The insert also made the secret that signs its webhooks, and it is stored encrypted within a minute.
-- To choose your own, set webhook_secret in the insert. To see one, make a new one:
--   POST /tenant/webhooks/:endpointId/rotate-secret
