import { Card, Flex, Grid, Heading, Text } from "@radix-ui/themes";
import { useQuery } from "@tanstack/react-query";
import { statsQuery } from "../api/queries.ts";
import type { Stats } from "../api/types.ts";
import { Loaded } from "../parts/loaded.tsx";
import { text } from "../strings.ts";

/** What the tenant used in the last 24 hours. */
export function UsagePage() {
  const stats = useQuery(statsQuery());
  return (
    <Loaded query={stats}>
      {(data) => (
        <Flex direction="column" gap="4">
          <Grid columns={{ initial: "2", md: "5" }} gap="3">
            <Figure name={text.apiCalls} value={data.api_calls} />
            <Figure name={text.sent} value={data.messages.out} />
            <Figure name={text.received} value={data.messages.in} />
            <Figure name={text.delivered} value={data.webhooks.delivered} />
            <Figure name={text.failed} value={data.webhooks.failed} />
          </Grid>
          <Chart name={text.apiCalls} series={data.series} valueOf={(entry) => entry.api_calls} />
          <Chart
            name={`${text.sent}, ${text.received}`}
            series={data.series}
            valueOf={(entry) => entry.messages.in + entry.messages.out}
          />
        </Flex>
      )}
    </Loaded>
  );
}

function Figure({ name, value }: { name: string; value: number }) {
  return (
    <Card>
      <Text as="div" size="1" color="gray">
        {name}
      </Text>
      <Text as="div" size="6" weight="bold">
        {value.toLocaleString()}
      </Text>
    </Card>
  );
}

type Entry = Stats["series"][number];

function Chart({
  name,
  series,
  valueOf,
}: {
  name: string;
  series: Entry[];
  valueOf: (entry: Entry) => number;
}) {
  const highest = Math.max(1, ...series.map(valueOf));
  return (
    <section>
      <Heading as="h2" size="3" mb="2">
        {name}
      </Heading>
      <div className="bars" role="img" aria-label={`${name}. ${text.lastDay}: ${highest} at most`}>
        {series.map((entry) => (
          <span
            key={entry.start}
            title={`${entry.start}: ${valueOf(entry)}`}
            style={{ height: `${(100 * valueOf(entry)) / highest}%` }}
          />
        ))}
      </div>
    </section>
  );
}
