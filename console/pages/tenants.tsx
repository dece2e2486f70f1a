import { Badge, Table, Text } from "@radix-ui/themes";
import { useQuery } from "@tanstack/react-query";
import { tenantsQuery } from "../api/queries.ts";
import { Loaded } from "../parts/loaded.tsx";
import { Time } from "../parts/time.tsx";

/** The tenants of this installation. */
export function TenantsPage() {
  const tenants = useQuery(tenantsQuery());
  return (
    <Loaded query={tenants}>
      {({ data }) => (
        <div className="table-scroll">
          <Table.Root>
            <Table.Body>
              {data.map(({ tenant_id: id, name, status, created_at: createdAt }) => (
                <Table.Row key={id}>
                  <Table.RowHeaderCell>{id}</Table.RowHeaderCell>
                  <Table.Cell>{name}</Table.Cell>
                  <Table.Cell>
                    <Badge color={status === "active" ? "green" : "red"}>{status}</Badge>
                  </Table.Cell>
                  <Table.Cell>
                    <Text color="gray" size="2">
                      <Time at={createdAt} />
                    </Text>
                  </Table.Cell>
                </Table.Row>
              ))}
            </Table.Body>
          </Table.Root>
        </div>
      )}
    </Loaded>
  );
}
