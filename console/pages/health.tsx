import { Badge, Card, Flex, Grid, Text } from "@radix-ui/themes";
import { useQuery } from "@tanstack/react-query";
import { healthQuery } from "../api/queries.ts";
import { Loaded } from "../parts/loaded.tsx";

/** The state of each part that the control plane depends on. */
export function HealthPage() {
  const health = useQuery(healthQuery());
  return (
    <Loaded query={health}>
      {({ version, checks }) => (
        <Flex direction="column" gap="3">
          <Text color="gray">{version}</Text>
          <Grid columns={{ initial: "1", sm: "3" }} gap="3">
            {Object.entries(checks).map(([name, { status, ...figures }]) => (
              <Card key={name}>
                <Flex justify="between" align="center">
                  <Text weight="medium">{name}</Text>
                  <Badge color={status === "ok" ? "green" : "red"}>{status}</Badge>
                </Flex>
                {Object.entries(figures).map(([figure, value]) => (
                  <Text as="p" size="2" color="gray" key={figure}>
                    {`${figure}: ${String(value)}`}
                  </Text>
                ))}
              </Card>
            ))}
          </Grid>
        </Flex>
      )}
    </Loaded>
  );
}
