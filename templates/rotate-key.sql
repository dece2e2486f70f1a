-- 1. A second key for the tenant. Both keys work until the old one is revoked.
UPDATE tenants SET api_key = 'sk_live_mysaas_def456uvw012'  -- from generate-api-key.js
WHERE tenant_id = 'my_saas';

-- 2. When every client uses the new key: revoke the old one, by its first 10 characters. It is
--    refused within 10 seconds.
SELECT id, key_prefix, created_at, revoked_at FROM api_keys
WHERE tenant_id = 'my_saas' ORDER BY created_at;

UPDATE api_keys SET revoked_at = now()
WHERE tenant_id = 'my_saas'
  AND created_at < (SELECT max(created_at) FROM api_keys WHERE tenant_id = 'my_saas');
