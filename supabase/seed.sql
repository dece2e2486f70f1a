-- A demo tenant for a new, empty project, without a key: make one with
-- POST /admin/tenants/demo/keys, which shows it once.
insert into public.tenants (tenant_id, name)
values ('demo', 'Demo tenant')
on conflict (tenant_id) do nothing;
