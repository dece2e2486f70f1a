import { Button, Callout, Flex, Spinner } from "@radix-ui/themes";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { text } from "../strings.ts";

/** What a query returned; until then a spinner, and the API's own words if it failed. */
export function Loaded<Data>({
  query,
  children,
}: {
  query: UseQueryResult<Data>;
  children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) {
    return (
      <Flex direction="column" gap="3" align="start">
        <Failure error={query.error} />
        <Button variant="soft" onClick={() => void query.refetch()}>
          {text.retry}
        </Button>
      </Flex>
    );
  }
  return (
    <Flex align="center" gap="2" role="status">
      <Spinner />
      {text.loading}
    </Flex>
  );
}

/** Why something failed; nothing when it did not. */
export function Failure({ error }: { error: Error | null }) {
  if (error === null) return null;
  return (
    <Callout.Root color="red" role="alert" size="1">
      <Callout.Text>{error.message || text.somethingFailed}</Callout.Text>
    </Callout.Root>
  );
}
