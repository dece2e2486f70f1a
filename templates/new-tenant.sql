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

-- The secret that signs its webhooks. It was made by the insert; set webhook_secret there to choose
-- your own.
SELECT webhook_secret FROM tenants WHERE tenant_id = 'my_saas';
