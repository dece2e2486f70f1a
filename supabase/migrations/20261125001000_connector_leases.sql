-- The lease of a connector: every session that it owns depends on this one row.

-- Starts the lease. A connector may repeat the call when the answer of the first one got lost. A
-- connector that was registered at the same address has been replaced by this one: its lease ends
-- at once, so that nobody waits for it to expire. CONNECTOR_URL, or the Fly machine behind it, must
-- therefore be different for each connector.
create function public.register_connector(
  connector_id uuid, url text, instance text, networks text[], capacity integer, lease_ms integer
) returns void
language sql volatile set search_path = ''
as $$
  insert into public.connectors (id, url, instance, networks, capacity, lease_expires_at)
  values (connector_id, url, instance, networks, capacity, now() + lease_ms * interval '1 ms')
  on conflict (id) do update set lease_expires_at = excluded.lease_expires_at, draining = false;

  update public.connectors c set lease_expires_at = now()
    where c.id <> connector_id and c.url = register_connector.url
      and c.instance is not distinct from register_connector.instance
      and c.lease_expires_at > now();

  delete from public.connectors where lease_expires_at < now() - interval '1 day';
$$;

-- Extends the lease. Returns false when it had already expired: another connector may own the
-- sessions by now, so the caller must close all of them and register again.
create function public.renew_lease(connector_id uuid, lease_ms integer) returns boolean
language sql volatile set search_path = ''
as $$
  with renewed as (
    update public.connectors c
      set lease_expires_at = now() + lease_ms * interval '1 ms'
      where c.id = connector_id and c.lease_expires_at > now()
      returning 1
  )
  select exists (select from renewed);
$$;

-- Ends the lease and releases every session, so that other connectors claim them at once.
create function public.deregister_connector(connector_id uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  update public.connectors c set draining = true, lease_expires_at = now()
    where c.id = deregister_connector.connector_id;
  update public.whatsapp_sessions s set connector_id = null, updated_at = now()
    where s.connector_id = deregister_connector.connector_id;
  perform public.notify_connectors(null);
end;
$$;

-- Returns how many connectors hold a valid lease, for health checks.
create function public.count_live_connectors() returns bigint
language sql stable set search_path = ''
as $$
  select count(*) from public.connectors c where c.lease_expires_at > now();
$$;
