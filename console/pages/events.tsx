import { Code, Flex, Text } from "@radix-ui/themes";
import type { Event } from "../api/types.ts";
import { Time } from "../parts/time.tsx";
import { text } from "../strings.ts";

/** The events since the page was opened; a click shows one whole. */
export function EventsPage({ events }: { events: Event[] }) {
  return (
    <section aria-label={text.liveEvents}>
      <Text as="p" color="gray" mb="3">
        {text.liveEvents}
      </Text>
      {events.length === 0 ? <Text role="status">{text.noEvents}</Text> : null}
      <Flex direction="column" gap="1">
        {events.map((event) => (
          <details key={event.id}>
            <summary>
              {`#${event.seq} `}
              <Code>{event.type}</Code> {event.session_id ?? ""} <Time at={event.timestamp} />
            </summary>
            <pre>{JSON.stringify(event, null, 2)}</pre>
          </details>
        ))}
      </Flex>
    </section>
  );
}
