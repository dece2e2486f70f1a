import { Badge, Button, Card, Flex, Heading, Select, Table, Text } from "@radix-ui/themes";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { change, deliveriesQuery, endpointsQuery } from "../api/queries.ts";
import type { Delivery, Endpoint } from "../api/types.ts";
import { Failure, Loaded } from "../parts/loaded.tsx";
import { Time } from "../parts/time.tsx";
import { text } from "../strings.ts";

const statuses = ["all", "pending", "delivered", "dead"] as const;
const colors = { pending: "amber", delivered: "green", dead: "red" } as const;

/** The tenant's endpoints and what was delivered to them; what failed can be sent again. */
export function WebhooksPage() {
  const endpoints = useQuery(endpointsQuery());
  return (
    <Flex direction="column" gap="5">
      <section aria-label={text.endpoints}>
        <Heading as="h2" size="4" mb="3">
          {text.endpoints}
        </Heading>
        <Loaded query={endpoints}>
          {({ data }) =>
            data.length === 0 ? (
              <Text color="gray">{text.noEndpoints}</Text>
            ) : (
              <Flex direction="column" gap="2">
                {data.map((endpoint) => (
                  <EndpointCard key={endpoint.id} endpoint={endpoint} />
                ))}
              </Flex>
            )
          }
        </Loaded>
      </section>
      <Deliveries />
    </Flex>
  );
}

function EndpointCard({ endpoint }: { endpoint: Endpoint }) {
  const refresh = useRefresh();
  const test = useMutation({
    mutationFn: () => change.testEndpoint(endpoint.id),
    onSettled: refresh,
  });
  const replay = useMutation({
    mutationFn: () => change.replayDead(endpoint.id),
    onSettled: refresh,
  });
  const health = !endpoint.enabled
    ? (endpoint.disabled_reason ?? "off")
    : endpoint.failing_since === null
      ? "ok"
      : "failing";
  return (
    <Card>
      <Flex justify="between" align="center" gap="3" wrap="wrap">
        <div>
          <Text as="p" weight="medium" style={{ overflowWrap: "anywhere" }}>
            {endpoint.url}
          </Text>
          <Text as="p" size="1" color="gray">
            {endpoint.events?.join(", ") ?? text.allStatuses}
          </Text>
        </div>
        <Flex gap="2" align="center" wrap="wrap">
          <Badge color={health === "ok" ? "green" : "red"}>{health}</Badge>
          <Button variant="soft" loading={test.isPending} onClick={() => test.mutate()}>
            {text.test}
          </Button>
          <Button
            variant="soft"
            color="gray"
            loading={replay.isPending}
            onClick={() => replay.mutate()}
          >
            {text.replayDead}
          </Button>
        </Flex>
      </Flex>
      <Failure error={test.error ?? replay.error} />
    </Card>
  );
}

function Deliveries() {
  const [status, setStatus] = useState<string>("all");
  const deliveries = useQuery(deliveriesQuery(status));
  return (
    <section aria-label={text.deliveries}>
      <Flex justify="between" align="center" mb="3">
        <Heading as="h2" size="4">
          {text.deliveries}
        </Heading>
        <Select.Root value={status} onValueChange={setStatus}>
          <Select.Trigger aria-label={text.status} />
          <Select.Content>
            {statuses.map((name) => (
              <Select.Item key={name} value={name}>
                {name === "all" ? text.allStatuses : name}
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Root>
      </Flex>
      <Loaded query={deliveries}>
        {({ data }) =>
          data.length === 0 ? (
            <Text color="gray">{text.noDeliveries}</Text>
          ) : (
            <div className="table-scroll">
              <Table.Root size="1">
                <Table.Header>
                  <Table.Row>
                    {[
                      text.time,
                      text.event,
                      text.status,
                      text.attempts,
                      text.response,
                      text.duration,
                      text.redeliver,
                    ].map((name) => (
                      <Table.ColumnHeaderCell key={name}>{name}</Table.ColumnHeaderCell>
                    ))}
                  </Table.Row>
                </Table.Header>
                <Table.Body>
                  {data.map((delivery) => (
                    <DeliveryRow key={delivery.id} delivery={delivery} />
                  ))}
                </Table.Body>
              </Table.Root>
            </div>
          )
        }
      </Loaded>
    </section>
  );
}

function DeliveryRow({ delivery }: { delivery: Delivery }) {
  const refresh = useRefresh();
  const redeliver = useMutation({
    mutationFn: () => change.redeliver(delivery.id),
    onSettled: refresh,
  });
  const answer = [delivery.status_code, delivery.error ?? delivery.response]
    .filter((part) => part !== null && part !== "")
    .join(" ");
  return (
    <Table.Row>
      <Table.Cell>
        <Time at={delivery.created_at} />
      </Table.Cell>
      <Table.RowHeaderCell>{delivery.event_type}</Table.RowHeaderCell>
      <Table.Cell>
        <Badge color={colors[delivery.status]}>{delivery.status}</Badge>
      </Table.Cell>
      <Table.Cell>{delivery.attempts}</Table.Cell>
      <Table.Cell style={{ overflowWrap: "anywhere" }}>{answer}</Table.Cell>
      <Table.Cell>{delivery.duration_ms === null ? "" : `${delivery.duration_ms} ms`}</Table.Cell>
      <Table.Cell>
        <Button
          size="1"
          variant="soft"
          loading={redeliver.isPending}
          onClick={() => redeliver.mutate()}
        >
          {text.redeliver}
        </Button>
        <Failure error={redeliver.error} />
      </Table.Cell>
    </Table.Row>
  );
}

function useRefresh(): () => void {
  const queries = useQueryClient();
  return () => void queries.invalidateQueries({ queryKey: ["webhooks"] });
}
